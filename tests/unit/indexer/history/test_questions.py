"""Questions from real git histories: which commit, which files, which definitions, and nothing written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.core.config import load_settings
from codesearch.core.errors import SourceError
from indexer.chunking.chunker import Chunker
from indexer.history import repository as history_repository
from indexer.history.questions import BASE_BRANCH, History, choose_questions
from indexer.history.repository import HistoryRepository, open_history
from indexer.source.location import parse_location
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.history.history_repositories import AREAS, build_history, commit_as, module

MakeRepository = Callable[..., Repository]


def opened(source: object, folder: Path, branch: str | None = None) -> HistoryRepository:
    folder.mkdir(exist_ok=True)
    return open_history(parse_location(str(source)), branch=branch, folder=folder, settings=load_settings())


def chosen(
    repository: HistoryRepository, count: int = 8, *, since: str | None = None, subdir: str | None = None
) -> History:
    chunker = Chunker(lambda texts: [len(text) // 4 for text in texts], 400)
    return choose_questions(
        repository, chunker.chunk, count=count, since=since, subdir=subdir, max_file_bytes=1_000_000
    )


def files_below(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_newest_commits_are_asked_of_the_tree_before_them(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    later = build_history(repository)
    repository_of_ours = opened(repository.path, tmp_path / "ours")
    found = chosen(repository_of_ours, 8)
    assert found.base == later[-9]
    assert found.tip == later[-1]
    assert [question.commit for question in found.questions] == later[-8:]
    assert [question.text for question in found.questions][:2] == [
        "Round the cart total, step 4",
        "Round the invoice total, step 4",
    ]
    first = found.questions[0]
    assert first.files == ("shop/cart.py",)
    assert [(symbol.name, symbol.ranges) for symbol in first.symbols] == [("compute_cart_total", ((4, 6),))]
    assert first.lines == (("shop/cart.py", 6, 6),)
    assert repository_of_ours.git.require("rev-parse", f"refs/heads/{BASE_BRANCH}").decode().strip() == found.base


def test_lines_are_those_of_the_tree_that_is_asked(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    base = commit_as(repository, "Start the shop", {"cart.py": module("cart")})
    commit_as(repository, "Explain where the cart comes from", {"cart.py": module("cart", head="# one\n# two\n")})
    commit_as(repository, "Round the total up", {"cart.py": module("cart", 2, head="# one\n# two\n")})
    found = chosen(opened(repository.path, tmp_path / "ours"), 2, since=base[:10])
    assert found.base == base
    assert [question.lines for question in found.questions] == [(("cart.py", 1, 1),), (("cart.py", 6, 6),)]
    assert [symbol.name for symbol in found.questions[1].symbols] == ["compute_cart_total"]


def test_files_that_came_later_cannot_be_found(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    base = commit_as(repository, "Start the shop", {"cart.py": module("cart")})
    commit_as(repository, "Teach the shop refunds", {"refund.py": module("refund")})
    commit_as(repository, "Round the refund total", {"refund.py": module("refund", 2)})
    both = commit_as(
        repository, "Round every total twice", {name: module(name[:-3], 3) for name in ("cart.py", "refund.py")}
    )
    found = chosen(opened(repository.path, tmp_path / "ours"), 1, since=base)
    assert [(question.commit, question.files) for question in found.questions] == [(both, ("cart.py",))]


def test_the_earlier_commit_moves_back_until_enough_files_were_there(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    repository = make_repository()
    later = build_history(repository)
    # The newest commits ask about a file that came with the first of them.
    commit_as(
        repository, "Teach the shop vouchers", {"voucher.py": module("voucher"), "shop/cart.py": module("cart", 90)}
    )
    for number in range(2, 5):
        commit_as(repository, f"Round the voucher total, step {number}", {"voucher.py": module("voucher", number)})
    found = chosen(opened(repository.path, tmp_path / "ours"), 4)
    assert len(found.questions) == 4
    assert all("voucher.py" not in question.files for question in found.questions)
    assert found.base in later


def test_what_a_merge_brought_in_is_asked_and_the_merge_is_not(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    base = commit_as(repository, "Start the shop", {f"{area}.py": module(area) for area in AREAS})
    repository.git("checkout", "--quiet", "-b", "topic")
    on_branch = commit_as(repository, "Round the cart total", {"cart.py": module("cart", 2)})
    repository.git("checkout", "--quiet", "main")
    on_main = commit_as(repository, "Round the invoice total", {"invoice.py": module("invoice", 2)})
    repository.git("merge", "--quiet", "--no-ff", "--message=Join the two lines of work", "topic")
    found = chosen(opened(repository.path, tmp_path / "ours"), 2)
    assert found.base == base
    assert [question.commit for question in found.questions] == [on_main, on_branch]


def test_only_small_commits_of_people_to_source_are_asked(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    names = [f"part{number}.py" for number in range(7)]
    base = commit_as(
        repository, "Start the shop", {**{name: module("cart") for name in names}, "README.md": "# Shop\n"}
    )
    commit_as(repository, "Change every part at once", {name: module("cart", 2) for name in names})
    commit_as(repository, "Explain the shop in words", {"README.md": "# The shop\n"})
    commit_as(repository, "Round the total as asked", {names[0]: module("cart", 3)}, author="dependabot[bot]")
    commit_as(repository, "Bump version to 2.0", {names[0]: module("cart", 4)})
    wanted = commit_as(repository, "fix(cart): round the total up (#12)", {names[0]: module("cart", 5)})
    again = commit_as(repository, "Round the total up", {names[0]: module("cart", 6)})
    found = chosen(opened(repository.path, tmp_path / "ours"), 1, since=base)
    assert wanted != again
    assert [(question.commit, question.text) for question in found.questions] == [(again, "Round the total up")]


def test_a_sub_folder_is_asked_about_itself(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    files = {f"{folder}/cart.py": module("cart") for folder in ("shop", "admin")}
    base = commit_as(repository, "Start both programs", files)
    commit_as(repository, "Round the total for customers", {"shop/cart.py": module("cart", 2)})
    commit_as(repository, "Round the total for clerks", {"admin/cart.py": module("cart", 2)})
    found = chosen(opened(repository.path, tmp_path / "ours"), 1, since=base, subdir="admin")
    assert [question.text for question in found.questions] == ["Round the total for clerks"]


def test_a_sub_folder_that_was_not_there_yet_is_said(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    base = commit_as(repository, "Start the shop", {"shop/cart.py": module("cart")})
    commit_as(repository, "Start the office", {"admin/cart.py": module("cart")})
    with pytest.raises(SourceError, match=f"no folder 'admin' yet in .* at commit {base}; choose a later one"):
        chosen(opened(repository.path, tmp_path / "ours"), 1, since=base, subdir="admin")
    with pytest.raises(SourceError, match="gives 0 questions: "):
        chosen(opened(repository.path, tmp_path / "ours"), 1, subdir="admin")


def test_files_that_are_not_indexed_are_no_answers(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    vendored = {"node_modules/x/cart.py": module("cart"), "cart.py": module("cart")}
    base = commit_as(repository, "Start the shop", vendored)
    commit_as(repository, "Round the borrowed total", {"node_modules/x/cart.py": module("cart", 2)})
    commit_as(repository, "Round both totals up", {path: module("cart", 3) for path in vendored})
    found = chosen(opened(repository.path, tmp_path / "ours"), 1, since=base)
    assert [question.files for question in found.questions] == [("cart.py",)]


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_remote_is_fetched_deeper_until_there_is_enough(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, object_format: str
) -> None:
    monkeypatch.setattr(history_repository, "FIRST_DEPTH", 3)
    repository = make_repository(object_format=object_format)
    later = build_history(repository)
    ours = opened(repository.url, tmp_path / "ours")
    assert ours.is_shallow()
    found = chosen(ours, 8)
    assert [question.commit for question in found.questions] == later[-8:]
    assert [symbol.name for symbol in found.questions[0].symbols] == ["compute_cart_total"]


def test_a_commit_named_by_hand_is_fetched_too(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_repository, "FIRST_DEPTH", 2)
    repository = make_repository()
    later = build_history(repository)
    found = chosen(opened(repository.url, tmp_path / "ours"), 5, since=later[2])
    assert (found.base, len(found.questions)) == (later[2], 5)


def test_a_branch_has_its_own_history(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    build_history(repository, 1)
    repository.git("checkout", "--quiet", "-b", "next")
    newest = commit_as(repository, "Round the refund total once more", {"shop/refund.py": module("refund", 70)})
    repository.git("checkout", "--quiet", "main")
    for number, source in enumerate((repository.path, repository.url)):
        found = chosen(opened(source, tmp_path / f"ours{number}", branch="next"), 1)
        assert [question.commit for question in found.questions] == [newest]


def test_the_repository_itself_is_not_written_to(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    build_history(repository)
    repository.git("status")
    before = files_below(repository.path)
    chosen(opened(repository.path, tmp_path / "ours"), 8)
    assert files_below(repository.path) == before


def test_a_linked_work_tree_has_the_history_of_its_repository(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    later = build_history(repository)
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), later[7])
    found = chosen(opened(tmp_path / "linked", tmp_path / "ours"), 4)
    assert found.tip == later[7]


def test_a_plain_folder_has_no_history(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError, match="plain folder without git history; evaluate a data source"):
        opened(tmp_path / "folder", tmp_path / "ours")


def test_a_short_history_is_too_little(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    build_history(repository, 1)
    with pytest.raises(SourceError, match=r"gives [0-4] questions: .* At least 10 are needed"):
        chosen(opened(repository.path, tmp_path / "ours"), 100)


def test_a_shallow_clone_says_what_it_lacks(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    later = build_history(repository)
    repository.git("clone", "--quiet", "--depth=6", repository.url, str(tmp_path / "shallow"))
    with pytest.raises(SourceError, match="shallow clone; run git fetch --unshallow there, or index its clone URL"):
        chosen(opened(tmp_path / "shallow", tmp_path / "ours"), 100)
    # What is there is enough for fewer.
    assert [q.commit for q in chosen(opened(tmp_path / "shallow", tmp_path / "more"), 5).questions] == later[-5:]


def test_a_partial_clone_says_what_to_do(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    build_history(repository, 1)
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("clone", "--quiet", "--filter=blob:none", repository.url, str(tmp_path / "partial"))
    with pytest.raises(SourceError, match=r"partial clone.*git fetch --refetch --no-filter"):
        opened(tmp_path / "partial", tmp_path / "ours")


@pytest.mark.parametrize(
    ("since", "message"),
    [
        ("main", "'main' is not a commit id"),
        ("--all", "'--all' is not a commit id"),
        ("0123456789", "There is no commit 0123456789 in the history"),
    ],
)
def test_a_wrong_commit_is_named(make_repository: MakeRepository, tmp_path: Path, since: str, message: str) -> None:
    repository = make_repository()
    build_history(repository, 1)
    for number, source in enumerate((repository.path, repository.url)):
        with pytest.raises(SourceError, match=message):
            chosen(opened(source, tmp_path / f"ours{number}"), 2, since=since)


def test_a_commit_beside_the_history_is_refused(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    build_history(repository, 1)
    repository.git("checkout", "--quiet", "-b", "aside")
    aside = commit_as(repository, "Go another way", {"shop/cart.py": module("cart", 50)})
    repository.git("checkout", "--quiet", "main")
    with pytest.raises(SourceError, match=f"Commit {aside} is not before the newest commit"):
        chosen(opened(repository.path, tmp_path / "ours"), 2, since=aside)


def test_too_few_since_a_commit_says_so(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    later = build_history(repository)
    with pytest.raises(SourceError, match=r"gives 3 questions: .* Choose an earlier commit, or leave out --since"):
        chosen(opened(repository.path, tmp_path / "ours"), 100, since=later[-4])


def test_odd_file_names_survive(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository()
    names = ["with space.py", "-dash.py", "überall.py", os.fsdecode(b"latin-\xe9.py")]
    base = commit_as(repository, "Start the shop", {name: module("cart") for name in names})
    for name in names:
        commit_as(repository, f"Round the total in file {names.index(name)}", {name: module("cart", 2)})
    found = chosen(opened(repository.path, tmp_path / "ours"), 3, since=base)
    there = {question.files[0]: [symbol.name for symbol in question.symbols] for question in found.questions}
    assert there == {name: ["compute_cart_total"] for name in names[:3]}
