"""What commits said of each file: as written, the newest first, without those of programs, and not without end."""

from __future__ import annotations

from collections.abc import Callable

from indexer.history.file_subjects import MOST_CHARACTERS, MOST_SUBJECTS, read_subjects
from indexer.source.git import Git
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.history.history_repositories import commit_as


def subjects_of(
    repository: Repository, most: int = 10_000, own_path: Callable[[str], str | None] = str
) -> dict[str, list[str]]:
    return read_subjects(Git(repository.path / ".git", display="origin"), "HEAD", most, own_path)


def test_subjects_are_as_written_and_in_order(make_repository: Callable[..., Repository]) -> None:
    repository = make_repository()
    commit_as(repository, "Begin with all of it", {"a.py": "0"})
    commit_as(repository, "fix(upload): retry after a timeout (#12)", {"a.py": "1", "b.py": "1"})
    commit_as(repository, "Bump the version to 1.2.3", {"a.py": "2"})
    commit_as(repository, "Update the lock file again", {"a.py": "3"}, author="renovate[bot]")
    commit_as(repository, "wip", {"a.py": "4"})
    commit_as(repository, "Close what was opened", {"a.py": "5"})
    commit_as(repository, f"Say {'x' * MOST_CHARACTERS} of it", {"a.py": "6"})
    assert subjects_of(repository) == {
        "a.py": [
            "Close what was opened",
            "wip",
            "Bump the version to 1.2.3",
            "fix(upload): retry after a timeout (#12)",
        ],
        "b.py": ["fix(upload): retry after a timeout (#12)"],
    }


def test_paths_outside_the_source_do_not_count(make_repository: Callable[..., Repository]) -> None:
    repository = make_repository()
    commit_as(repository, "Begin with all of it", {"x": "0"})
    commit_as(repository, "Change both of them", {"sub/a.py": "1", "b.py": "1"})
    found = subjects_of(repository, own_path=lambda path: path[4:] if path.startswith("sub/") else None)
    assert found == {"a.py": ["Change both of them"]}


def test_a_file_that_changes_all_the_time_keeps_the_newest(make_repository: Callable[..., Repository]) -> None:
    repository = make_repository()
    commit_as(repository, "Begin with all of it", {"list": "0"})
    for number in range(MOST_SUBJECTS + 3):
        commit_as(repository, f"Add entry number {number}", {"list": str(number + 1)})
    expected = [f"Add entry number {number}" for number in range(MOST_SUBJECTS + 2, 2, -1)]
    assert subjects_of(repository)["list"] == expected
    assert subjects_of(repository, most=2)["list"] == expected[:2]
