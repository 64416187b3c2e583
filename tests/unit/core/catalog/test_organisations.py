"""Organisations in the catalog, on real databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.errors import InvalidRequestError, NotFoundError
from codesearch.core.types import HostKind, KnownRepository, Organisation

ACME = Organisation(
    id="",
    name="acme",
    kind=HostKind.GITEA,
    host_url="https://git.example.org",
    path="acme",
    include=("app*", "acme/*"),
    exclude=("*-old",),
    prunes=True,
    discover_minutes=60,
    refresh_minutes=5,
)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(database_url: str, clock: Clock) -> Iterator[Catalog]:
    with open_catalog(database_url, clock=clock) as opened:
        yield opened


def test_an_organisation_is_kept_as_it_was_given(catalog: Catalog, clock: Clock) -> None:
    added = catalog.add_organisation(ACME)
    assert added == replace(ACME, id=added.id, next_discovery_at=clock.moment + timedelta(hours=1))
    assert added.location == "https://git.example.org/acme"
    assert catalog.list_organisations() == [added]
    assert catalog.get_organisation("ACME") == catalog.get_organisation(added.id) == added
    plain = catalog.add_organisation(Organisation("", "Another", HostKind.GITHUB, "https://github.com", "x"))
    assert (plain.include, plain.exclude, plain.discover_minutes, plain.next_discovery_at) == ((), (), None, None)
    assert catalog.list_organisations() == [added, plain]


def test_what_is_there_or_wrong_is_refused(catalog: Catalog) -> None:
    catalog.add_organisation(ACME)
    for wrong, told in (
        (replace(ACME, name="other"), "is there already"),
        (replace(ACME, path="other", name="Acme"), "already; choose"),
        (replace(ACME, path="other", name="!"), "cannot be a name"),
        (replace(ACME, path="other", name="x", discover_minutes=0), "1 to"),
        (replace(ACME, path="other", name="x", refresh_minutes=10**9), "1 to"),
    ):
        with pytest.raises(InvalidRequestError, match=told):
            catalog.add_organisation(wrong)
    other = replace(ACME, path="other", name="x")
    for pattern in ("a\0b", "a\nb", "a\rb", "a\x1b", "a\ud800b", "a\x85b", "a\u2028b"):
        for wrong in (replace(other, include=("ok", pattern)), replace(other, exclude=(pattern,))):
            with pytest.raises(InvalidRequestError, match="pattern"):
                catalog.add_organisation(wrong)
        with pytest.raises(InvalidRequestError, match="pattern"):
            catalog.change_organisation("acme", exclude=[pattern])
    for unknown in ("nobody", "", "\0", "x" * 5000):
        with pytest.raises(NotFoundError):
            catalog.get_organisation(unknown)
    assert len(catalog.list_organisations()) == 1


def test_fields_are_changed_one_by_one(catalog: Catalog, clock: Clock) -> None:
    added = catalog.add_organisation(ACME)
    assert catalog.change_organisation("acme") == added
    changed = catalog.change_organisation("acme", name="Crew", include=(), takes_forks=True, discover_minutes=None)
    assert changed == replace(
        added, name="Crew", include=(), takes_forks=True, discover_minutes=None, next_discovery_at=None
    )
    again = catalog.change_organisation("crew", discover_minutes=30)
    assert again.next_discovery_at == clock.moment + timedelta(minutes=30)
    catalog.add_organisation(replace(ACME, name="other", path="other"))
    with pytest.raises(InvalidRequestError):
        catalog.change_organisation("crew", name="OTHER", prunes=False)
    assert catalog.get_organisation("crew") == again


def test_repositories_belong_to_sources_and_go_with_them(catalog: Catalog) -> None:
    organisation = catalog.add_organisation(ACME)
    for number, name in enumerate(("one", "two")):
        catalog.add_source(id=f"{number:024x}", name=name, location=f"https://git.example.org/acme/{name}")
    one = KnownRepository(f"{0:024x}", "one", "7", "acme/one")
    two = KnownRepository(f"{1:024x}", "two", "8", "acme/Two", is_gone=True)
    unknown = KnownRepository(f"{9:024x}", "nine", "9", "acme/nine")
    assert catalog.note_repositories(organisation.id, [two, unknown, one]).repositories == (one, two)
    changed = replace(two, full_name="acme/zwei", is_gone=False)
    assert catalog.note_repositories("acme", [changed]).repositories == (one, changed)
    catalog.rename_source("one", "eins")
    catalog.remove_source("two")
    assert catalog.get_organisation("acme").repositories == (replace(one, source_name="eins"),)
    removed = catalog.remove_organisation("acme")
    assert len(removed.repositories) == 1
    assert (catalog.list_organisations(), [source.name for source in catalog.list_sources()]) == ([], ["eins"])


def test_the_last_look_is_noted_in_a_line(catalog: Catalog, clock: Clock) -> None:
    organisation = catalog.add_organisation(ACME)
    catalog.note_discovery(organisation.id, "it\nfailed at https://me:hush@git.example.org", has_failed=True)
    found = catalog.get_organisation("acme")
    assert (found.message, found.has_failed) == ("it failed at https://***@git.example.org", True)
    assert found.discovered_at == clock.moment


def test_what_is_due_is_seen_to_once(catalog: Catalog, clock: Clock) -> None:
    first = catalog.add_organisation(ACME)
    catalog.add_organisation(replace(ACME, name="never", path="never", discover_minutes=None))
    clock.moment += timedelta(minutes=1)
    second = catalog.add_organisation(replace(ACME, name="b", path="b", discover_minutes=30))
    assert catalog.list_due_organisations() == []
    clock.moment += timedelta(hours=3)
    assert catalog.list_due_organisations() == [second, first]
    assert catalog.pass_due_organisation(first)
    assert not catalog.pass_due_organisation(first)
    assert catalog.list_due_organisations() == [second]
    assert catalog.get_organisation("acme").next_discovery_at == clock.moment + timedelta(hours=1)
