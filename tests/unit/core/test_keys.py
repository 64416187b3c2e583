"""Secrets of API keys: how they look, and what of any text is taken for one."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.keys import ApiKey, create_secret, hash_secret

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_secrets_are_long_url_safe_and_never_the_same() -> None:
    made = {create_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"cs_[A-Za-z0-9_-]{43}", secret) for secret in made)


def test_a_secret_is_kept_as_its_sha256() -> None:
    secret = create_secret()
    assert hash_secret(secret) == hashlib.sha256(secret.encode()).hexdigest()


@pytest.mark.parametrize("text", ["", "cs", "CS_" + "a" * 43, "sk-" + "a" * 43, "cs_ü", "cs_" + "a" * 126, "\ud800"])
def test_what_cannot_be_a_secret_has_no_hash(text: str) -> None:
    assert hash_secret(text) is None


@given(st.text() | st.text().map(lambda text: "cs_" + text))
def test_any_text_is_hashed_or_turned_away(text: str) -> None:
    hashed = hash_secret(text)
    assert hashed is None or hashed == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("expires_in", "is_revoked", "is_usable"),
    [
        (None, False, True),
        (1, False, True),
        (0, False, False),
        (-1, False, False),
        (None, True, False),
        (1, True, False),
    ],
)
def test_a_key_is_usable_until_it_expires_or_is_revoked(
    expires_in: int | None, is_revoked: bool, is_usable: bool
) -> None:
    key = ApiKey(
        id="0" * 24,
        name="ci",
        prefix="cs_abcde",
        is_admin=False,
        source_ids=None,
        created_at=NOW - timedelta(days=1),
        expires_at=None if expires_in is None else NOW + timedelta(seconds=expires_in),
        revoked_at=NOW if is_revoked else None,
    )
    assert key.is_usable(NOW) is is_usable
