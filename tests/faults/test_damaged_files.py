"""Every kind of file of a data folder lost, emptied, truncated, flipped or replaced by a folder.

Queries go on with the right answers or say what is wrong, `codesearch doctor` finds it, and what it names heals it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from codesearch.core.store.checksums import Checksums
from tests.e2e.service import FIXTURES, create_key, run_cli, source_ids
from tests.faults.damage import DAMAGES, answers_of, bad_subjects, check_error, copy_folder
from tests.unit.indexer.conftest import Repository

NAMES = ("ledger-go", "orders-service")


def quick_of(kinds: Iterable[str], quick: tuple[str, str]) -> list[object]:
    """Return every kind with every damage; those that are neither the one kind nor the one damage take long."""
    pairs = [(kind, damage) for kind in kinds for damage in DAMAGES]
    return [
        pair if pair[0] == quick[0] or pair[1] == quick[1] else pytest.param(*pair, marks=pytest.mark.long)
        for pair in pairs
    ]


every_damage = pytest.mark.parametrize("damage", DAMAGES)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources, the second indexed after the first, and a key; not to be changed."""
    folder = tmp_path_factory.mktemp("indexed") / "data"
    for name in NAMES:
        outcome = run_cli(folder, "index", str(FIXTURES / name), "--json", index_workers="1")
        assert outcome.status == 0, outcome.err
    create_key(folder, "reader")
    return folder


@pytest.fixture(scope="module")
def expected(indexed: Path) -> list[object]:
    return [answers_of(indexed, name) for name in NAMES]


@pytest.fixture
def data(indexed: Path, expected: list[object], tmp_path: Path) -> Iterator[Path]:
    """A copy of the data folder; in the end, doctor and answers must be good again, whatever happened."""
    copied = copy_folder(indexed, tmp_path / "data")
    yield copied
    assert bad_subjects(copied) == {}
    assert [answers_of(copied, name) for name in NAMES] == expected


def files_of_table(data_dir: Path, pattern: str) -> list[Path]:
    (table,) = (data_dir / "store").glob("*.lance")
    return sorted(path for path in table.glob(pattern) if path.is_file())


# --- The store ---


def kinds_of_store_files(data_dir: Path) -> dict[str, Path]:
    """Return one file of each kind that a read or a write depends on."""
    (table,) = (data_dir / "store").glob("*.lance")
    data = max(files_of_table(data_dir, "data/*"), key=lambda path: path.stat().st_size)
    manifest = files_of_table(data_dir, "_versions/*.manifest")[0]
    bitmap = max(files_of_table(data_dir, "_indices/*/bitmap*"), key=lambda path: path.stat().st_mtime_ns)
    return {"data": data, "manifest": manifest, "bitmap index": bitmap, "table": table}


@pytest.mark.parametrize(("kind", "damage"), quick_of(["data", "manifest", "bitmap index"], ("data", "flipped")))
def test_a_damaged_file_of_the_store(kind: str, damage: str, data: Path, expected: list[object]) -> None:
    DAMAGES[damage](kinds_of_store_files(data)[kind])
    assert [answers_of(data, name) for name in NAMES] == expected, "queries need no store"
    found = bad_subjects(data)
    # The newest manifest gone, Lance reads the version before: with the same rows, nothing is wrong. And nothing reads
    # the index by document until rows are written.
    if damage != "lost" or kind in ("data", "bitmap index"):
        assert "store files" in found
        assert "`codesearch index --all`" in found["store files"]
        assert str(data / "store") in found["store files"]
    outcome = run_cli(data, "index", "--all", "--json", index_workers="1")
    assert outcome.status == 0, outcome.err


@pytest.mark.parametrize("damage", ["lost", pytest.param("truncated", marks=pytest.mark.long)])
def test_several_sources_that_meet_a_damaged_store_at_once_are_all_whole_afterwards(
    damage: str, data: Path, tmp_path: Path
) -> None:
    DAMAGES[damage](kinds_of_store_files(data)["data"])
    places = [str(FIXTURES / name) for name in NAMES]
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(f"def {name}():\n    return 1\n")
        places.append(str(tmp_path / name))
    outcome = run_cli(data, "index", *places, "--json", index_workers="2")
    assert outcome.status == 0, outcome.err
    assert [(item["name"], item["state"]) for item in outcome.json["sources"]] == [
        (name, "ready") for name in (*NAMES, "one", "two", "three")
    ]
    assert run_cli(data, "index", "--all", "--json", index_workers="2").status == 0
    for name in ("one", "two", "three"):
        assert f"def {name}" in run_cli(data, "search", name, f"function {name}").out


@pytest.mark.parametrize(
    "damage", ["lost", *(pytest.param(name, marks=pytest.mark.long) for name in DAMAGES if name != "lost")]
)
def test_a_damaged_store_stops_neither_another_source_nor_a_removal(
    damage: str, data: Path, tmp_path: Path, expected: list[object]
) -> None:
    DAMAGES[damage](kinds_of_store_files(data)["data"])
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "one.py").write_text("def one():\n    return 1\n")
    outcome = run_cli(data, "index", str(tmp_path / "new"), "--json", index_workers="1")
    assert outcome.status == 0, outcome.err
    assert [answers_of(data, name) for name in NAMES] == expected
    DAMAGES[damage](kinds_of_store_files(data)["data"])
    outcome = run_cli(data, "remove", "new", "--json")
    assert outcome.status == 0, outcome.err
    outcome = run_cli(data, "index", "--all", "--json", index_workers="1")
    assert outcome.status == 0, outcome.err


def test_rows_that_can_be_read_are_kept(data: Path) -> None:
    """A flipped byte in a file of one source's rows costs the other source nothing."""
    ids = source_ids(data)
    files = files_of_table(data, "data/*")
    known = {path.name for path in files}
    (table,) = (data / "store").glob("*.lance")
    assert Checksums(table).find_damage() == []
    if len(known) == 1:
        pytest.skip("the rows of both sources are in one file")
    DAMAGES["flipped"](files[0])
    outcome = run_cli(data, "index", "--all", "--json", index_workers="1")
    assert outcome.status == 0, outcome.err
    assert "are to be read from their sources again" in outcome.err
    assert set(ids) == set(NAMES)
    reports = {report["name"]: report for report in outcome.json["sources"]}
    assert sorted(report["unchanged_files"] > 0 for report in reports.values()) == [False, True]


def test_a_lost_store_is_not_served_as_nothing(data: Path) -> None:
    """The rows gone and the search index too: an error that says what to run, and no empty answer."""
    (table,) = (data / "store").glob("*.lance")
    table.rename(data / "elsewhere")
    for path in (data / "search").glob("*/*.segment"):
        path.unlink()
    for name in NAMES:
        message = check_error(run_cli(data, "search", name, "anything"))
        assert f"`codesearch index {FIXTURES / name}`" in message
    found = bad_subjects(data)
    assert {f"rows of {name}" for name in NAMES} <= set(found)
    outcome = run_cli(data, "index", "--all", "--json", index_workers="1")
    assert outcome.status == 0, outcome.err


def test_a_list_of_checksums_that_is_damaged_says_nothing_wrong(data: Path) -> None:
    (path,) = (data / "store").glob("*.checksums")
    path.write_text("[1, 2")
    assert bad_subjects(data) == {}
    path.write_text(json.dumps({"data/x": "y"}))
    assert bad_subjects(data) == {}


# --- Search indexes ---


@every_damage
def test_a_damaged_search_index(damage: str, data: Path, expected: list[object]) -> None:
    for path in (data / "search").glob("*/*.segment"):
        DAMAGES[damage](path)
    found = bad_subjects(data)
    assert {f"search index of {name}" for name in NAMES} <= set(found)
    assert [answers_of(data, name) for name in NAMES] == expected, "it is made again from the rows"


@every_damage
def test_a_run_that_changes_nothing_mends_a_search_index(damage: str, data: Path) -> None:
    def read() -> dict[str, list[bytes]]:
        return {
            folder.name: [path.read_bytes() for path in folder.glob("*.segment")]
            for folder in (data / "search").iterdir()
        }

    contents = read()
    for path in (data / "search").glob("*/*.segment"):
        DAMAGES[damage](path)
    assert run_cli(data, "index", "--all", "--json", index_workers="1").status == 0
    assert read() == contents


# --- What lies around ---


def test_files_in_the_place_of_folders_and_the_reverse(data: Path, tmp_path: Path) -> None:
    (source_id, *_) = source_ids(data).values()
    (data / "staging").rmdir()
    (data / "staging").write_text("in the way")
    (data / "locks" / f"{source_id}.lock").unlink()
    (data / "locks" / f"{source_id}.lock").mkdir()
    found = bad_subjects(data)["data folder"]
    assert str(data) in found
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "one.py").write_text("def one():\n    return 1\n")
    assert str(data / "staging") in check_error(run_cli(data, "index", str(tmp_path / "new")))
    message = check_error(run_cli(data, "remove", source_id))
    assert f"{source_id}.lock is a folder where a lock file belongs" in message
    (data / "staging").unlink()
    (data / "locks" / f"{source_id}.lock").rmdir()
    assert run_cli(data, "index", *(str(FIXTURES / name) for name in NAMES), "--json").status == 0
    assert run_cli(data, "index", str(tmp_path / "new"), "--json").status == 0
    assert run_cli(data, "remove", "new").status == 0


def test_what_lies_in_staging_is_no_hindrance(data: Path) -> None:
    for number, source_id in enumerate(source_ids(data).values()):
        place = data / "staging" / f"{source_id}-{number + 1}.arrow"
        place.mkdir() if number else place.write_bytes(b"half a row")
    assert run_cli(data, "index", *(str(FIXTURES / name) for name in NAMES), "--json").status == 0
    assert list((data / "staging").iterdir()) == []


# --- Mirrors ---


MIRROR_FILES = ["HEAD", "config", "packed-refs", "refs/codesearch/head", "objects/pack/*.pack", "objects/pack/*.idx"]


@pytest.mark.parametrize(("pattern", "damage"), quick_of(MIRROR_FILES, ("objects/pack/*.pack", "truncated")))
def test_a_damaged_mirror_is_made_anew(pattern: str, damage: str, tmp_path: Path, isolated_git: None) -> None:
    data_dir = tmp_path / "data"
    origin = Repository(tmp_path / "origin")
    origin.commit({f"module_{number}.py": f"def function_{number}():\n    return {number}\n" for number in range(30)})
    url = f"file://{origin.path}"
    assert run_cli(data_dir, "index", url, "--json", index_workers="1").status == 0
    (mirror,) = [path for path in (data_dir / "mirrors").iterdir() if path.is_dir()]
    found = [path for path in mirror.glob(pattern) if path.is_file()]
    if not found:
        pytest.skip(f"git keeps no {pattern} here")
    found[0].chmod(0o644)
    DAMAGES[damage](found[0])
    origin.commit({"module_3.py": "def function_3():\n    return 'changed'\n"})
    outcome = run_cli(data_dir, "index", url, "--json", index_workers="1")
    assert outcome.status == 0, outcome.err
    assert outcome.json["commit"] == origin.git("rev-parse", "HEAD")
    found = run_cli(data_dir, "search", "origin", "function_3", "--json").json["records"]
    assert "'changed'" in found[0]["content"]


@pytest.mark.parametrize("place", [0.5, *(pytest.param(tenth / 10, marks=pytest.mark.long) for tenth in (1, 3, 7, 9))])
def test_a_bit_flipped_in_a_mirror_that_is_at_the_newest_commit(
    place: float, tmp_path: Path, isolated_git: None
) -> None:
    """Nothing is fetched, and the rows are lost as well, so that the mirror's objects have to be read."""
    data_dir = tmp_path / "data"
    origin = Repository(tmp_path / "origin")
    origin.commit(
        {f"module_{number}.py": f"def function_{number}():\n    return {number}\n" * 20 for number in range(30)}
    )
    url = f"file://{origin.path}"
    assert run_cli(data_dir, "index", url, "--json", index_workers="1").status == 0
    (pack,) = (data_dir / "mirrors").glob("*/objects/pack/*.pack")
    pack.chmod(0o644)
    content = bytearray(pack.read_bytes())
    content[20 + int(place * (len(content) - 60))] ^= 4
    pack.write_bytes(content)
    shutil.rmtree(data_dir / "store")
    outcome = run_cli(data_dir, "index", url, "--json", index_workers="1")
    assert outcome.status == 0, outcome.err
    assert outcome.json["changed_files"] == 30
