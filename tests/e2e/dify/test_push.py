"""`codesearch dify push`: the copy is what was indexed, however often it was stopped on its way."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codesearch.assembly import Assembly
from codesearch.core.config import load_settings
from indexer.chunking.version import CHUNKER_VERSION
from tests.e2e.dify.conftest import RunDify, settings_of
from tests.e2e.dify.knowledge import Document, RefusedError
from tests.e2e.dify.server import AFTER, BEFORE, WITHIN, DifyServer
from tests.e2e.service import PATIENCE_SECONDS, clean_environment, command_of, run_cli

FILE_COUNT = 12
# Of what is stopped on its way.
MANY = 60
Contents = dict[str, tuple[list[str], dict[str, object]]]


def write_files(folder: Path, numbers: range, *, generation: int = 0) -> None:
    for number in numbers:
        path = folder / "src" / f"part{number % 7}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"import os\n\n\nclass Part{number}:\n    def run(self):\n        return os.sep * {number + generation}\n\n"
            f"@decorated\ndef helper_{number}(value):\n    # see https://example.com/a@b.org\n\n\n\n    return  value\n"
        )


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A data folder and the folder that is indexed in it as `parts`; whoever changes them puts them back."""
    base = tmp_path_factory.mktemp("pushed")
    folder, data_dir = base / "parts", base / "data"
    write_files(folder, range(FILE_COUNT))
    write_files(base / "many", range(MANY))
    (folder / "notes.txt").write_text(
        "\ttabs   and  blanks\n\n\n\nF# pipes: x |> f <| y, a \x07 bell\n" + "long " * 700 + "\n"
    )
    assert run_cli(data_dir, "index", str(folder), str(base / "many"), "--json", index_workers="1").status == 0
    return data_dir, folder


@pytest.fixture(scope="module")
def data_dir(sources: tuple[Path, Path]) -> Path:
    return sources[0]


def contents(dify: DifyServer) -> Contents:
    """Return what the one knowledge base that a push made holds."""
    (dataset,) = [
        item for item in dify.knowledge.datasets.values() if "codesearch pushed" in item.values["description"]
    ]
    for document in dataset.documents.values():
        assert document.status == "completed"
    return dify.knowledge.contents(dataset.id)


def push_undisturbed(data_dir: Path, name: str) -> Contents:
    """Return what a push that nothing disturbs leaves."""
    with DifyServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr("codesearch.dify.mirroring.indexing.FIRST_PAUSE_SECONDS", 0.001)
        assert run_cli(data_dir, "dify", "push", name, **settings_of(server)).status == 0
        return contents(server)


@pytest.fixture(scope="module")
def fresh(data_dir: Path) -> Contents:
    return push_undisturbed(data_dir, "parts")


@pytest.fixture(scope="module")
def many_fresh(data_dir: Path) -> Contents:
    return push_undisturbed(data_dir, "many")


def test_every_piece_arrives_as_it_was_indexed(data_dir: Path, fresh: Contents) -> None:
    assembly = Assembly(load_settings(data_dir=data_dir), CHUNKER_VERSION)
    source = assembly.catalog.get_source("parts")
    index = assembly.search_indexes.get(source.id, source.run_id)
    assert len(fresh) == FILE_COUNT + 1
    chunks = [segment.chunk_of(row) for segment, row in index.rows()]
    assembly.close()
    for path in {chunk.path for chunk in chunks} - {"notes.txt"}:
        pieces, metadata = fresh[path]
        assert [piece.partition("\n\n")[2] for piece in pieces] == [
            chunk.content.rstrip() for chunk in chunks if chunk.path == path
        ]
        assert all(piece.startswith(f"parts {path}:") for piece in pieces)
        assert {name: metadata[name] for name in ("path", "language", "data_source")} == {
            "path": path,
            "language": "python",
            "data_source": "parts",
        }
    pieces, _ = fresh["notes.txt"]
    assert all(len(piece.encode()) <= 4000 for piece in pieces)
    assert "".join(piece.partition("\n\n")[2] for piece in pieces).count("long") == 700
    # What Dify does to every text, whatever the rules are: the page on Dify says so.
    assert pieces[0] == "parts notes.txt:1-1\n\n\ttabs   and  blanks"
    assert pieces[1] == "parts notes.txt:5-5\n\nF# pipes: x > f < y, a  bell"


def test_a_second_push_writes_nothing(dify: DifyServer, run_dify: RunDify, data_dir: Path, fresh: Contents) -> None:
    first = run_dify(data_dir, "push", "parts", "--json").json["pushes"][0]
    assert (first["created"], first["complete"]) == (FILE_COUNT + 1, True)
    assert contents(dify) == fresh
    dify.calls.clear()
    second = run_dify(data_dir, "push", "parts", "--json").json["pushes"][0]
    assert (second["created"], second["updated"], second["deleted"], second["unchanged"]) == (0, 0, 0, FILE_COUNT + 1)
    assert dify.writes == []
    assert run_dify(data_dir, "status", "--json").json["knowledge_bases"][0]["state"] == "up to date"
    assert dify.writes == []


def test_a_push_that_breaks_at_ten_places_comes_to_the_same(
    dify: DifyServer, run_dify: RunDify, data_dir: Path, many_fresh: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each push ends at a place of its own: the connection breaks, and breaks again until the command gives up."""
    monkeypatch.setattr("codesearch.dify.connection.ATTEMPTS", 2)
    broken = 0
    for place, how in zip((1, 2, 3, 5, 9, 14, 30, 47, 62, 75), (AFTER, BEFORE, WITHIN) * 4, strict=False):
        dify.break_calls(*range(place, place + 8), how=how)
        outcome = run_dify(data_dir, "push", "many")
        broken += outcome.status != 0
        assert "Traceback" not in outcome.err
        dify.breaks.clear()
    assert broken >= 5
    assert run_dify(data_dir, "push", "many").status == 0
    assert contents(dify) == many_fresh
    assert len(dify.knowledge.datasets) == 1


def test_a_push_that_is_killed_goes_on(
    dify: DifyServer, run_dify: RunDify, data_dir: Path, many_fresh: Contents
) -> None:
    """SIGKILL in the middle of creating documents, of which the last have no metadata yet."""
    started = subprocess.Popen(
        command_of("dify", "push", "many"),
        env=clean_environment(data_dir, **settings_of(dify)),
        stderr=subprocess.DEVNULL,
    )

    def kill(number: int) -> None:
        if sum(call.path.endswith("create-by-text") for call in dify.calls) == 27:
            started.kill()

    dify.on_call = kill
    assert started.wait(PATIENCE_SECONDS) == -9
    (dataset,) = dify.knowledge.datasets.values()
    unmarked = [document for document in dataset.documents.values() if document.metadata is None]
    assert len(unmarked) >= 7
    dify.on_call = lambda number: None
    assert run_dify(data_dir, "push", "many").status == 0
    assert contents(dify) == many_fresh


def test_what_changed_is_sent_and_what_is_gone_is_deleted(
    dify: DifyServer, run_dify: RunDify, sources: tuple[Path, Path], fresh: Contents
) -> None:
    data_dir, folder = sources
    assert run_dify(data_dir, "push", "parts").status == 0
    (dataset,) = dify.knowledge.datasets.values()
    foreign = Document("f0000000-0000-4000-8000-000000000000", "minutes.md", "1", 1, created_from="web", step=9)
    dataset.documents[foreign.id] = foreign
    dataset.fields["team"] = "team-field"
    (changed,) = [item for item in dataset.documents.values() if item.name == "src/part3/module_3.py"]
    assert changed.metadata is not None
    changed.metadata["team"] = ("team-field", "blue")
    try:
        write_files(folder, range(3, 4), generation=5)
        (folder / "src/part0/module_7.py").rename(folder / "src/part0/module_new.py")
        assert run_cli(data_dir, "index", str(folder), index_workers="1").status == 0
        plan = run_dify(data_dir, "push", "parts", "--dry-run", "--json").json["pushes"][0]
        assert (plan["create"], plan["update"], plan["delete"]) == (
            ["src/part0/module_new.py"],
            ["src/part3/module_3.py"],
            ["src/part0/module_7.py"],
        )
        dify.calls.clear()
        assert "3 documents differ" in run_dify(data_dir, "status").out
        assert dify.writes == []
        outcome = run_dify(data_dir, "push", "parts", "--json")
        result = outcome.json["pushes"][0]
        assert (result["created"], result["updated"], result["deleted"]) == (1, 1, 1)
        assert result["unchanged"] == FILE_COUNT - 1
        assert result["left_alone"] == ["minutes.md"]
        assert dataset.documents.pop(foreign.id) is foreign
        now = contents(dify)
        assert "return os.sep * 8" in now["src/part3/module_3.py"][0][1]
        assert now["src/part3/module_3.py"][1].pop("team") == "blue"
        assert set(now) == (set(fresh) - {"src/part0/module_7.py"}) | {"src/part0/module_new.py"}
    finally:
        write_files(folder, range(FILE_COUNT))
        (folder / "src/part0/module_new.py").unlink()
        assert run_cli(data_dir, "index", str(folder), index_workers="1").status == 0
    assert run_dify(data_dir, "push", "parts").status == 0
    after = contents(dify)
    assert after["src/part3/module_3.py"][1].pop("team") == "blue"
    assert after == fresh


def test_documents_of_a_push_that_was_stopped_go_with_their_files(
    dify: DifyServer, run_dify: RunDify, sources: tuple[Path, Path], fresh: Contents
) -> None:
    """A file that was sent, but has no mark, and is gone before the next push: only the journal tells whose it is."""
    data_dir, folder = sources
    (folder / "src/extra.py").write_text("def extra():\n    return 1\n")
    assert run_cli(data_dir, "index", str(folder), index_workers="1").status == 0
    dify.knowledge.lost_metadata = 10_000
    outcome = run_dify(data_dir, "push", "parts")
    assert outcome.status == 1
    (dataset,) = dify.knowledge.datasets.values()
    assert "src/extra.py" in {document.name for document in dataset.documents.values()}
    dify.knowledge.lost_metadata = 0
    (folder / "src/extra.py").unlink()
    assert run_cli(data_dir, "index", str(folder), index_workers="1").status == 0
    assert run_dify(data_dir, "push", "parts").status == 0
    assert contents(dify) == fresh
    assert not list((data_dir / "dify").iterdir())


def test_metadata_that_dify_only_says_it_has_set_is_set_again(
    dify: DifyServer, run_dify: RunDify, data_dir: Path, fresh: Contents
) -> None:
    dify.knowledge.lost_metadata = 3
    assert run_dify(data_dir, "push", "parts").status == 0
    assert contents(dify) == fresh


@pytest.mark.parametrize(
    ("spelling", "deletion"), [("hyphens", "204"), ("underscores", "success"), ("underscores", "number")]
)
def test_older_and_newer_servers(
    dify: DifyServer, run_dify: RunDify, data_dir: Path, fresh: Contents, spelling: str, deletion: str
) -> None:
    dify.spelling, dify.deletion = spelling, deletion
    dify.hides_metadata_in_lists = deletion == "number"
    dify.largest_page = 5 if deletion == "number" else FILE_COUNT + 1
    assert run_dify(data_dir, "push", "parts").status == 0
    (dataset,) = dify.knowledge.datasets.values()
    # One document twice, as a lost answer leaves it.
    twin = next(iter(dataset.documents.values()))
    copy = Document("a0000000-0000-4000-8000-000000000000", twin.name, "2", 2_000_000_000, twin.text, twin.rule, 9)
    dataset.documents[copy.id] = copy
    assert run_dify(data_dir, "push", "parts").status == 0
    assert contents(dify) == fresh
    wrong_places = [call for call in dify.calls if call.status == 404]
    assert len(wrong_places) == (1 if spelling == "underscores" else 0)
    removed = run_dify(data_dir, "remove", "parts", "--yes", "--json").json
    assert (removed["removed"], dify.knowledge.datasets) == (["parts"], {})


def test_failed_and_paused_documents_are_named_and_the_rest_arrives(
    dify: DifyServer, run_dify: RunDify, data_dir: Path, fresh: Contents
) -> None:
    bad, paused = "src/part1/module_1.py", "src/part2/module_2.py"
    dify.knowledge.outcomes = {bad: "error", paused: "paused"}
    outcome = run_dify(data_dir, "push", "parts", "--json")
    result = outcome.json["pushes"][0]
    assert outcome.status == 1
    assert not result["complete"]
    assert list(result["failed"]) == [bad]
    assert "the model said no" in result["failed"][bad]
    assert list(result["blocked"]) == [paused]
    assert "resume it there" in result["blocked"][paused]
    assert sum(call.path.endswith("create-by-text") for call in dify.calls) == FILE_COUNT + 1
    # The fault is mended, in Dify the pause is ended: the next push sends the failed one alone.
    (dataset,) = dify.knowledge.datasets.values()
    dify.knowledge.outcomes = {}
    for document in dataset.documents.values():
        if document.name == paused:
            document.outcome = "completed"
    result = run_dify(data_dir, "push", "parts", "--json").json["pushes"][0]
    assert (result["complete"], result["created"]) == (True, 1)
    assert contents(dify) == fresh


def test_dify_says_wait(dify: DifyServer, run_dify: RunDify, data_dir: Path, fresh: Contents) -> None:
    busy = RefusedError(429, "too_many_requests", "Come again.", {"Retry-After": "0"})
    dify.refuse_calls(2, 5, 6, 20, 30, error=busy)
    # What creates something is not sent again by itself, for it may be there.
    dify.refuse_calls(8, 26, error=RefusedError(502, "", ""))
    assert run_dify(data_dir, "push", "parts").status == 0
    refused = [call.path.rpartition("/")[2] for call in dify.calls if call.status == 502]
    assert refused == ["create-by-text", "metadata"]
    assert contents(dify) == fresh


def test_what_stops_a_push_at_once_is_said(dify: DifyServer, run_dify: RunDify, data_dir: Path) -> None:
    dify.knowledge.needs_embedding_model = True
    outcome = run_dify(data_dir, "push", "parts")
    assert outcome.status == 1
    assert "provider_not_initialize" in outcome.error
    assert "--technique economy" in outcome.error
    run_dify(data_dir, "remove", "parts", "--yes")
    assert run_dify(data_dir, "push", "parts", "--technique", "economy").status == 0
    outcome = run_dify(data_dir, "push", "parts", "--technique", "high_quality")
    assert "is indexed as economy" in outcome.error


def test_pieces_are_as_large_as_the_server_takes(dify: DifyServer, run_dify: RunDify, data_dir: Path) -> None:
    dify.knowledge.most_tokens = 1000
    outcome = run_dify(data_dir, "push", "parts")
    assert outcome.status == 1
    assert run_dify(data_dir, "push", "parts", "--max-tokens", "1000").status == 0
    pieces = [piece for found, _ in contents(dify).values() for piece in found]
    assert max(len(piece.encode()) for piece in pieces) <= 1000
    dify.calls.clear()
    assert run_dify(data_dir, "push", "parts").status == 0
    assert "up to date" in run_dify(data_dir, "status").out
    assert dify.writes == []
