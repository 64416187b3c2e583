"""Where data sources are placed: evenly, the same for everybody, and few move when a service comes or goes."""

from __future__ import annotations

from codesearch.retrieval.scatter.placement import choose_peer, place_sources

PEERS = [f"http://service-{number}:8000" for number in range(5)]
SOURCES = [f"source-{number}" for number in range(2_000)]


def test_each_has_about_its_share() -> None:
    placed = place_sources(SOURCES, PEERS)
    assert sorted(source for of_peer in placed.values() for source in of_peer) == sorted(SOURCES)
    assert all(300 < len(of_peer) < 500 for of_peer in placed.values())


def test_the_order_of_the_peers_makes_no_difference() -> None:
    assert all(choose_peer(source, PEERS) == choose_peer(source, PEERS[::-1]) for source in SOURCES)


def test_of_a_service_that_goes_only_its_own_move_and_to_all_others() -> None:
    gone, left = PEERS[2], [peer for peer in PEERS if peer != PEERS[2]]
    moved = {source for source in SOURCES if choose_peer(source, PEERS) != choose_peer(source, left)}
    assert moved == {source for source in SOURCES if choose_peer(source, PEERS) == gone}
    assert {choose_peer(source, left) for source in moved} == set(left)


def test_one_that_is_alone_has_all() -> None:
    assert place_sources(SOURCES, PEERS[:1]) == {PEERS[0]: SOURCES}
