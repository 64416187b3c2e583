"""Who enters by the door, and that no combination of rules lets anybody read more than each of them does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.access.door import Door
from codesearch.access.opening import open_door
from codesearch.access.patterns import Patterns
from codesearch.access.permissions import Permissions
from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.config import load_settings
from codesearch.core.errors import AuthenticationError, ConfigurationError
from codesearch.core.types import Principal
from codesearch.core.users import Bearer

SOURCES = {f"{number:024x}": f"repo-{number}" for number in range(1, 5)}
IDS = list(SOURCES)


@dataclass
class WrittenDown:
    """Says of each user what is written here; of others, nothing is known."""

    users: dict[str, list[str]]

    def find_patterns(self, user: str) -> Patterns:
        if user not in self.users:
            raise ConfigurationError("the code host is out of reach")
        return Patterns(self.users[user])

    def close(self) -> None:
        pass


@dataclass
class Signed:
    """Takes one token."""

    bearer: Bearer
    issuer: str = ""

    def verify(self, token: str) -> Bearer:
        if token != "good":
            raise AuthenticationError("The token is not valid.")
        return self.bearer


def add_sources(catalog: Catalog) -> Catalog:
    for source_id, name in SOURCES.items():
        catalog.add_source(id=source_id, location=f"https://code.example.org/acme/{name}.git", name=name)
    return catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}") as opened:
        yield add_sources(opened)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a catalog that knows the sources; not to be changed."""
    path = tmp_path_factory.mktemp("template") / "catalog.sqlite3"
    with open_catalog(f"sqlite:///{path}") as opened:
        add_sources(opened)
    return path.with_name(f"{path.name}.backup")


def read_by(principal: Principal) -> set[str]:
    return {source_id for source_id in IDS if principal.may_read(source_id)}


def enter(door: Door, secret: str) -> Principal:
    return door.bound(door.authenticate(secret))


def test_a_key_of_a_user_reads_what_the_code_host_lets_that_user_read(catalog: Catalog) -> None:
    hook = WrittenDown({"alice": ["repo-1", "code.example.org/acme/repo-2"]})
    door = Door(catalog, Permissions(catalog, hook))
    key, secret = catalog.create_key("hers", user="alice")
    assert read_by(enter(door, secret)) == set(IDS[:2])
    assert read_by(door.bound(door.find_principal(key.id))) == set(IDS[:2])
    _, narrow = catalog.create_key("narrow", user="alice", source_ids=frozenset(IDS[1:3]))
    assert read_by(enter(door, narrow)) == {IDS[1]}
    catalog.remove_source("repo-2")
    assert read_by(enter(door, secret)) == {IDS[0]}
    catalog.add_source(id=IDS[1], location="https://code.example.org/acme/repo-2", name="again")
    assert read_by(enter(door, secret)) == set(IDS[:2])
    hook.users["alice"] = []
    assert read_by(enter(door, secret)) == set()
    _, plain = catalog.create_key("plain")
    assert enter(door, plain) == catalog.authenticate(plain)


def test_nothing_is_read_while_nobody_knows_what_may_be(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    door = Door(catalog, Permissions(catalog, WrittenDown({})))
    _, secret = catalog.create_key("hers", user="alice")
    for _ in range(3):
        principal = enter(door, secret)
        assert read_by(principal) == set()
        assert principal.problem is not None
        assert "cannot be found out now" in principal.problem
    assert caplog.text.count("out of reach") == 1
    unset = enter(Door(catalog), secret)
    assert read_by(unset) == set()
    assert "nothing says here" in str(unset.problem)


def test_a_token_reads_what_its_groups_read_and_the_code_host_allows(catalog: Catalog) -> None:
    catalog.create_group("team", IDS[:3])
    permissions = Permissions(catalog, WrittenDown({"alice": ["repo-3", "repo-4"]}))
    grouped, alone = (Signed(Bearer("alice", groups)) for groups in (frozenset({"team", "x"}), None))
    both = enter(Door(catalog, permissions, grouped), "good")
    assert (both.user, both.name, both.is_admin) == ("alice", "alice", False)
    assert read_by(both) == {IDS[2]}
    assert read_by(enter(Door(catalog, None, grouped), "good")) == set(IDS[:3])
    assert read_by(enter(Door(catalog, permissions, alone), "good")) == set(IDS[2:])
    assert read_by(enter(Door(catalog, None, alone), "good")) == set()
    catalog.remove_from_group("team", [IDS[0]])
    assert read_by(enter(Door(catalog, None, grouped), "good")) == set(IDS[1:3])


def test_keys_and_tokens_are_told_apart(catalog: Catalog) -> None:
    key, secret = catalog.create_key("ci")
    door = Door(catalog, None, Signed(Bearer(key.id, frozenset())))
    assert enter(door, secret).key_id == key.id
    token = enter(door, "good")
    assert token.key_id != key.id
    for unknown in (token.key_id, "user", ""):
        with pytest.raises(AuthenticationError):
            door.find_principal(unknown)
    for wrong in ("bad", "", "cs_" + "a" * 43, "cs_good"):
        with pytest.raises(AuthenticationError):
            door.authenticate(wrong)
    with pytest.raises(AuthenticationError):
        Door(catalog).authenticate("good")
    assert door.takes_time("good")
    assert not door.takes_time(secret)
    assert door.recall(secret) == door.authenticate(secret)
    assert door.recall("good") is None
    assert not Door(catalog).takes_time("good")


ANY_IDS = st.lists(st.sampled_from(IDS), max_size=3)
ANY_PATTERNS = st.lists(
    st.sampled_from([*IDS, *SOURCES.values(), "*", "repo-?", "code.example.org/acme/*", "nothing", "acme/repo-1"]),
    max_size=2,
)


def open_copy(template: Path, folder: Path) -> Catalog:
    return open_catalog(f"sqlite:///{shutil.copy(template, folder)}")


@settings(max_examples=30)
@given(
    own=st.none() | ANY_IDS,
    groups=st.lists(ANY_IDS, max_size=2),
    workspace=ANY_IDS,
    patterns=st.none() | ANY_PATTERNS,
    is_token=st.booleans(),
    names=st.none() | st.lists(st.sampled_from(["group-0", "group-1", "GROUP-0", "other"]), max_size=3),
)
def test_no_combination_widens_what_may_be_read(
    template: Path,
    own: list[str] | None,
    groups: list[list[str]],
    workspace: list[str],
    patterns: list[str] | None,
    is_token: bool,
    names: list[str] | None,
) -> None:
    """Compares with what follows from each rule alone, read from the rules themselves."""
    with tempfile.TemporaryDirectory() as folder, open_copy(template, Path(folder)) as catalog:
        if workspace:
            catalog.create_workspace("space", workspace)
        reads = {}
        for number, members in enumerate(groups):
            name = f"group-{number}"
            # The first group reads the workspace, too.
            extra = workspace if number == 0 else []
            catalog.create_group(name, [*members, *(["space"] if extra else [])])
            reads[name] = {*members, *extra}
        permitted = set(IDS)
        permissions = None
        if patterns is not None:
            permissions = Permissions(catalog, WrittenDown({"alice": patterns}))
            permitted = {
                source_id
                for source_id, name in SOURCES.items()
                for pattern in patterns
                if pattern in (source_id, name, "*", "repo-?", "code.example.org/acme/*")
            }
        if is_token:
            bearer = Bearer("alice", None if names is None else frozenset(names))
            given_ids = {*IDS} if names is None else {id_ for name in names for id_ in reads.get(name, set())}
            if names is None and patterns is None:
                given_ids = set()
            principal = enter(Door(catalog, permissions, Signed(bearer)), "good")
        else:
            _, secret = catalog.create_key(
                "key", source_ids=None if own is None else frozenset(own), groups=list(reads), user="alice"
            )
            is_scoped = own is not None or bool(reads)
            given_ids = {*(own or ()), *(id_ for ids in reads.values() for id_ in ids)} if is_scoped else {*IDS}
            if patterns is None:
                permitted = set()
            principal = enter(Door(catalog, permissions, Signed(Bearer("bob", None))), secret)
        assert read_by(principal) == given_ids & permitted
        assert principal.reads_everything is False


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"oidc_issuer": "https://id"}, "needs CODESEARCH_OIDC_AUDIENCE"),
        ({"oidc_issuer": "id", "oidc_audience": ("a",)}, "CODESEARCH_OIDC_JWKS"),
        ({"oidc_audience": ("a",)}, "CODESEARCH_OIDC_ISSUER is missing"),
        ({"oidc_issuer": "i", "oidc_audience": ("a",), "oidc_jwks": "/k"}, "nothing says what a user may read"),
        ({"oidc_issuer": "i", "oidc_audience": ("a",), "oidc_jwks": "http://id.example.org/k"}, "https address"),
    ],
)
def test_settings_that_do_not_go_together_are_said(
    catalog: Catalog, given_settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        open_door(load_settings(**given_settings), catalog)
