"""What a local repository can make git do to whoever works in it, and that reading it here does none of that.

Each bait leaves a file of its own name when it is taken. A first test takes them with plain git, so that the others
can fail.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from codesearch.core.config import load_settings
from codesearch.core.errors import SourceError
from codesearch.core.types import HEAD
from indexer.history.commits import first_parents, read_candidates
from indexer.history.repository import open_history
from indexer.source.opening import open_source, parse_location
from indexer.source.snapshot import Snapshot
from tests.unit.indexer.conftest import Repository

HOOKS = (
    "post-checkout", "post-index-change", "reference-transaction", "post-commit", "pre-auto-gc", "fsmonitor-watchman",
)  # fmt: skip
COMMANDS = (
    "core.askPass", "core.editor", "core.fsmonitor", "core.gitProxy", "core.pager", "core.sshCommand",
    "core.alternateRefsCommand", "credential.helper", "diff.evil.command", "diff.evil.textconv", "diff.external",
    "filter.one.clean", "filter.one.smudge", "filter.two.process", "gpg.program", "pager.log", "pager.diff",
    "remote.origin.uploadpack", "sequence.editor", "uploadpack.packObjectsHook",
)  # fmt: skip
FILES = {
    "a.txt": "one\n",
    "sub/b.md": "two\n",
    ".gitattributes": "*.txt filter=one diff=evil\n*.md filter=two\n",
}


class Bait:
    """A repository full of traps; `taken` are the names of those that somebody stepped into."""

    def __init__(self, repository: Repository, folder: Path) -> None:
        self.repository = repository
        self._folder = folder
        self._marks = folder / "marks"
        self._marks.mkdir(parents=True)
        repository.commit(FILES)
        self._sign_head()
        self._set_hooks()
        self._set_commands()
        self._set_objects()

    @property
    def taken(self) -> set[str]:
        return {path.name for path in self._marks.iterdir()}

    def command(self, name: str) -> str:
        """Return a program that leaves a mark, and passes its input on where git needs it."""
        script = self._folder / "scripts" / name
        script.parent.mkdir(exist_ok=True)
        passes_on = "cat\n" if name in ("filter.one.clean", "filter.one.smudge") else ""
        script.write_text(f"#!/bin/sh\ntouch '{self._marks / name}'\n{passes_on}")
        script.chmod(0o755)
        return str(script)

    def _sign_head(self) -> None:
        """Give the newest commit a signature, for which git would ask gpg.program."""
        head, message = self.repository.git("cat-file", "commit", "HEAD").split("\n\n", 1)
        signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
        signed = f"{head}\n{signature}\n\n{message}\n".encode()
        commit = self.repository.git("hash-object", "-t", "commit", "-w", "--stdin", content=signed)
        self.repository.git("update-ref", "refs/heads/main", commit)

    def _set_hooks(self) -> None:
        folder = self._folder / "hooks"
        folder.mkdir()
        for hook in HOOKS:
            for place in (folder, self.repository.path / ".git" / "hooks"):
                place.mkdir(exist_ok=True)
                (place / hook).symlink_to(self.command(f"hook-{hook}"))

    def _set_commands(self) -> None:
        """Set everything that runs a program, some of it through included files."""
        included = self._folder / "included"
        conditional = self._folder / "conditional"
        git = self.repository.git
        conditional.write_text(f"[core]\n\thooksPath = {self._folder / 'hooks'}\n")
        for key in COMMANDS:
            git("config", "--file", str(included), key, self.command(key))
        for key, value in (
            ("log.showSignature", "true"),
            ("protocol.ext.allow", "always"),
            ("remote.origin.url", f"ext::{self.command('ext')}"),
            (f"url.ext::{self.command('instead-of')} .insteadOf", "https://"),
            (f"includeIf.gitdir:{self.repository.path}/.path", str(conditional)),
            ("include.path", str(included)),
        ):
            git("config", key, value)

    def _set_objects(self) -> None:
        """Replace a file's content, and borrow objects from a repository that is as hostile."""
        git = self.repository.path / ".git"
        objects = {name: self._hash(content) for name, content in (("old", "one\n"), ("new", "replaced\n"))}
        (git / "refs" / "replace").mkdir(parents=True)
        (git / "refs" / "replace" / objects["old"]).write_text(objects["new"] + "\n")
        borrowed = self._folder / "borrowed.git"
        plain("init", "--quiet", "--bare", str(borrowed), cwd=self._folder)
        (borrowed / "config").write_text((git / "config").read_text())
        (git / "objects" / "info" / "alternates").write_text(f"{borrowed / 'objects'}\n")

    def _hash(self, content: str) -> str:
        done = plain("hash-object", "-w", "--no-filters", "--stdin", cwd=self.repository.path, content=content)
        return done.stdout.strip()


def plain(*arguments: str, cwd: Path, content: str = "") -> subprocess.CompletedProcess[str]:
    """Run git as somebody does who trusts the repository."""
    identity = {f"GIT_{role}_{part}": "t@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return subprocess.run(
        ["git", *arguments], cwd=cwd, env={**os.environ, **identity}, input=content, capture_output=True, text=True,
        check=False, timeout=30,
    )  # fmt: skip


@pytest.fixture
def bait(tmp_path: Path) -> Bait:
    return Bait(Repository(tmp_path / "bait"), tmp_path / "traps")


@contextlib.contextmanager
def opened(place: object, mirrors: Path, branch: str | None = None) -> Iterator[Snapshot]:
    location = parse_location(str(place))
    with open_source(location, branch=branch, subdir=None, mirrors_dir=mirrors, settings=load_settings()) as snapshot:
        yield snapshot


def read_everything(snapshot: Snapshot) -> dict[str, object]:
    found: dict[str, object] = {entry.path: content for entry, content in snapshot.read(snapshot.list_files())}
    snapshot.modified_times()
    return found


def test_plain_git_takes_the_bait(bait: Bait) -> None:
    folder = bait.repository.path
    (folder / "a.txt").write_text("three\n")
    # A filter process that ends at once ends git with it: it comes last.
    without_filter = ("-c", "filter.two.process=")
    for command in ("log -1", "status", "diff", "add .", "commit -m x", "checkout HEAD -- a.txt", "fetch origin"):
        plain(*without_filter, *command.split(), cwd=folder)
    plain("ls-remote", "https://127.0.0.1:1/x", cwd=folder)
    assert plain(*without_filter, "cat-file", "-p", "HEAD~1:a.txt", cwd=folder).stdout == "replaced\n"
    (folder / "sub" / "b.md").write_text("four\n")
    plain("add", ".", cwd=folder)
    expected = {"core.fsmonitor", "diff.evil.command", "ext", "filter.one.clean", "filter.one.smudge"}
    expected |= {"filter.two.process", "gpg.program", "instead-of"}
    expected |= {f"hook-{name}" for name in ("post-checkout", "post-commit", "post-index-change")}
    assert expected - bait.taken == set()


@pytest.mark.parametrize("form", ["{path}", "{path}/.git", "file://{path}", "file://{path}/.git"])
def test_reading_a_repository_runs_nothing_of_it(bait: Bait, tmp_path: Path, form: str) -> None:
    branches = (None, HEAD) if "://" not in form else (None,)
    for branch in branches:
        with opened(form.format(path=bait.repository.path), tmp_path / "mirrors", branch) as snapshot:
            assert read_everything(snapshot) == {path: content.encode() for path, content in FILES.items()}
    assert bait.taken == set()


def test_a_second_run_runs_nothing_of_it_either(bait: Bait, tmp_path: Path) -> None:
    folder = bait.repository.path
    for _ in range(2):
        with opened(bait.repository.url, tmp_path / "mirrors") as snapshot:
            read_everything(snapshot)
        made = plain("-c", "core.fsmonitor=", "commit-tree", "-p", "HEAD", "-m", "more", "HEAD^{tree}", cwd=folder)
        (folder / ".git" / "refs" / "heads" / "main").write_text(made.stdout)
    assert bait.taken == set()


def make_dirty(bait: Bait) -> dict[str, bytes]:
    """Change, stage and add files, all of which have filters; return what lies on disk."""
    folder = bait.repository.path
    (folder / "a.txt").write_text("changed\n")
    (folder / "new.txt").write_text("untracked\n")
    (folder / "sub" / "new.md").write_text("untracked, too\n")
    os.utime(folder / "sub" / "b.md")
    on_disk = {path: content.encode() for path, content in FILES.items()}
    changed = {"a.txt": b"changed\n", "new.txt": b"untracked\n", "sub/new.md": b"untracked, too\n"}
    return dict(sorted((on_disk | changed).items()))


def test_plain_git_takes_the_bait_of_a_dirty_work_tree(bait: Bait) -> None:
    make_dirty(bait)
    plain("-c", "filter.two.process=", "add", ".", cwd=bait.repository.path)
    assert {"core.fsmonitor", "filter.one.clean"} <= bait.taken


@pytest.mark.parametrize("place", ["", "sub"])
def test_reading_a_work_tree_runs_nothing_of_its_repository(bait: Bait, tmp_path: Path, place: str) -> None:
    on_disk = make_dirty(bait)
    with opened(bait.repository.path / place, tmp_path / "mirrors") as snapshot:
        found = read_everything(snapshot)
        assert found == {path: content for path, content in on_disk.items() if path.startswith(place)}
        assert set(snapshot.uncommitted(found) or ()) == {"a.txt", "new.txt", "sub/new.md"} & found.keys()
        assert snapshot.listing().skipped == ()
    assert bait.taken == set()


def test_a_work_tree_is_where_its_git_folder_is_whatever_that_says(bait: Bait, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.txt").write_text("secret\n")
    on_disk = make_dirty(bait)
    bait.repository.git("config", "core.worktree", str(elsewhere))
    with opened(bait.repository.path, tmp_path / "mirrors") as snapshot:
        assert read_everything(snapshot) == on_disk
    assert bait.taken == set()


def test_patterns_come_from_no_file_that_a_repository_names(
    bait: Bait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, own = tmp_path / "theirs", tmp_path / "own"
    theirs.write_text("*.md\n")
    own.write_text("new.txt\n")
    make_dirty(bait)
    bait.repository.git("config", "core.excludesFile", str(theirs))
    (tmp_path / "gitconfig").write_text(f"[core]\n\texcludesFile = {own}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    with opened(bait.repository.path, tmp_path / "mirrors") as snapshot:
        assert "sub/new.md" in read_everything(snapshot)
        (skipped,) = snapshot.listing().skipped
        assert (skipped.path, skipped.detail) == ("new.txt", f"{own}: new.txt")


def test_no_link_leads_out_of_a_work_tree(bait: Bait, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("b.md", "c.md"):
        (outside / name).write_text("secret\n")
    root = bait.repository.path
    (root / "sub").rename(tmp_path / "moved")
    (root / "sub").symlink_to(outside)
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to(outside / "c.md")
    with opened(root, tmp_path / "mirrors") as snapshot:
        assert read_everything(snapshot) == {".gitattributes": FILES[".gitattributes"].encode()}
        assert {(item.path, item.reason.value) for item in snapshot.listing().skipped} == {
            ("a.txt", "link"),
            ("sub", "link"),
        }
        assert snapshot.read_file("sub/b.md") is None
    location = parse_location(str(root))
    with pytest.raises(SourceError, match="no folder 'sub'"):
        open_source(location, branch=None, subdir="sub", mirrors_dir=tmp_path, settings=load_settings())


@pytest.mark.parametrize("name", [b"../x.txt", b".git/xyz", b".GIT/xyz", b"sub/./x1"])
def test_an_index_names_no_file_out_of_the_work_tree(bait: Bait, tmp_path: Path, name: bytes) -> None:
    """Written by hand: git makes no such entry."""
    root = bait.repository.path
    (root.parent / "x.txt").write_text("secret\n")
    (root / ".git" / "xyz").write_text("secret\n")
    (root / "zzzzzzzz").write_text("secret\n")
    plain("-c", "core.fsmonitor=", "update-index", "--add", "--cacheinfo", f"100644,{'1' * 40},zzzzzzzz", cwd=root)
    (root / "zzzzzzzz").unlink()
    index = root / ".git" / "index"
    content = index.read_bytes()[:-20].replace(b"zzzzzzzz", name)
    index.write_bytes(content + hashlib.sha1(content, usedforsecurity=False).digest())
    for mark in (tmp_path / "traps" / "marks").iterdir():
        mark.unlink()
    with contextlib.suppress(SourceError), opened(root, tmp_path / "mirrors") as snapshot:
        assert set(read_everything(snapshot)) <= {*FILES, "zzzzzzzz"}
        assert b"secret\n" not in read_everything(snapshot).values()
    assert bait.taken == set()


def test_a_git_file_leads_to_a_repository_of_which_nothing_runs(bait: Bait, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {bait.repository.path / '.git'}\n")
    (linked / "sub").mkdir()
    (linked / "sub" / "own.md").write_text("own\n")
    for place in (linked, linked / "sub"):
        with opened(place, tmp_path / "mirrors") as snapshot:
            assert read_everything(snapshot) == {"sub/own.md": b"own\n"}
    with opened(linked, tmp_path / "mirrors", HEAD) as snapshot:
        assert read_everything(snapshot) == {path: content.encode() for path, content in FILES.items()}
    assert bait.taken == set()


@pytest.mark.parametrize("form", ["{path}", "file://{path}"])
def test_reading_the_history_runs_nothing_of_it(bait: Bait, tmp_path: Path, form: str) -> None:
    place = parse_location(form.format(path=bait.repository.path))
    (tmp_path / "history").mkdir()
    history = open_history(place, branch=None, folder=tmp_path / "history", settings=load_settings())
    read_candidates(history.git, first_parents(history.git, history.tip, 5))
    assert bait.taken == set()


def test_a_missing_object_is_fetched_from_nowhere(bait: Bait, tmp_path: Path) -> None:
    git = bait.repository.git
    for key, value in (("extensions.partialClone", "origin"), ("remote.origin.promisor", "true")):
        git("config", key, value)
    blob = plain("--no-replace-objects", "rev-parse", "HEAD:a.txt", cwd=bait.repository.path).stdout.strip()
    (bait.repository.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for place, branch in ((bait.repository.path, None), (bait.repository.path, HEAD), (bait.repository.url, None)):
        with contextlib.suppress(SourceError), opened(place, tmp_path / "mirrors", branch) as snapshot:
            read_everything(snapshot)
    assert bait.taken == set()
    plain("--no-replace-objects", "cat-file", "-p", blob, cwd=bait.repository.path)
    assert "ext" in bait.taken


def test_nothing_is_written_to_a_repository_that_is_read(bait: Bait, tmp_path: Path) -> None:
    root = bait.repository.path

    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in sorted(root.rglob("*"))}

    make_dirty(bait)
    before = state()
    for place in (root, bait.repository.url, root / "sub"):
        with opened(place, tmp_path / "mirrors") as snapshot:
            read_everything(snapshot)
    assert state() == before
