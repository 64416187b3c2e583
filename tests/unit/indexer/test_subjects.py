"""What the index knows of what commits said: on first runs and later ones, of every kind of source, after trouble."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codesearch.core.config import load_settings
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.types import DataSource
from indexer.history.file_subjects import MOST_SUBJECTS
from indexer.history.questions import BASE_BRANCH, choose_questions
from indexer.history.repository import open_history
from indexer.history.subjects import clean_subject
from indexer.pipeline import IndexReport
from indexer.source.location import parse_location
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.history.history_repositories import AREAS, build_history, commit_as
from tests.unit.indexer.source.git_server import serve
from tests.unit.indexer.test_pipeline import Parts

BEGUN = {f"{name}.py": f"def {name}():\n    return 0\n" for name in ("cart", "refund", "sub/tax")}


@pytest.fixture
def open_parts(tmp_path: Path) -> Iterator[Callable[..., Parts]]:
    """Return a function that opens an indexer with settings, always with the same data folder unless it is named."""
    embedder = load_embedder(load_settings(embedding_model="bundled"))
    made: list[Parts] = []

    def open_at(folder: str = "data", **settings: int) -> Parts:
        made.append(Parts(tmp_path / folder, embedder, at_once_rows=None, **settings))
        return made[-1]

    yield open_at
    for parts in made:
        parts.catalog.close()


@pytest.fixture
def shop(make_repository: Callable[..., Repository]) -> Repository:
    repository = make_repository("shop")
    commit_as(repository, "Begin with all of it", BEGUN)
    commit_as(repository, "Add up what the cart holds", {"cart.py": "def cart():\n    return 1\n"})
    commit_as(
        repository, "Round taxes and carts", {"cart.py": "def cart():\n    return 2\n", "sub/tax.py": "tax = 1\n"}
    )
    return repository


KNOWN = {"cart.py": ["Round taxes and carts", "Add up what the cart holds"], "sub/tax.py": ["Round taxes and carts"]}


def index(
    parts: Parts, source: str | Path, branch: str | None = None, subdir: str | None = None, *, committed: bool = False
) -> IndexReport:
    return parts.indexer.index(
        str(source), name=None, branch=branch, subdir=subdir, progress=parts.progress(), committed=committed
    )


def known(parts: Parts, source: DataSource) -> dict[str, list[str]]:
    """Return path -> subjects, as the published segments have them, where the store's rows say the same."""
    current = parts.catalog.get_source(source.id)
    found = segments_say(parts, current)
    rows = {
        path: lines for part in parts.store.scan_rows(current.id, current.run_id) for b in part
        for path, lines in b.subjects.items()
    }  # fmt: skip
    borrowed = any(entry.lender for entry, _ in parts.search_indexes.open_parts(current.id, current.run_id))
    assert borrowed or rows == {path: "\n".join(lines) for path, lines in found.items()}
    return found


def segments_say(parts: Parts, source: DataSource) -> dict[str, list[str]]:
    pairs = (
        (path, segment.subjects_of(file))
        for path, segment, file in parts.search_indexes.get(source.id, source.run_id).files_below("")
    )
    return {path: lines.split("\n") for path, lines in pairs if lines}


@pytest.mark.parametrize("kind", ["work tree", "committed", "branch", "bare", "linked", "remote"])
def test_a_first_run_knows_what_was_said(open_parts: Callable[..., Parts], shop: Repository, kind: str) -> None:
    parts, source, branch = open_parts(), str(shop.path), None
    if kind == "branch":
        branch = "older"
        shop.git("branch", branch, "HEAD")
        commit_as(shop, "Say what is not on that branch", {"cart.py": "later = 1\n"})
    elif kind == "bare":
        source = str(shop.path.with_name("bare.git"))
        shop.git("clone", "--quiet", "--bare", str(shop.path), source)
    elif kind == "linked":
        source = str(shop.path.with_name("linked"))
        shop.git("worktree", "add", "--quiet", "--detach", source)
    elif kind == "remote":
        shop.git("config", "uploadpack.allowFilter", "true")
        source = shop.url
    assert known(parts, index(parts, source, branch, committed=kind == "committed").source) == KNOWN


@pytest.mark.parametrize("kind", ["subdir", "inside", "remote"])
def test_paths_below_a_sub_folder(open_parts: Callable[..., Parts], shop: Repository, kind: str) -> None:
    parts = open_parts()
    shop.git("config", "uploadpack.allowFilter", "true")
    if kind == "inside":
        report = index(parts, shop.path / "sub")
        assert known(parts, report.source) == {"tax.py": KNOWN["sub/tax.py"]}
    else:
        report = index(parts, shop.url if kind == "remote" else shop.path, subdir="sub")
        assert known(parts, report.source) == {"sub/tax.py": KNOWN["sub/tax.py"]}


@pytest.mark.parametrize("kind", ["work tree", "branch", "remote"])
def test_a_later_run_adds_what_was_said_since(open_parts: Callable[..., Parts], shop: Repository, kind: str) -> None:
    parts = open_parts()
    shop.git("config", "uploadpack.allowFilter", "true")
    source: str | Path = shop.url if kind == "remote" else shop.path
    branch = "main" if kind == "branch" else None
    index(parts, source, branch)
    commit_as(shop, "Give the cart a limit", {"cart.py": "def cart():\n    return 3\n", "new.py": "new = 1\n"})
    commit_as(shop, "Take the refund back", {"refund.py": None})
    commit_as(shop, "wip", {"sub/tax.py": "tax = 2\n"})
    report = index(parts, source, branch)
    expected = {
        "cart.py": ["Give the cart a limit", *KNOWN["cart.py"]],
        "new.py": ["Give the cart a limit"],
        "sub/tax.py": ["wip", *KNOWN["sub/tax.py"]],
    }
    assert known(parts, report.source) == {**KNOWN, **expected}
    assert (report.changed, report.removed) == (3, 1)
    # Nothing was said since: what was known stays.
    assert known(parts, index(parts, source, branch).source) == {**KNOWN, **expected}


def test_what_is_not_committed_keeps_what_was_said_before(open_parts: Callable[..., Parts], shop: Repository) -> None:
    parts = open_parts()
    (shop.path / "cart.py").write_text("def cart():\n    return 'not committed'\n")
    assert known(parts, index(parts, shop.path).source) == KNOWN
    for number in range(2):
        (shop.path / "sub" / "tax.py").write_text(f"tax = 'not committed {number}'\n")
        assert known(parts, index(parts, shop.path).source) == KNOWN
    commit_as(shop, "Commit what was changed", {})
    # As before on disk, so that nothing is read again.
    assert known(parts, index(parts, shop.path).source) == KNOWN


def test_one_changed_file_reads_no_more_than_the_log_since(
    open_parts: Callable[..., Parts], shop: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting, notes = tmp_path / "bin" / "git", tmp_path / "notes"
    noting.parent.mkdir()
    noting.write_text(f'#!/bin/sh\necho "$@" >> "{notes}"\nexec "{shutil.which("git")}" "$@"\n')
    noting.chmod(0o755)
    parts, first = open_parts(), shop.git("rev-parse", "HEAD")
    monkeypatch.setenv("PATH", f"{noting.parent}:{os.environ['PATH']}")
    index(parts, shop.path)
    index(parts, shop.path)
    (shop.path / "cart.py").write_text("cart = 1\n")
    index(parts, shop.path)
    second = commit_as(shop, "Give the cart a limit", {"cart.py": "cart = 2\n"})
    index(parts, shop.path)
    asked = [line.split()[-2] for line in notes.read_text().splitlines() if "--no-merges" in line]
    assert asked == [first, f"{first}..{second}"]


def test_a_rewritten_history_is_read_anew(open_parts: Callable[..., Parts], shop: Repository) -> None:
    parts = open_parts()
    index(parts, shop.path)
    shop.git("reset", "--quiet", "--soft", "HEAD~2")
    commit_as(shop, "Put both in one", {"cart.py": "def cart():\n    return 4\n"})
    shop.git("reflog", "expire", "--expire=now", "--all")
    shop.git("gc", "--quiet", "--prune=now")
    assert known(parts, index(parts, shop.path).source) == {**KNOWN, "cart.py": ["Put both in one"]}


def test_the_setting_says_how_many_commits(open_parts: Callable[..., Parts], shop: Repository) -> None:
    source = index(open_parts("one", history_commits=1), shop.path).source
    assert known(open_parts("one"), source) == {path: ["Round taxes and carts"] for path in KNOWN}
    off = open_parts("none", history_commits=0)
    assert known(off, index(off, shop.path).source) == {}
    # Switched on later: a file knows of all of them when it changes.
    on = open_parts("none")
    commit_as(shop, "Give the cart a limit", {"cart.py": "cart = 3\n"})
    assert known(on, index(on, shop.path).source) == {"cart.py": ["Give the cart a limit", *KNOWN["cart.py"]]}


def test_a_file_keeps_the_newest(open_parts: Callable[..., Parts], shop: Repository) -> None:
    parts = open_parts()
    for number in range(MOST_SUBJECTS):
        commit_as(shop, f"Count the cart up to {number}", {"cart.py": f"cart = {number}\n"})
    index(parts, shop.path)
    commit_as(shop, "Count no longer", {"cart.py": "cart = 'full'\n"})
    lines = known(parts, index(parts, shop.path).source)["cart.py"]
    assert (len(lines), lines[0], lines[-1]) == (MOST_SUBJECTS, "Count no longer", "Count the cart up to 1")


@pytest.mark.parametrize("filters", [True, False])
def test_a_remote_without_filters_is_indexed_without(
    open_parts: Callable[..., Parts], shop: Repository, *, filters: bool
) -> None:
    shop.git("config", "uploadpack.allowFilter", str(filters).lower())
    parts = open_parts()
    report = index(parts, shop.url)
    assert report.changed == len(BEGUN)
    assert known(parts, report.source) == (KNOWN if filters else {})
    folder = parts.settings.data_dir / "histories" / report.source.id
    assert ([path.name for path in folder.iterdir()] == ["refused"]) is not filters


def test_a_history_that_cannot_be_had_fails_no_run(
    open_parts: Callable[..., Parts], shop: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    shop.git("config", "uploadpack.allowFilter", "true")
    parts = open_parts()
    index(parts, shop.url)
    commit_as(shop, "Give the cart a limit", {"cart.py": "cart = 3\n"})
    histories = parts.settings.data_dir / "histories"
    histories.rename(histories.with_name("aside"))
    histories.write_text("a file where a folder belongs")
    with caplog.at_level(logging.WARNING):
        report = index(parts, shop.url)
    assert [record.message for record in caplog.records if "history" in record.message] == [
        f"the history is not read, files keep what was known of them: The history {histories / report.source.id} "
        "cannot be written: File exists."
    ]
    assert (report.changed, known(parts, report.source)) == (1, KNOWN)


def test_a_local_history_that_is_broken_fails_no_run(
    open_parts: Callable[..., Parts], shop: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    tree = shop.git("rev-parse", "HEAD~1^{tree}")
    (shop.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    parts = open_parts()
    with caplog.at_level(logging.WARNING):
        report = index(parts, shop.path)
    assert (report.changed, known(parts, report.source)) == (len(BEGUN), {})
    assert any("the history is not read" in record.message for record in caplog.records)


def test_a_folder_without_git_says_nothing(open_parts: Callable[..., Parts], tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "cart.py").write_text("cart = 1\n")
    parts = open_parts()
    assert known(parts, index(parts, folder).source) == {}


def test_what_another_source_lends_knows_what_was_said(open_parts: Callable[..., Parts], shop: Repository) -> None:
    parts = open_parts()
    index(parts, shop.path)
    shop.git("branch", "other")
    shop.git("checkout", "--quiet", "other")
    commit_as(shop, "Give the cart a limit", {"cart.py": "cart = 3\n"})
    report = index(parts, shop.path, branch="other")
    assert report.shared_with is not None
    expected = {**KNOWN, "cart.py": ["Give the cart a limit", *KNOWN["cart.py"]]}
    assert known(parts, report.source) == expected
    commit_as(shop, "Take the limit away", {"cart.py": "cart = 4\n", "sub/tax.py": "tax = 3\n"})
    report = index(parts, shop.path, branch="other")
    assert known(parts, report.source) == {
        "cart.py": ["Take the limit away", *expected["cart.py"]],
        "sub/tax.py": ["Take the limit away", *KNOWN["sub/tax.py"]],
    }


def test_lost_search_files_are_made_again_with_them(open_parts: Callable[..., Parts], shop: Repository) -> None:
    parts = open_parts()
    source = index(parts, shop.path).source
    for path in (parts.settings.data_dir / "search" / source.id).glob("*.segment"):
        path.unlink()
    again = open_parts()
    again.search_indexes.prepare(source.id, source.run_id)
    assert known(again, source) == KNOWN


def test_many_small_segments_are_joined_with_them(open_parts: Callable[..., Parts], shop: Repository) -> None:
    parts = open_parts(segment_chunks=16)
    for number in range(12):
        commit_as(shop, f"Add part {number} of it", {f"part_{number}.py": f"part = {number}\n"})
    index(parts, shop.path)
    for number in range(12):
        commit_as(shop, f"Change part {number} of it", {f"part_{number}.py": f"part = -{number}\n"})
        report = index(parts, shop.path)
    parts_known = {
        f"part_{number}.py": [f"Change part {number} of it", f"Add part {number} of it"] for number in range(12)
    }
    assert known(parts, report.source) == {**KNOWN, **parts_known}


def test_after_a_kill_files_are_not_told_twice(open_parts: Callable[..., Parts], shop: Repository) -> None:
    parts = open_parts()
    index(parts, shop.path)
    commit_as(shop, "Give the cart a limit", {"cart.py": "cart = 3\n"})

    def kill() -> None:
        raise KeyboardInterrupt

    parts.interrupt = kill
    with pytest.raises(KeyboardInterrupt):
        index(parts, shop.path)
    parts.interrupt = None
    commit_as(shop, "Round the cart once more", {"cart.py": "cart = 4\n"})
    report = index(parts, shop.path)
    expected = ["Round the cart once more", "Give the cart a limit", *KNOWN["cart.py"]]
    assert known(parts, report.source) == {**KNOWN, "cart.py": expected}


def test_a_login_fetches_the_history_and_is_kept_nowhere(
    open_parts: Callable[..., Parts], shop: Repository, tmp_path: Path
) -> None:
    shop.git("config", "uploadpack.allowFilter", "true")
    parts = open_parts()
    with serve(tmp_path, ("bob", "sesame-sesame")) as server:
        report = index(parts, f"http://bob:sesame-sesame@{server.address}/shop/.git")
    assert known(parts, report.source) == KNOWN
    folder = parts.settings.data_dir / "histories"
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert written
    for secret in (b"sesame", b"bob", server.address.encode()):
        assert secret not in written


def test_the_history_of_an_earlier_commit_ends_there(
    open_parts: Callable[..., Parts], make_repository: Callable[..., Repository], tmp_path: Path
) -> None:
    """As `codesearch evaluate` indexes it: what it asks must not be in the index."""
    repository = make_repository("evaluated")
    build_history(repository)
    (tmp_path / "ours").mkdir()
    location = parse_location(str(repository.path))
    history = open_history(location, branch=None, folder=tmp_path / "ours", settings=load_settings())
    chosen = choose_questions(history, lambda file: [], count=10, since=None, subdir=None, max_file_bytes=1 << 20)
    parts = open_parts()
    found = known(parts, index(parts, history.path, branch=BASE_BRANCH).source)
    said = {clean_subject(line) for lines in found.values() for line in lines}
    steps = [*((area, 2) for area in AREAS), *((area, 3) for area in AREAS[:2])]
    assert said == {f"Round the {area} total, step {step}" for area, step in steps}
    assert not said & {question.text for question in chosen.questions}
