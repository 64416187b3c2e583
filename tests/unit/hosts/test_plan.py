"""What a look at an organisation means for its data sources."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesearch.core.types import HostKind, KnownRepository, Organisation
from codesearch.hosts.listing import FoundRepository
from codesearch.hosts.plan import is_wanted, plan_discovery

ACME = Organisation(id="o" * 24, name="acme", kind=HostKind.GITHUB, host_url="https://github.com", path="acme")


def found(number: int, name: str) -> FoundRepository:
    return FoundRepository(str(number), f"acme/{name}", f"https://github.com/acme/{name}.git")


def known(number: int, name: str, at: str | None = None, *, is_gone: bool = False) -> KnownRepository:
    """A repository whose data source is at the address of `at`."""
    return KnownRepository(f"source {at or name}", name, str(number), f"acme/{name}", is_gone)


def source_of(url: str) -> str:
    return f"source {url.rpartition('/')[2].removesuffix('.git')}"


@pytest.mark.parametrize(
    ("include", "exclude", "wanted"),
    [
        ((), (), {"app", "app-old", "Docs"}),
        (("app*",), (), {"app", "app-old"}),
        (("docs", "APP"), (), {"app", "Docs"}),
        ((), ("*-old", "acme/d*"), {"app"}),
        (("acme/*",), ("app",), {"app-old", "Docs"}),
        (("other/*",), (), set()),
        (("[ad]*",), ("?pp",), {"app-old", "Docs"}),
    ],
)
def test_patterns_choose_by_name_or_path(include: tuple[str, ...], exclude: tuple[str, ...], wanted: set[str]) -> None:
    chosen = replace(ACME, include=include, exclude=exclude)
    assert {name for name in ("app", "app-old", "Docs") if is_wanted(chosen, found(1, name))} == wanted


def test_archived_forked_and_empty_ones_are_left_out_unless_wanted() -> None:
    plain = found(1, "app")
    archived, fork, empty = (
        replace(plain, is_archived=True),
        replace(plain, is_fork=True),
        replace(plain, is_empty=True),
    )
    generous = replace(ACME, takes_archived=True, takes_forks=True)
    assert [is_wanted(ACME, item) for item in (plain, archived, fork, empty)] == [True, False, False, False]
    assert [is_wanted(generous, item) for item in (plain, archived, fork, empty)] == [True, True, True, False]
    assert not is_wanted(replace(ACME, takes_archived=True), replace(archived, is_fork=True))


def test_what_is_new_renamed_there_again_and_gone_is_told_apart() -> None:
    organisation = replace(
        ACME,
        repositories=(known(1, "one"), known(2, "two"), known(3, "three"), known(4, "four", is_gone=True)),
    )
    plan = plan_discovery(
        organisation, [found(1, "one"), found(2, "zwei"), found(4, "four"), found(5, "five")], source_of
    )
    assert [(source, item.full_name) for source, item in plan.new] == [("source five", "acme/five")]
    assert plan.renamed == (replace(known(2, "zwei", "two"), source_name="two"),)
    assert plan.kept == (known(1, "one"), known(4, "four"))
    assert plan.gone == (known(3, "three", is_gone=True),)


def test_the_same_look_twice_finds_nothing_new() -> None:
    organisation = replace(ACME, repositories=(replace(known(2, "zwei", "two"), source_name="two"),))
    plan = plan_discovery(organisation, [found(2, "zwei")], source_of)
    assert (plan.new, plan.renamed, plan.kept, plan.gone) == ((), (), organisation.repositories, ())


def test_another_repository_of_an_old_name_takes_its_source() -> None:
    organisation = replace(ACME, repositories=(known(1, "app"),))
    plan = plan_discovery(organisation, [found(1, "app-legacy"), found(2, "app")], source_of)
    assert [(source, item.remote_id) for source, item in plan.new] == [("source app-legacy", "1")]
    assert plan.kept == (known(2, "app"),)
    assert plan.gone == plan.renamed == ()


def test_a_repository_belongs_to_one_source() -> None:
    organisation = replace(ACME, repositories=(known(1, "app", "old"), known(1, "app")))
    plan = plan_discovery(organisation, [found(1, "app")], source_of)
    assert plan.kept == (known(1, "app"),)
    assert plan.gone == (known(1, "app", "old", is_gone=True),)


def test_what_is_no_longer_wanted_is_gone() -> None:
    organisation = replace(ACME, exclude=("app",), repositories=(known(1, "app"),))
    assert plan_discovery(organisation, [found(1, "app")], source_of).gone == (known(1, "app", is_gone=True),)
