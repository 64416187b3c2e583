"""What looks like a credential in an address is struck out of whatever is shown, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.redaction import holds_token, redact

TOKEN = "ghp_" + "a1" * 18


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:p@h.org/x", "https://***@h.org/x"),
        ("https://u:p@ss@h.org/x", "https://***@h.org/x"),
        ("https://u:p/ss@h.org/x", "https://***@h.org/x"),
        ("https://token@h.org/x", "https://***@h.org/x"),
        ("ssh://git:p@h.org/x", "ssh://***@h.org/x"),
        ("cannot read 'u:p@h.org:x'.", "cannot read '***@h.org:x'."),
        ("https//u:p@h.org/x", "https//***@h.org/x"),
        ("https://h.org/x?private_token=abc&y=1", "https://h.org/x?private_token=***&y=1"),
        ("s3://b/x?X-Amz-Signature=abc", "s3://b/x?X-Amz-Signature=***"),
        (f"remote: {TOKEN} is expired", "remote: *** is expired"),
        (f"https://h.org/{TOKEN}/x", "https://h.org/***/x"),
    ],
)
def test_credentials_are_struck_out(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com: Permission denied (publickey).",
        "git@host:team/project.git",
        "https://host:8443/team/project",
        "12:30:45 mail bob@example.org",
        "tokens = 12; key=value",
        "https://h.org/x?page=2&key_count=3",
        "HEAD:README.md and main@{1}",
        "the cs_helper_functions of sk-learn-contrib and npm_config_prefix",
        "",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert redact(text) == text


def test_tokens_are_seen_through_percent_signs() -> None:
    assert holds_token(f"https://h.org/{TOKEN.replace('_', '%5F')}/x")
    assert not holds_token("https://h.org/team/project")


@given(st.text(alphabet="ab1", min_size=1, max_size=20), st.text(alphabet="xyz09%!$./@", min_size=1, max_size=20))
def test_no_password_before_a_host_is_shown(user: str, password: str) -> None:
    secret = f"Zq{password}Zq"
    for text in (f"https://{user}:{secret}@host.org/p", f"'{user}:{secret}@host.org:p'", f"x {user}:{secret}@host"):
        assert "Zq" not in redact(text)


@given(st.text(max_size=200))
def test_any_text_can_be_shown_and_twice_is_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)
