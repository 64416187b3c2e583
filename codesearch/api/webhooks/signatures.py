"""Whether a webhook comes from who knows a secret, in the forms of the code hosts. Pure.

GitHub, Gitea, Forgejo, Bitbucket: an HMAC-SHA256 of the body. GitLab: the secret itself, or a signature as Standard
Webhooks has it, which holds the delivery's id and time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from codesearch.api.webhooks.push import Host

# By how much a signed time may differ from the clock here: what Standard Webhooks recommends.
TOLERANCE_SECONDS = 300
_ENCODED = "whsec_"
_GITLAB_TOKEN, _STANDARD = "x-gitlab-token", "webhook-signature"
# The first that is there is looked at. With `sha256=` in front, or without.
_SIGNATURES: Mapping[Host, tuple[str, ...]] = {
    Host.GITHUB: ("x-hub-signature-256",),
    Host.GITEA: ("x-forgejo-signature", "x-gitea-signature", "x-hub-signature-256"),
    Host.FORGEJO: ("x-forgejo-signature", "x-gitea-signature", "x-hub-signature-256"),
    Host.BITBUCKET: ("x-hub-signature",),
    Host.GITLAB: (_STANDARD, _GITLAB_TOKEN),
}
_DELIVERY_IDS: Mapping[Host, tuple[str, ...]] = {
    Host.GITHUB: ("x-github-delivery",),
    Host.GITEA: ("x-forgejo-delivery", "x-gitea-delivery"),
    Host.FORGEJO: ("x-forgejo-delivery", "x-gitea-delivery"),
    Host.BITBUCKET: ("x-request-uuid", "x-request-id"),
    Host.GITLAB: ("webhook-id", "idempotency-key", "x-gitlab-event-uuid"),
}


def name_signature_headers(host: Host) -> tuple[str, ...]:
    """Return the headers, in lower case, one of which has to be there."""
    return _SIGNATURES[host]


def is_signed(host: Host, headers: Mapping[str, str]) -> bool:
    """Say whether there is anything to be checked at all. Names of headers are in lower case."""
    return any(headers.get(name) for name in _SIGNATURES[host])


def is_genuine(host: Host, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> bool:
    """Say whether one of the secrets made the signature. Takes as long whichever it is; `now` is in Unix seconds."""
    if host is Host.GITLAB:
        return _is_from_gitlab(headers, body, secrets, now)
    given = next((headers[name] for name in _SIGNATURES[host] if headers.get(name)), "").removeprefix("sha256=")
    wanted = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets]
    return _is_one_of(given.lower(), wanted)


def identify_delivery(host: Host, headers: Mapping[str, str], body: bytes) -> str:
    """Return what tells a delivery from others, 32 hex digits: by the id that the host gave it, else by its body."""
    given = next((headers[name] for name in _DELIVERY_IDS[host] if headers.get(name)), None)
    told = given.encode() if given else body
    digest = hashlib.sha256(b"\0".join((host.value.encode(), b"id" if given else b"body", told))).hexdigest()
    # All of it would take twice the room, and tell no more apart.
    return digest[:32]


def _is_from_gitlab(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> bool:
    token = headers.get(_GITLAB_TOKEN)
    has_token = bool(token) and _is_one_of(token or "", secrets)
    return has_token | _is_standard(headers, body, secrets, now)


def _is_standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> bool:
    identifier, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identifier or not (moment.isdecimal() and len(moment) < 16 and abs(int(moment) - now) <= TOLERANCE_SECONDS):
        return False
    signed = b".".join((identifier.encode(), moment.encode(), body))
    wanted = [base64.b64encode(hmac.digest(_key_of(secret), signed, "sha256")).decode() for secret in secrets]
    given = [item.partition(",")[2] for item in headers.get(_STANDARD, "").split() if item.startswith("v1,")]
    return sum(_is_one_of(signature, wanted) for signature in given) > 0


def _key_of(secret: str) -> bytes:
    """Return the key of a signing secret: with `whsec_` in front, the rest is Base64."""
    if secret.startswith(_ENCODED):
        try:
            return base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
        except ValueError:
            pass
    return secret.encode()


def _is_one_of(given: str, wanted: Sequence[str]) -> bool:
    """Compare with all, each in a time that does not tell how much is the same."""
    return sum(hmac.compare_digest(given.encode(), item.encode()) for item in wanted) > 0
