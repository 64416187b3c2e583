"""Sources into the store: what is asked for is there, line by line, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codesearch.assembly import Assembly
from codesearch.core.errors import SourceError
from codesearch.core.types import SourceState
from indexer.pipeline import preview_source
from tests.e2e.conftest import IndexSource, Repository
from tests.e2e.evidence import ask, check_rows_match, read_indexed, read_rows
from tests.unit.indexer.conftest import FIRST_COMMIT_AT

FIXTURES = Path(__file__).parents[2] / "fixtures" / "repos"
CLIENT = "# A client.\n\n\nclass Client:\n    def retry(self):\n        return 1\n\n    def stop(self):\n        pass\n"
GUIDE = "# Guide\n\nHow to use it.\n\n\n## Retrying\n\nCall retry.\n"
WINDOWS = "def first():\r\n    return 1\r\n\r\n\r\ndef second():\r\n    return 2\r\n"
FILES: dict[str, str | bytes | None] = {
    "src/client.py": CLIENT,
    "docs/guide.md": GUIDE,
    "src/windows.py": WINDOWS,
    "src/mark.py": b"\xef\xbb\xbfWITH_MARK = 1\n",
    "src/wide.txt": "gr\u00fc\u00dfe\nzwei\n".encode("utf-16"),
    "src/western.txt": "caf\u00e9 cr\u00e8me\n".encode("latin-1"),
    "no_newline.sh": "echo one\necho two",
    "logo.png": b"\x89PNG\r\n\x1a\n\0\0\0",
    "node_modules/left/index.js": "module.exports = 1\n",
    "empty.py": b"",
}
TEXTS = {
    "src/client.py": CLIENT,
    "docs/guide.md": GUIDE,
    "src/windows.py": WINDOWS,
    "src/mark.py": "WITH_MARK = 1\n",
    "src/wide.txt": "gr\u00fc\u00dfe\nzwei\n",
    "src/western.txt": "caf\u00e9 cr\u00e8me\n",
    "no_newline.sh": "echo one\necho two",
}


def write_folder(folder: Path) -> Path:
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert content is not None
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "origin")
    made.commit(FILES)
    return made


@pytest.mark.parametrize("kind", ["clone URL", "local repository", "folder"])
def test_every_kind_of_source_is_indexed_line_by_line(
    kind: str, repository: Repository, tmp_path: Path, assembly: Assembly, index_source: IndexSource
) -> None:
    commit = repository.git("rev-parse", "HEAD")
    given_by_kind = {"clone URL": repository.url, "local repository": repository.path}
    report = index_source(given_by_kind[kind] if kind in given_by_kind else write_folder(tmp_path / "plain"))

    rows = read_rows(assembly)
    check_rows_match(rows, TEXTS)
    assert {row["data_source_id"] for row in rows.values()} == {report.source.id}
    assert {row["commit"] for row in rows.values()} == {"" if kind == "folder" else commit}
    assert all(row["last_modified"] >= FIRST_COMMIT_AT for row in rows.values())
    assert report.source.state is SourceState.READY
    assert report.source.commit == (None if kind == "folder" else commit)
    assert (report.source.file_count, report.source.chunk_count) == (len(TEXTS), len(rows))
    assert (report.changed, report.embedded_chunks) == (len(TEXTS), len(rows))
    assert {"binary", "vendored", "empty"} <= set(report.skipped)
    assert (report.source.id, report.source.type) == (report.source.id.lower(), "repository")
    hit = ask(assembly, report.source.id, "retry")[0]
    assert (hit.chunk.path, hit.chunk.symbol) == ("src/client.py", "Client.retry")


def test_times_come_from_the_commits_that_touched_the_files(
    repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    repository.commit({"src/new.py": "NEW = 1\n"})
    index_source(repository.path)
    times = {row["path"]: row["last_modified"] for row in read_rows(assembly).values()}
    assert times["src/client.py"] == FIRST_COMMIT_AT
    assert times["src/new.py"] == FIRST_COMMIT_AT + 3600


@pytest.mark.parametrize("remote", [True, False])
def test_branch_and_subdir_make_their_own_data_sources(
    remote: bool, repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    repository.git("checkout", "--quiet", "-b", "feature/x")
    other = repository.commit({"src/client.py": "class Other:\n    pass\n", "docs/guide.md": None})
    repository.git("checkout", "--quiet", "main")
    given = repository.url if remote else repository.path

    whole = index_source(given)
    branch = index_source(given, branch="feature/x")
    subdir = index_source(given, subdir="docs")

    assert len({whole.source.id, branch.source.id, subdir.source.id}) == 3
    assert len({whole.source.name, branch.source.name, subdir.source.name}) == 3
    check_rows_match(read_rows(assembly, whole.source.id), TEXTS)
    changed = {path: text for path, text in TEXTS.items() if path != "docs/guide.md"}
    differs = {"src/client.py": "class Other:\n    pass\n"}
    check_rows_match(read_rows(assembly, branch.source.id), differs)
    check_rows_match(read_indexed(assembly, branch.source), {**changed, **differs})
    assert not read_indexed(assembly, branch.source).keys() & read_indexed(assembly, whole.source).keys()
    assert branch.source.commit == other
    # Paths are from the repository's root, also when only a folder of it is indexed.
    check_rows_match(read_rows(assembly, subdir.source.id), {"docs/guide.md": GUIDE})


def test_document_ids_are_stable_while_the_lines_are(
    repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    before = read_rows(assembly, index_source(repository.path).source.id)
    repository.commit({"src/client.py": f"{CLIENT}\n\ndef appended():\n    return 3\n"})
    index_source(repository.path)
    between = read_rows(assembly)
    assert set(before) < set(between), "a definition that was appended changed the ids of those above it"
    repository.commit({"src/client.py": CLIENT})
    index_source(repository.path)
    assert set(read_rows(assembly)) == set(before)

    repository.commit({"src/client.py": f"# One line more.\n{CLIENT}"})
    index_source(repository.path)
    moved = read_rows(assembly)
    assert {key for key, row in before.items() if row["path"] != "src/client.py"} < set(moved)
    assert not {key for key, row in before.items() if row["path"] == "src/client.py"} & set(moved)


def test_every_fixture_repository_reaches_the_store_line_by_line(
    tmp_path: Path, assembly: Assembly, index_source: IndexSource
) -> None:
    """The texts are read here from the files themselves; which files are indexed is the walk's own test."""
    for fixture in sorted(FIXTURES.iterdir()):
        if not fixture.is_dir():
            continue
        copy = tmp_path / "copies" / fixture.name
        shutil.copytree(fixture, copy)
        report = index_source(copy)
        rows = read_rows(assembly, report.source.id)
        preview = preview_source(str(copy), branch=None, subdir=None, settings=assembly.settings)
        texts = {path: decode((copy / path).read_bytes()) for path, _ in preview.files}
        check_rows_match(rows, texts)
        assert report.source.file_count == len(texts) > 5
        assert report.source.chunk_count == len(rows)


def decode(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def test_an_empty_folder_is_a_ready_source_without_chunks(
    tmp_path: Path, assembly: Assembly, index_source: IndexSource
) -> None:
    (tmp_path / "nothing").mkdir()
    report = index_source(tmp_path / "nothing")
    assert (report.source.state, report.source.file_count) == (SourceState.READY, 0)
    assert ask(assembly, report.source.id, "anything") == []


def test_a_repository_without_commits_is_refused_and_leaves_nothing(
    tmp_path: Path, assembly: Assembly, index_source: IndexSource
) -> None:
    Repository(tmp_path / "bare")
    with pytest.raises(SourceError, match="no commits"):
        index_source(tmp_path / "bare", branch="HEAD")
    assert assembly.catalog.list_sources() == []
