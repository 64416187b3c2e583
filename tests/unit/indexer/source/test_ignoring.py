"""What .gitignore files leave out: as git says, nearly so without git, in bounded time and of bounded files."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from indexer.source import ignoring
from indexer.source.ignoring import MAX_IGNORE_BYTES, MAX_PATTERN_BYTES, MAX_PATTERNS, IgnoreFiles

ROOT_LINES = b"build/\n*.log\n!keep.log\n/only.txt\n*\\ \n\\#odd\ndoc/**/*.tmp\n[bad\n"
SUB_LINES = b"\xef\xbb\xbf*.txt\r\n!/kept.txt\n"
PATHS = [
    "build/", "build.py", "a.log", "keep.log", "only.txt", "sub/", "x ", "#odd", "doc/", "[bad", "\\",
    "sub/a.txt", "sub/kept.txt", "sub/build/", "sub/only.txt", "doc/a/b/c.tmp", "doc/c.tmp", "c.tmp", "日本.log",
]  # fmt: skip


@pytest.fixture
def files() -> Iterator[IgnoreFiles]:
    with IgnoreFiles("the folder") as files:
        yield files


@pytest.fixture
def no_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def ask(files: IgnoreFiles, *paths: str) -> set[str]:
    return files.find_ignored(paths)


def ask_git(folder: Path, paths: Sequence[str]) -> set[str]:
    """Ask git itself, in a repository that is the folder."""
    for path in paths:
        where = folder / path
        where.mkdir(parents=True, exist_ok=True) if path.endswith("/") else where.parent.mkdir(
            parents=True, exist_ok=True
        )
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    asked = "".join(f"{path.rstrip('/')}\0" for path in paths).encode()
    command = ["git", "-C", str(folder), "check-ignore", "-z", "--stdin", "--no-index"]
    output = subprocess.run(command, input=asked, capture_output=True, check=False).stdout.decode()
    return {path for path in paths if path.rstrip("/") in output.split("\0")}


def test_it_is_what_git_says(files: IgnoreFiles, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".gitignore").write_bytes(ROOT_LINES)
    (tmp_path / "sub" / ".gitignore").write_bytes(SUB_LINES)
    files.add("", ROOT_LINES)
    files.add("sub/", SUB_LINES)
    found = ask(files, *PATHS)
    assert found == ask_git(tmp_path, PATHS)
    assert {"build/", "a.log", "sub/a.txt", "sub/build/", "doc/a/b/c.tmp", "日本.log"} <= found
    assert not {"keep.log", "sub/kept.txt", "build.py", "c.tmp"} & found
    assert files.notes == []


def test_with_git_every_pattern_and_every_name_counts(files: IgnoreFiles) -> None:
    files.add("", b"*a*b*c*d\n:(glob)*.py\n")
    assert ask(files, "1a2b3c4d", ":(glob)x.py", ":/x", ":!x", "*") == {"1a2b3c4d", ":(glob)x.py"}
    assert files.notes == []


@pytest.mark.usefixtures("no_git")
def test_without_git_it_is_the_same_but_for_lines_that_are_no_pattern(files: IgnoreFiles) -> None:
    files.add("", b"build/\n*.log\n!keep.log\n/only.txt\n\\\n")
    files.add("sub/", b"!a.log\n")
    assert ask(files, "build/", "a.log", "keep.log", "only.txt", "sub/a.log", "sub/b.log", "sub/only.txt") == {
        "build/", "a.log", "only.txt", "sub/b.log",
    }  # fmt: skip
    assert len(files.notes) == 1
    assert "is no pattern" in files.notes[0]


@pytest.mark.usefixtures("no_git")
def test_without_git_what_could_take_long_is_passed_over_and_named(files: IgnoreFiles) -> None:
    files.add("", b"*a*b*c*d\n**/x/**/y/**/z\n*.log\n")
    assert ask(files, "1a2b3c4d", "a.log") == {"a.log"}
    assert len(files.notes) == 2
    assert "*a*b*c*d" in files.notes[0]


def test_a_git_that_takes_too_long_is_not_waited_for(files: IgnoreFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ignoring, "GIT_SECONDS", 1e-9)
    monkeypatch.setattr(ignoring, "PATHS_PER_SECOND", 1e12)
    files.add("", b"*.log\n")
    assert ask(files, "a.log", "a.py") == {"a.log"}
    assert "git takes too long" in files.notes[0]


def test_long_files_and_long_lines_are_bounded_with_a_note(files: IgnoreFiles) -> None:
    files.add("", b"first.txt\n" + b"x" * (MAX_PATTERN_BYTES + 1) + b"\n" + b"y\n" * MAX_IGNORE_BYTES)
    files.add("many/", b"".join(b"%d.txt\n" % number for number in range(MAX_PATTERNS + 5)))
    assert ask(files, "first.txt", f"many/{MAX_PATTERNS - 1}.txt", f"many/{MAX_PATTERNS}.txt") == {
        "first.txt",
        f"many/{MAX_PATTERNS - 1}.txt",
    }
    assert [note.split()[0:2] for note in files.notes] == [["Of", ".gitignore"], ["Line", "2"], ["Of", ".gitignore"],
        ["Of", "many/.gitignore"]]  # fmt: skip


def test_without_a_gitignore_nothing_is_asked(files: IgnoreFiles) -> None:
    assert ask(files, "a.py") == set()
    files.add("", b"# nothing\n\n")
    assert ask(files, "a.py") == set()
