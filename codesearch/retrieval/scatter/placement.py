"""Which of several services a data source is placed on: rendezvous hashing (Thaler and Ravishankar 1998). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256


def choose_peer(source_id: str, peers: Sequence[str]) -> str:
    """Return the one of the peers, at least one, that weighs most for a data source.

    Hangs on nothing else: everybody who knows the same peers, in any order, chooses the same. When one goes, only what
    was placed on it moves, to all others alike; one that is added takes its share from all.
    """
    return max(peers, key=lambda peer: (sha256(f"{peer}\0{source_id}".encode()).digest(), peer))


def place_sources(source_ids: Iterable[str], peers: Sequence[str]) -> dict[str, list[str]]:
    """Return for each peer that has any the data sources that are placed on it, in the given order."""
    placed: dict[str, list[str]] = {}
    for source_id in source_ids:
        placed.setdefault(choose_peer(source_id, peers), []).append(source_id)
    return placed
