"""What a person may name as a source, what is refused, and that no secret survives in anything that is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.errors import SourceError
from indexer.source.location import LocationKind, check_branch, check_subdir, parse_location, source_id, suggested_name
from tests.unit.indexer.conftest import Repository

MakeRepository = Callable[..., Repository]


@pytest.mark.parametrize(
    ("raw", "url", "canonical"),
    [
        ("https://github.com/pallets/flask", "https://github.com/pallets/flask", "https://github.com/pallets/flask"),
        ("https://GitHub.com/p/flask.git/", "https://github.com/p/flask.git/", "https://github.com/p/flask"),
        ("HTTPS://github.com:443/p/Flask.git", "https://github.com/p/Flask.git", "https://github.com/p/Flask"),
        ("http://localhost:3000/p/f", "http://localhost:3000/p/f", "http://localhost:3000/p/f"),
        ("http://[::1]:3000/p/f", "http://[::1]:3000/p/f", "http://[::1]:3000/p/f"),
        ("ssh://git@host:22/p/f.git", "ssh://git@host/p/f.git", "ssh://git@host/p/f"),
        ("ssh://git@host:2222/p/f.git", "ssh://git@host:2222/p/f.git", "ssh://git@host:2222/p/f"),
        ("git://host/p/f.git", "git://host/p/f.git", "git://host/p/f"),
        ("git@GitHub.com:p/f.git", "git@github.com:p/f.git", "git@github.com:p/f"),
        ("host:p/f", "host:p/f", "host:p/f"),
        ("git@[::1]:p/f.git", "git@[::1]:p/f.git", "git@[::1]:p/f"),
        ("file:///srv/f.git", "file:///srv/f.git", "file:///srv/f"),
        ("file://localhost/srv/f", "file:///srv/f", "file:///srv/f"),
        ("git@host:team/pro@ject.git", "git@host:team/pro@ject.git", "git@host:team/pro@ject"),
        ("https://host/@scope/package", "https://host/@scope/package", "https://host/@scope/package"),
        ("  https://h.org/p/f\n", "https://h.org/p/f", "https://h.org/p/f"),
        ("pallets/flask", "https://github.com/pallets/flask", "https://github.com/pallets/flask"),
        ("github.com/pallets/flask.git", "https://github.com/pallets/flask.git", "https://github.com/pallets/flask"),
        ("www.GitHub.com/pallets/flask", "https://github.com/pallets/flask", "https://github.com/pallets/flask"),
        ("gitlab.com/group/sub/app", "https://gitlab.com/group/sub/app", "https://gitlab.com/group/sub/app"),
    ],
)
def test_remote_locations_are_normalised(raw: str, url: str, canonical: str) -> None:
    location = parse_location(raw)
    assert (location.kind, location.url, location.canonical) == (LocationKind.REMOTE, url, canonical)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("", "No source given"),
        ("   ", "No source given"),
        ("ext::sh -c touch% /tmp/owned", "Remote helpers"),
        ("fd::17", "Remote helpers"),
        ("https::https://h.org/p", "Remote helpers"),
        ("-upload-pack=touch owned", "option"),
        ("--help", "option"),
        ("ssh://-oProxyCommand=touch/x", "host"),
        ("-oProxyCommand=x:y", "option"),
        ("git@-oProxyCommand=x:y", "option"),
        ("-git@host:y", "option"),
        ("host:-y", "option"),
        ("ftp://h.org/p", "not supported"),
        ("ext://h.org/p", "not supported"),
        ("https://", "host"),
        ("https://h.org", "names no repository"),
        ("https://h.org:port/p", "cannot be read"),
        ("https://h.org/p?x=1", "'?'"),
        ("https://h.org/p\n/q", "control characters"),
        ("file://host/srv", "names no host"),
        ("file:///", "names no repository"),
        ("ssh://git:pw@host/p", "password"),
        ("ssh://%2Dx@host/p", "option"),
        ("https://u:%0Apw@host/p", "login"),
        ("bob:pw@host:path", "cannot carry a password"),
        ("bob:pw@host/path", "cannot carry a password"),
        ("bob:p/w@host:path", "cannot carry a password"),
        ("u%3Apw@host:path@x", "cannot carry a password"),
        ("me@corp:pw@host:path", "cannot carry a password"),
        ("git@host:p:w@host/path", "cannot carry a password"),
        ("https:/u:pw@host/path", "cannot carry a password"),
        ("ssh://u%3Apw@host/p", "cannot carry a password"),
        ("https://u:12/34@host/p", "looks like a token or a password"),
        ("https://host/u:pw@other/p", "looks like a token or a password"),
        ("https://host/u%3Apw%40other/p", "looks like a token or a password"),
        ("./no/such/folder", "There is no"),
        ("https://github.com/rails/rails/tree/main/railties", "rails; its branch is main; its sub-folder is railties."),
        ("https://github.com/rails/rails/tree/main/a%20b/", "rails; its branch is main; its sub-folder is 'a b'."),
        ("https://github.com/rails/rails/tree/main/a%0Ab", "rails; its branch is main; its sub-folder is a%0Ab."),
        ("https://gitlab.com/a/b/c/-/blob/main/README.md", "https://gitlab.com/a/b/c; its branch is main."),
        (
            "https://github.com/rails/rails/blob/main/railties/lib/rails.rb",
            "a web page of a file, not a clone URL; use https://github.com/rails/rails; its branch is main; its "
            "sub-folder is railties/lib.",
        ),
    ],
)
def test_everything_else_is_refused_in_one_line(raw: str, says: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_location(raw)
    assert says in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("raw", ["https://bob:s3cr%2Ft@h.org/p/f.git", "https://s3cr%2Ft@h.org/p/f.git"])
def test_credentials_are_split_off(raw: str) -> None:
    location = parse_location(raw)
    assert location.credentials is not None
    assert "s3cr/t" in (location.credentials.username, location.credentials.password)
    assert location.url == location.display == "https://h.org/p/f.git"
    assert location.canonical == "https://h.org/p/f"
    assert "s3cr" not in repr(location)
    assert source_id(location) == source_id(parse_location("https://h.org/p/f"))


@pytest.mark.parametrize(
    "raw",
    [
        "https://bob:s3cret@h.org:port/p",
        "https://bob:s3cret@h.org",
        "https://bob:x/s3cret@h.org/p",
        "https://bob:12/s3cret@h.org/p",
        "https://bob:12/s3cret?@h.org/p",
        "https://bob:12/x#s3cret@h.org/p",
        "https://h.org/p?private_token=s3cret",
        "https://h.org/p?s3cret",
        "https://h.org/bob:s3cret@h.org/p",
        "http://h.org/bob%3As3cret%40h.org/p",
        "ssh://bob:s3cret@h.org/p",
        "ssh://bob%3As3cret@h.org/p",
        "file://bob:s3cret@h.org/p",
        "ftp://bob:s3cret@h.org/p",
        "https//bob:s3cret@h.org/p",
        "https:/bob:s3cret@h.org/p",
        "bob:s3cret@h.org:p",
        "bob:s3cret@h.org/p",
        "bob:s3/cret@h.org:p",
        "./bob:s3cret@h.org/p",
        "./p?token=s3cret",
    ],
)
def test_refusals_hold_no_credentials(raw: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_location(raw)
    assert "s3cret" not in repr(caught.value).replace("s3/cret", "s3cret")
    assert caught.value.__cause__ is None


TOKENS = ("ghp_" + "a1" * 18, "github_pat_" + "b2" * 20, "glpat-" + "c3" * 10)


@pytest.mark.parametrize("form", ["ssh://{}@h.org/p", "{}@h.org:p", "https://h.org/{}/p", "git@h.org:{}/p", "{}:p"])
@pytest.mark.parametrize("token", TOKENS)
def test_a_token_where_none_belongs_is_refused(form: str, token: str) -> None:
    with pytest.raises(SourceError, match="looks like a token") as caught:
        parse_location(form.format(token))
    assert token not in repr(caught.value)


def test_local_kinds_are_told_apart(tmp_path: Path, make_repository: MakeRepository) -> None:
    repository = make_repository("work")
    repository.commit({"a/b.txt": "x"})
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    (tmp_path / "plain").mkdir()
    kinds = {
        name: parse_location(str(tmp_path / name)) for name in ("work", "work/.git", "bare.git", "linked", "plain")
    }
    assert {name: location.kind.value for name, location in kinds.items()} == {
        "work": "repository",
        "work/.git": "repository",
        "bare.git": "repository",
        "linked": "repository",
        "plain": "folder",
    }
    assert source_id(kinds["work"]) == source_id(kinds["work/.git"])
    below = parse_location(str(repository.path / "a"))
    assert (below.kind, below.root, below.inside) == (LocationKind.REPOSITORY, repository.path, "a")
    assert below.subdir_from_root("x/y") == "a/x/y"
    with pytest.raises(SourceError, match="is a file"):
        parse_location(str(repository.path / "a" / "b.txt"))


def test_local_paths_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "link").symlink_to("plain")
    monkeypatch.chdir(tmp_path)
    paths = {parse_location(raw).canonical for raw in ("plain", "./plain/", "link", str(tmp_path / "plain"), "~/plain")}
    assert paths == {str((tmp_path / "plain").resolve())}


def test_a_path_wins_over_what_a_text_is_short_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team" / "app").mkdir(parents=True)
    assert parse_location("team/app").path == tmp_path / "team" / "app"
    with pytest.raises(SourceError, match="There is no 'team/other'"):
        parse_location("team/other")
    with pytest.raises(SourceError, match="There is no 'no-such-folder'"):
        parse_location("no-such-folder")
    with pytest.raises(SourceError, match="There is no 'a/b/c'"):
        parse_location("a/b/c")
    with pytest.raises(SourceError, match="web page"):
        parse_location("github.com/pallets/flask/tree/main/src")


def test_ids_tell_places_branches_and_sub_folders_apart() -> None:
    location = parse_location("https://h.org/p/f")
    ids = {
        source_id(location),
        source_id(location, "main"),
        source_id(location, None, "main"),
        source_id(location, "main", "src"),
        source_id(parse_location("git@h.org:p/f")),
        source_id(parse_location("ssh://git@h.org/p/f")),
    }
    assert len(ids) == 6
    assert all(len(identity) == 24 and set(identity) <= set("0123456789abcdef") for identity in ids)
    assert source_id(location, "", "src/") == source_id(location, None, "./src")


@pytest.mark.parametrize(
    ("raw", "subdir", "name"),
    [
        ("https://github.com/pallets/flask.git", None, "flask"),
        ("git@github.com:flask", None, "flask"),
        ("https://github.com/rails/rails", "railties", "rails-railties"),
        ("https://github.com/a/b", "packages/core/", "b-packages-core"),
        ("https://h.org/a/my%20tool", None, "my-tool"),
    ],
)
def test_names_are_short(raw: str, subdir: str | None, name: str) -> None:
    assert suggested_name(parse_location(raw), subdir) == name


@pytest.mark.parametrize(
    "branch", ["--upload-pack=x", "-b", "a..b", "a b", "a:b", "a^", "a~1", "HEAD@{1}", "/a", "a/", "x.lock", "a\n"]
)
def test_option_like_and_impossible_branches_are_refused(branch: str) -> None:
    with pytest.raises(SourceError, match="not a branch name"):
        check_branch(branch)


@pytest.mark.parametrize("subdir", ["/etc", "../x", "a/../../x", "-x", ".git", "a/.git/hooks", "a\nb", "a\\b"])
def test_sub_folders_that_leave_the_tree_are_refused(subdir: str) -> None:
    with pytest.raises(SourceError, match="not a sub-folder"):
        check_subdir(subdir)


@given(st.text(max_size=80))
def test_any_text_is_a_location_or_one_clear_line(raw: str) -> None:
    try:
        canonical = parse_location(raw).canonical
    except SourceError as error:
        canonical = error.message
    assert canonical
    assert not canonical.startswith("-")


@given(
    st.text(alphabet="abAB09-_.~", min_size=8, max_size=20), st.sampled_from(["{s}@", "u:{s}@", "{s}:x-oauth-basic@"])
)
def test_no_login_reaches_what_is_stored(secret: str, form: str) -> None:
    location = parse_location(f"https://{form.format(s='Zq' + secret)}example.org/team/project")
    assert "Zq" not in repr(location) + location.display + location.canonical + str(location.url)
