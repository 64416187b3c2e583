"""An issuer of tokens: keys of every kind that is accepted, their JWK Set, and tokens signed with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER = "https://id.example.org"
AUDIENCE = "codesearch"


@cache
def make_key(kind: str, number: int = 1) -> Any:
    """Return a private key, the same for the same number."""
    if kind == "RSA":
        return rsa.generate_private_key(65_537, 2_048)
    if kind == "weak RSA":
        return rsa.generate_private_key(65_537, 1_024)
    return ec.generate_private_key(ec.SECP256R1()) if kind == "EC" else ed25519.Ed25519PrivateKey.generate()


def public_jwk(key: Any, kid: str | None, **more: object) -> dict[str, Any]:
    """Return the public half as an entry of a JWK Set."""
    public = key.public_key()
    kinds: Any = {rsa.RSAPublicKey: RSAAlgorithm, ec.EllipticCurvePublicKey: ECAlgorithm}
    algorithm = next((kinds[kind] for kind in kinds if isinstance(public, kind)), OKPAlgorithm)
    entry = dict(algorithm.to_jwk(public, as_dict=True))
    entry.pop("key_ops", None)
    return {**entry, **({} if kid is None else {"kid": kid}), **more}


def key_set(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(entries)}).encode()


def claims(**changes: object) -> dict[str, Any]:
    """Return good claims, with changes; None takes one out."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "nbf": now, "exp": now + 300}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def sign(key: Any, algorithm: str = "RS256", kid: str | None = "one", headers: Any = None, **changes: Any) -> str:
    """Return a token."""
    header = {**({} if kid is None else {"kid": kid}), **(headers or {})}
    return jwt.api_jws.encode(json.dumps(claims(**changes)).encode(), key, algorithm=algorithm, headers=header)


def encode(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forge(header: dict[str, Any], secret: bytes = b"", **changes: object) -> str:
    """Return a token with any header, signed with HMAC of a secret, as no library would."""
    signed = f"{encode(header)}.{encode(claims(**changes))}"
    return f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def pem_of(key: Any) -> bytes:
    """Return the public key as text: what somebody who mixes up algorithms would take for a secret."""
    public = key.public_key()
    return bytes(public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
