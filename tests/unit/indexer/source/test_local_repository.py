"""Local repositories in odd states: each gives one error that names what is wrong and what to do, or is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.core.config import load_settings
from codesearch.core.errors import SourceError
from indexer.source.git import Git
from indexer.source.local_repository import is_partial_clone
from indexer.source.opening import Snapshot, open_source, parse_location
from tests.unit.indexer.conftest import Repository

MakeRepository = Callable[..., Repository]


def open_at(place: object, folder: Path, branch: str | None = "main") -> Snapshot:
    location = parse_location(str(place))
    return open_source(location, branch=branch, subdir=None, mirrors_dir=folder / "mirrors", settings=load_settings())


@pytest.fixture
def partial(make_repository: MakeRepository, tmp_path: Path) -> Path:
    """A bare partial clone that holds no content of any file."""
    origin = make_repository()
    origin.commit({"a.txt": "one", "b.txt": "two"})
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("clone", "--quiet", "--bare", "--filter=blob:none", origin.url, str(tmp_path / "partial.git"))
    return tmp_path / "partial.git"


@pytest.fixture
def forgetful_git(partial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a git on the PATH that takes what a partial clone lacks for lost, as git does from 2.45 on.

    Older ones try to fetch it, whatever GIT_NO_LAZY_FETCH says, wherever a remote promises it: they are shown a copy
    without one, but for what is asked about the configuration.
    """
    real = shutil.which("git")
    unpromised = tmp_path / "unpromised.git"
    shutil.copytree(partial, unpromised)
    (unpromised / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    folder = tmp_path / "forgetful"
    folder.mkdir()
    (folder / "git").write_text(
        f"""#!/bin/sh
case " $* " in
*" config "*) ;;
*) for word in "$@"; do
    shift
    test "$word" = "--git-dir={partial}" && word="--git-dir={unpromised}"
    set -- "$@" "$word"
done ;;
esac
exec "{real}" "$@"
"""
    )
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("forgetful_git")
def test_what_a_partial_clone_lacks_is_an_error_and_not_a_file_less(partial: Path, tmp_path: Path) -> None:
    with open_at(partial, tmp_path) as snapshot, pytest.raises(SourceError, match=r"partial clone.*--refetch"):
        snapshot.listing()


@pytest.mark.usefixtures("forgetful_git")
def test_what_goes_missing_while_a_partial_clone_is_read_is_an_error(partial: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.git"
    shutil.copytree(tmp_path / "origin" / ".git", whole)
    with open_at(whole, tmp_path) as snapshot:
        entries = snapshot.list_files()
    with open_at(partial, tmp_path) as snapshot, pytest.raises(SourceError, match="partial clone"):
        list(snapshot.read(entries))


def test_a_partial_clone_whose_remote_is_gone_is_one_all_the_same(partial: Path, tmp_path: Path) -> None:
    git = Git(partial, display="partial")
    git.require("config", "--remove-section", "remote.origin")
    assert is_partial_clone(git)
    with open_at(partial, tmp_path) as snapshot, pytest.raises(SourceError, match="partial clone"):
        snapshot.listing()


def test_a_whole_clone_is_not_partial(make_repository: MakeRepository) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    assert not is_partial_clone(Git(origin.path / ".git", display="origin"))


def test_a_lost_alternate_is_named(make_repository: MakeRepository, tmp_path: Path) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    origin.git("clone", "--quiet", "--shared", str(origin.path), str(tmp_path / "borrower"))
    origin.path.rename(tmp_path / "moved")
    for place in (tmp_path / "borrower", f"file://{tmp_path}/borrower"):
        for branch in ("main", None):
            with pytest.raises(SourceError, match=rf"borrows objects from {origin.path}/\.git/objects, which is not"):
                open_at(place, tmp_path, branch).listing()


def test_a_commit_that_is_lost_is_no_empty_repository(make_repository: MakeRepository, tmp_path: Path) -> None:
    origin = make_repository()
    commit = origin.commit({"a.txt": "one"})
    (origin.path / ".git" / "objects" / commit[:2] / commit[2:]).unlink()
    with pytest.raises(SourceError, match=r"lacks objects of its commits; run git fsck"):
        open_at(origin.path, tmp_path)


def test_a_tag_of_something_else_is_named(make_repository: MakeRepository, tmp_path: Path) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    origin.git("tag", "v1", "HEAD:a.txt")
    with pytest.raises(SourceError, match=r"'v1' of .* names a blob, not a commit"):
        open_at(origin.path, tmp_path, "v1")


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"core.repositoryFormatVersion": "1", "extensions.madeUpFormat": "x"}, "madeupformat"),
        ({"core.repositoryFormatVersion": "99"}, "Expected git repo version"),
    ],
)
def test_a_form_that_git_does_not_know_is_named(
    settings: dict[str, str], what: str, make_repository: MakeRepository, tmp_path: Path
) -> None:
    """What reftable is to a git before 2.45, an extension that nobody has is to every git."""
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    for key, value in settings.items():
        origin.git("config", key, value)
    with pytest.raises(SourceError, match=rf"cannot read \({what}.*install a newer git") as caught:
        open_at(origin.path, tmp_path)
    assert "\n" not in caught.value.message


def test_reftable_is_read_or_named(make_repository: MakeRepository, tmp_path: Path) -> None:
    """Written by hand: gits before 2.45 cannot make it. Those that know it find no reference in it."""
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    git = origin.path / ".git"
    (git / "HEAD").write_text("ref: refs/heads/.invalid\n")
    (git / "config").write_text("[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefstorage = reftable\n")
    (git / "reftable").mkdir()
    (git / "reftable" / "tables.list").write_text("")
    with pytest.raises(SourceError, match=r"\(refstorage\); install a newer git|no branch|no commits"):
        open_at(origin.path, tmp_path)
