"""What a person sets to reach a Dify: its address, with or without /v1, and keys of two kinds. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from codesearch.core.errors import ConfigurationError
from codesearch.core.redaction import redact

VERSION_PATH = "/v1"
_KINDS = {
    "dataset": ("CODESEARCH_DIFY_KEY", "the Knowledge API (in Dify: Knowledge, Service API, API Key)"),
    "app": ("CODESEARCH_DIFY_APP_KEY", "an app (in Dify: the app's API Access, API Key)"),
}


def read_base_url(text: str | None) -> str:
    """Return the address of Dify's API, with one /v1 at its end. Raises ConfigurationError for what is no address."""
    if not text or not text.strip():
        raise ConfigurationError(
            "Where is your Dify? Set CODESEARCH_DIFY_URL to the address that its API pages show, such as "
            "https://api.dify.ai/v1 or http://dify.example.com/v1."
        )
    shown = redact(text.strip())
    try:
        parts = urlsplit(text.strip())
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or any(character.isspace() for character in text.strip()):
        raise ConfigurationError(
            f"CODESEARCH_DIFY_URL is {shown!r}; it has to begin with http:// or https:// and a host."
        )
    if "@" in parts.netloc:
        raise ConfigurationError(
            "CODESEARCH_DIFY_URL holds a login; give the address alone and keys in CODESEARCH_DIFY_KEY."
        )
    path = parts.path.rstrip("/")
    while path.endswith(VERSION_PATH):
        path = path.removesuffix(VERSION_PATH).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path + VERSION_PATH, "", ""))


def require_key(value: str | None, kind: str) -> str:
    """Return the key of a kind, "dataset" or "app", if it is one. Raises ConfigurationError that never shows it."""
    variable, purpose = _KINDS[kind]
    key = (value or "").strip()
    if not key:
        raise ConfigurationError(f"Set {variable} to a key of {purpose}; it begins with {kind}-.")
    if any(not 33 <= ord(character) <= 126 for character in key):
        raise ConfigurationError(f"{variable} holds blanks or signs that no key of Dify has.")
    for other, (other_variable, other_purpose) in _KINDS.items():
        if other != kind and key.startswith(f"{other}-"):
            raise ConfigurationError(
                f"{variable} holds a key of the other kind, {other}-…, which is for {other_purpose} and belongs into "
                f"{other_variable}. Needed is one of {purpose}; it begins with {kind}-."
            )
    return key
