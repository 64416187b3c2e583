"""Tokens: which count, which do not, and that nothing widens what an issuer has signed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from codesearch.access.key_document import KeyDocument
from codesearch.access.tokens import MAX_TOKEN_LENGTH, TokenRules, TokenVerifier, find_claim, read_keys
from codesearch.core.errors import AuthenticationError, ConfigurationError
from codesearch.core.users import Bearer
from tests.unit.access.issuer import (
    AUDIENCE,
    ISSUER,
    claims,
    encode,
    forge,
    key_set,
    make_key,
    pem_of,
    public_jwk,
    sign,
)

RULES = TokenRules(ISSUER, (AUDIENCE, "other"), "sub", None, 30)


def verifier_of(folder: Path, *entries: dict[str, Any], rules: TokenRules = RULES) -> TokenVerifier:
    path = folder / "jwks.json"
    path.write_bytes(key_set(*entries))
    return TokenVerifier(rules, KeyDocument(str(path), read_keys))


@pytest.fixture
def verifier(tmp_path: Path) -> TokenVerifier:
    """One that knows an RSA key, `one`."""
    return verifier_of(tmp_path, public_jwk(make_key("RSA"), "one"))


@pytest.mark.parametrize(("kind", "algorithm"), [("RSA", "RS256"), ("RSA", "PS512"), ("EC", "ES256"), ("OKP", "EdDSA")])
def test_a_token_that_the_issuer_signed_names_its_user(tmp_path: Path, kind: str, algorithm: str) -> None:
    others = [public_jwk(make_key(other, 2), f"other {other}") for other in ("RSA", "EC", "OKP")]
    verifier = verifier_of(tmp_path, *others, public_jwk(make_key(kind), "one"))
    end = int(time.time()) + 200
    for audience in (AUDIENCE, ["x", "other"]):
        token = sign(make_key(kind), algorithm, exp=end, aud=audience)
        assert verifier.verify(token) == Bearer("alice", None, ISSUER, end)
    with pytest.raises(AuthenticationError, match="not valid"):
        verifier.verify(sign(make_key(kind, 3), algorithm))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "lacks one of the claims"),
        ({"exp": "soon"}, "not valid"),
        ({"exp": [1]}, "not valid"),
        ({"exp": float("inf")}, "not valid"),
        ({"nbf": 10**10}, "not valid yet"),
        ({"iat": 10**10}, "not valid yet"),
        ({"iss": "https://elsewhere.example.org"}, "another issuer"),
        ({"iss": f"{ISSUER}/"}, "another issuer"),
        ({"iss": [ISSUER]}, "another issuer|not valid"),
        ({"iss": None}, "lacks one of the claims"),
        ({"aud": "else"}, "another audience"),
        ({"aud": []}, "another audience|lacks"),
        ({"aud": {AUDIENCE: 1}}, "another audience|not valid"),
        ({"aud": None}, "lacks one of the claims|another audience"),
        ({"sub": None}, "no usable claim"),
        ({"sub": ""}, "no usable claim|not valid"),
        ({"sub": "--help"}, "no usable claim"),
        ({"sub": "*"}, "no usable claim"),
        ({"sub": "a\nb"}, "no usable claim"),
    ],
)
def test_what_a_token_says_has_to_fit(verifier: TokenVerifier, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(AuthenticationError, match=message) as caught:
        verifier.verify(sign(make_key("RSA"), **changes))
    assert "elsewhere" not in caught.value.message


def test_clocks_may_differ_by_the_leeway(tmp_path: Path, verifier: TokenVerifier) -> None:
    now = claims()["iat"]
    assert verifier.verify(sign(make_key("RSA"), exp=now - 20, nbf=now + 20)).user == "alice"
    with pytest.raises(AuthenticationError, match="expired"):
        verifier.verify(sign(make_key("RSA"), exp=now - 40))


def test_nobody_makes_a_token_of_the_public_key(verifier: TokenVerifier) -> None:
    """With no signature, or with the public key as the secret of HMAC, in all the forms that it is published in."""
    key = make_key("RSA")
    secrets = [b"", pem_of(key), pem_of(key).strip(), json.dumps(public_jwk(key, "one")).encode()]
    algorithms: list[object] = [
        "none",
        "None",
        "NONE",
        "HS256",
        "HS384",
        "HS512",
        "ES256",
        "ES256K",
        "",
        None,
        ["RS256"],
        {},
    ]
    for algorithm in algorithms:
        for secret in secrets:
            with pytest.raises(AuthenticationError):
                verifier.verify(forge({"alg": algorithm, "kid": "one", "typ": "JWT"}, secret))
    unsigned = f"{encode({'alg': 'none', 'kid': 'one'})}.{encode(claims())}."
    with pytest.raises(AuthenticationError):
        verifier.verify(unsigned)
    signed = sign(key)
    with pytest.raises(AuthenticationError):
        verifier.verify(signed.rpartition(".")[0] + ".")


def test_keys_that_a_token_brings_along_are_passed_over(verifier: TokenVerifier) -> None:
    stranger = make_key("RSA", 9)
    for headers in (
        {"jwk": public_jwk(stranger, "one")},
        {"jku": "http://127.0.0.1:9/jwks.json"},
        {"x5u": "http://127.0.0.1:9/cert"},
    ):
        with pytest.raises(AuthenticationError, match="not valid"):
            verifier.verify(sign(stranger, headers=headers))
    with pytest.raises(AuthenticationError, match=r"not accepted|not valid"):
        verifier.verify(sign(make_key("RSA"), headers={"crit": ["exp"]}))


@pytest.mark.parametrize(
    "more",
    [
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"alg": "RSA-OAEP"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"alg": ["RS256"]},
        {"kty": "oct", "k": "AAAA"},
        {"d": "AQAB"},
        {"n": "!"},
        {"e": None},
    ],
)
def test_keys_that_are_for_something_else_sign_nothing(tmp_path: Path, more: dict[str, Any]) -> None:
    verifier = verifier_of(tmp_path, {**public_jwk(make_key("RSA"), "one"), **more})
    with pytest.raises(AuthenticationError, match="a key that its issuer does not have"):
        verifier.verify(sign(make_key("RSA")))


def test_a_weak_key_signs_nothing(tmp_path: Path) -> None:
    key = make_key("weak RSA")
    verifier = verifier_of(tmp_path, public_jwk(key, "one"))
    with pytest.warns(match="key"):
        token = sign(key)
    with pytest.raises(AuthenticationError, match="does not have"):
        verifier.verify(token)


def test_a_key_of_one_algorithm_is_used_with_no_other(tmp_path: Path) -> None:
    verifier = verifier_of(tmp_path, public_jwk(make_key("RSA"), "one", alg="PS256"))
    assert verifier.verify(sign(make_key("RSA"), "PS256")).user == "alice"
    with pytest.raises(AuthenticationError, match="does not have"):
        verifier.verify(sign(make_key("RSA"), "RS256"))


def test_a_token_that_names_no_key_counts_where_there_is_one_alone(tmp_path: Path) -> None:
    one, two = public_jwk(make_key("RSA"), "one"), public_jwk(make_key("RSA", 2), "two")
    assert verifier_of(tmp_path, one, public_jwk(make_key("EC"), None)).verify(sign(make_key("RSA"), kid=None)).user
    with pytest.raises(AuthenticationError, match="does not have"):
        verifier_of(tmp_path, one, two).verify(sign(make_key("RSA"), kid=None))


NO_TOKENS = ["", "a.b.c", "a..c", "a.b.c.d", "....", "\ud800.a.a", "é.é.é", "e30.e30.AA", "bnVsbA.e30.AA"]
ODD_HEADERS: list[object] = [[1], {"alg": "RS256", "kid": 7}, {"alg": "RS256", "kid": ["one"]}, b"[" * 9_000]


@pytest.mark.parametrize(
    "token",
    [*NO_TOKENS, f"{'a' * MAX_TOKEN_LENGTH}.a.a", *(f"{encode(header)}.{encode({})}.AA" for header in ODD_HEADERS)],
)
def test_any_other_text_is_no_token(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(AuthenticationError):
        verifier.verify(token)


def test_claims_that_are_no_object_are_no_claims(verifier: TokenVerifier) -> None:
    import jwt

    token = jwt.api_jws.encode(b"[1]", make_key("RSA"), algorithm="RS256", headers={"kid": "one"})
    with pytest.raises(AuthenticationError, match="not valid"):
        verifier.verify(token)


def test_an_address_names_its_user_only_when_it_is_verified(tmp_path: Path) -> None:
    rules = TokenRules(ISSUER, (AUDIENCE,), "email", None, 0)
    verifier = verifier_of(tmp_path, public_jwk(make_key("RSA"), "one"), rules=rules)
    assert verifier.verify(sign(make_key("RSA"), email="a@b.c", email_verified=True)).user == "a@b.c"
    for verified in (None, False, "true", 1):
        with pytest.raises(AuthenticationError, match="not verified"):
            verifier.verify(sign(make_key("RSA"), email="a@b.c", email_verified=verified))


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        (["/team", "b", "a/b"], {"team", "b", "a/b"}),
        ("team", {"team"}),
        ([], set()),
        (None, set()),
        ({"team": 1}, set()),
        ([1, None, "", "/", ["x"], "team"], {"team"}),
        (["x"] * 2_000, {"x"}),
        (["\ud800", "a\x00b", "team"], {"team"}),
    ],
)
def test_groups_are_read_where_a_claim_is_named(tmp_path: Path, given: object, groups: set[str]) -> None:
    for name, changes in (("groups", {"groups": given}), ("realm.roles", {"realm": {"roles": given}})):
        rules = TokenRules(ISSUER, (AUDIENCE,), "sub", name, 0)
        verifier = verifier_of(tmp_path, public_jwk(make_key("RSA"), "one"), rules=rules)
        assert verifier.verify(sign(make_key("RSA"), **changes)).groups == frozenset(groups)


def test_a_claim_of_the_whole_name_comes_before_one_inside() -> None:
    assert find_claim({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    assert find_claim({"a": {"b": 2}}, "a.b") == 2
    assert find_claim({"a": "b"}, "a.b") is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_key_set_is_said(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match="no JWK Set"):
        read_keys(content)


def test_keys_that_follow_one_another_each_count_while_they_are_there(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "jwks.json"
    first, second = make_key("RSA"), make_key("RSA", 2)
    path.write_bytes(key_set(public_jwk(first, "one")))
    verifier = TokenVerifier(RULES, KeyDocument(str(path), read_keys, lambda: now[0]))
    assert verifier.verify(sign(first)).user == "alice"
    path.write_bytes(key_set(public_jwk(second, "two")))
    now[0] += 2
    assert verifier.verify(sign(second, kid="two")).user == "alice"
    with pytest.raises(AuthenticationError, match="does not have"):
        verifier.verify(sign(first))
    path.write_bytes(b"<html>Come back later</html>")
    now[0] += 2
    assert verifier.verify(sign(second, kid="two")).user == "alice"


def test_without_keys_no_token_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    verifier = TokenVerifier(RULES, KeyDocument(str(tmp_path / "none.json"), read_keys))
    with pytest.raises(AuthenticationError, match="cannot be checked now"):
        verifier.verify(sign(make_key("RSA")))
    assert "none.json" in caplog.text
    with pytest.raises(ConfigurationError, match=r"none\.json cannot be read"):
        verifier.examine()
    with pytest.raises(ConfigurationError, match="no key"):
        verifier_of(tmp_path).examine()
    assert verifier_of(tmp_path, public_jwk(make_key("EC"), "one")).examine().startswith("1 keys of")
