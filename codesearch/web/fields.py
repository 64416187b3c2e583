"""Fields of forms and of addresses: each name with all of its values, as they were sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def first_of(fields: Mapping[str, Sequence[str]], name: str) -> str:
    """Return the first value of a field as it was sent, empty where there is none."""
    return (fields.get(name) or ("",))[0]
