"""Groups on real databases: what keys and tokens read through them, and that it ends at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.errors import InvalidRequestError, NotFoundError
from codesearch.core.types import GroupMember
from codesearch.core.users import MAX_USER_LENGTH, is_user

ONE, TWO, THREE = (f"{number:024x}" for number in (1, 2, 3))


@pytest.fixture
def catalog(database_url: str) -> Iterator[Catalog]:
    with open_catalog(database_url) as opened:
        for source_id, name in ((ONE, "one"), (TWO, "two"), (THREE, "three")):
            opened.add_source(id=source_id, location=f"https://example.org/{name}.git", name=name)
        yield opened


def read_by(catalog: Catalog, secret: str) -> set[str]:
    principal = catalog.authenticate(secret)
    return {source_id for source_id in (ONE, TWO, THREE) if principal.may_read(source_id)}


def test_a_key_reads_what_its_groups_read(catalog: Catalog) -> None:
    pair = catalog.create_workspace("pair", ["one", "two"])
    group = catalog.create_group("Team", ["pair"])
    assert group.members == (GroupMember(pair.id, "pair", is_workspace=True),)
    catalog.create_group("others", ["three"])
    key, secret = catalog.create_key("ci", groups=["team"])
    assert (key.source_ids, key.group_names) == (frozenset(), ("Team",))
    assert read_by(catalog, secret) == {ONE, TWO}
    _, both = catalog.create_key("both", source_ids=frozenset({"one"}), groups=[group.id, "others"])
    assert read_by(catalog, both) == {ONE, TWO, THREE}
    assert catalog.find_principal(key.id) == catalog.authenticate(secret)
    assert {key.name: key.group_names for key in catalog.list_keys()} == {"ci": ("Team",), "both": ("others", "Team")}


def test_what_a_group_loses_its_keys_lose_at_once(catalog: Catalog, database_url: str) -> None:
    catalog.create_workspace("pair", ["one", "two"])
    catalog.create_group("team", ["pair", "three"])
    key, secret = catalog.create_key("ci", groups=["team"])
    with open_catalog(database_url) as service:
        assert read_by(service, secret) == {ONE, TWO, THREE}
        catalog.remove_from_group("team", ["three"])
        assert read_by(service, secret) == {ONE, TWO}
        catalog.remove_source("two")
        assert read_by(service, secret) == {ONE}
        catalog.remove_workspace("pair")
        assert read_by(service, secret) == set()
        catalog.add_to_group("TEAM", [ONE])
        assert read_by(service, secret) == {ONE}
        catalog.remove_from_group("team", key_ids=[key.id])
        assert read_by(service, secret) == set()
        catalog.add_to_group("team", key_ids=[key.id])
        assert read_by(service, secret) == {ONE}
        catalog.delete_group("team")
        assert read_by(service, secret) == set()
        assert not service.authenticate(secret).reads_everything
    assert catalog.list_groups() == []


def test_a_group_that_is_made_anew_has_none_of_the_keys(catalog: Catalog) -> None:
    catalog.create_group("team", ["one"])
    _, secret = catalog.create_key("ci", groups=["team"])
    catalog.delete_group("team")
    catalog.create_group("team", ["one"])
    assert read_by(catalog, secret) == set()


def test_groups_are_listed_with_members_and_living_keys(catalog: Catalog) -> None:
    catalog.create_group("b", ["two", "one", TWO])
    catalog.create_group("A")
    catalog.create_key("second", groups=["b"])
    gone, _ = catalog.create_key("first", groups=["b", "a"])
    first, second = catalog.list_groups()
    assert (first.name, first.members, first.key_names) == ("A", (), ("first",))
    assert [member.name for member in second.members] == ["one", "two"]
    assert second.key_names == ("first", "second")
    catalog.revoke_key(gone.id)
    assert [group.key_names for group in catalog.list_groups()] == [(), ("second",)]


def test_the_groups_of_a_token_are_found_by_their_exact_names(catalog: Catalog) -> None:
    catalog.create_workspace("pair", ["one", "two"])
    catalog.create_group("Team", ["pair"])
    catalog.create_group("others", ["three"])
    assert catalog.read_groups(frozenset({"Team", "unknown"})) == {ONE, TWO}
    assert catalog.read_groups(frozenset({"Team", "others"})) == {ONE, TWO, THREE}
    assert catalog.read_groups(frozenset({"team", "TEAM", "Others", "' OR 1=1"})) == frozenset()
    assert catalog.read_groups(frozenset()) == frozenset()


def test_a_key_of_a_user_reads_nothing_before_somebody_says_what_is_permitted(catalog: Catalog) -> None:
    catalog.create_group("team", ["one"])
    for name, groups in (("alone", []), ("grouped", ["team"])):
        key, secret = catalog.create_key(name, groups=groups, user=" alice@example.org ")
        assert key.user == "alice@example.org"
        principal = catalog.authenticate(secret)
        assert (principal.user, principal.permitted_ids) == ("alice@example.org", frozenset())
        assert read_by(catalog, secret) == set()
        assert not principal.reads_everything


def test_what_is_wrong_with_a_group_is_said(catalog: Catalog) -> None:
    catalog.create_group("team", ["one"])
    with pytest.raises(InvalidRequestError, match="already"):
        catalog.create_group("TEAM")
    with pytest.raises(InvalidRequestError, match="cannot be a name"):
        catalog.create_group("/team")
    with pytest.raises(NotFoundError, match=r"repository or workspace: 'four'"):
        catalog.create_group("more", ["one", "four"])
    with pytest.raises(NotFoundError, match=r"No such group: 'nobody'.*group list"):
        catalog.create_key("ci", groups=["team", "nobody"])
    with pytest.raises(NotFoundError, match="No such group"):
        catalog.add_to_group("-", ["one"])
    with pytest.raises(NotFoundError, match="'four'"):
        catalog.remove_from_group("team", ["four"])
    with pytest.raises(InvalidRequestError, match="not both"):
        catalog.create_key("boss", groups=["team"], is_admin=True)
    with pytest.raises(InvalidRequestError, match="not both"):
        catalog.create_key("boss", user="alice", is_admin=True)
    everything, _ = catalog.create_key("everything")
    with pytest.raises(InvalidRequestError, match="would give it nothing"):
        catalog.add_to_group("team", ["two"], key_ids=[everything.id])
    assert [[member.name for member in group.members] for group in catalog.list_groups()] == [["one"]]


@pytest.mark.parametrize("user", ["alice", "a", "Zoë Müller", "a@b.c", "acme\\alice", "x" * MAX_USER_LENGTH])
def test_believable_users(catalog: Catalog, user: str) -> None:
    assert is_user(user)
    assert catalog.create_key("ci", user=user)[0].user == user


@pytest.mark.parametrize(
    "user", ["", " ", "-rf", "--help", "*", "a\nb", "a\0b", "x" * (MAX_USER_LENGTH + 1), "a\u2028b"]
)
def test_what_is_no_user_is_refused(catalog: Catalog, user: str) -> None:
    assert not is_user(user)
    with pytest.raises(InvalidRequestError, match="cannot be a user"):
        catalog.create_key("ci", user=user)
    assert catalog.list_keys() == []
