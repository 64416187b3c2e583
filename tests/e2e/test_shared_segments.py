"""Machines that share a store on S3: what one published is fetched by the others, and never built again."""

from __future__ import annotations

import logging
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from codesearch.core.errors import StoreError
from codesearch.core.index import cache
from codesearch.core.index.shared_segments import GRACE
from codesearch.core.store.objects import S3Objects, S3Reader
from tests.e2e.conftest import AssemblyFactory, index_with
from tests.e2e.evidence import answers, ask, run_codesearch
from tests.e2e.object_storage import Fleet


@pytest.fixture
def fleet(object_store: str, tmp_path: Path, assembly_factory: AssemblyFactory) -> Fleet:
    return Fleet(assembly_factory, object_store, tmp_path)


def write_source(folder: Path, count: int = 40, generation: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        text = f"def {folder.name}_{number}():\n    return {generation}\n"
        (folder / f"{folder.name}_{number}.py").write_text(text)
    return folder


class Bucket:
    """What is in the test's part of the bucket, past our own code."""

    def __init__(self, store_uri: str) -> None:
        boto3 = pytest.importorskip("boto3")
        self._client: Any = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT"])
        self._bucket, _, self._prefix = store_uri.removeprefix("s3://").partition("/")

    def names(self, part: str) -> list[str]:
        found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=f"{self._prefix}/")
        return sorted(
            item["Key"] for item in found.get("Contents", ()) if part in item["Key"] and not item["Key"].endswith("/")
        )

    def delete(self, part: str) -> None:
        for name in self.names(part):
            self._client.delete_object(Bucket=self._bucket, Key=name)

    def damage(self, part: str) -> None:
        for name in self.names(part):
            size = self._client.head_object(Bucket=self._bucket, Key=name)["ContentLength"]
            self._client.put_object(Bucket=self._bucket, Key=name, Body=b"x" * size)


@pytest.fixture
def bucket(object_store: str) -> Bucket:
    return Bucket(object_store)


def test_another_machine_fetches_what_one_published(fleet: Fleet, bucket: Bucket, tmp_path: Path) -> None:
    first = fleet.open("a")
    source = index_with(first, write_source(tmp_path / "part")).source
    expected = answers(first, source.id, "part_7")
    # Without the rows nobody could make it again.
    bucket.delete(".lance/")
    assert answers(fleet.open("b"), source.id, "part_7") == expected
    ours, theirs = fleet.files("a", source.id), fleet.files("b", source.id)
    assert [path.read_bytes() for path in ours] == [path.read_bytes() for path in theirs] != []
    assert not fleet.files("b", source.id, ".*.part")


def test_a_run_goes_on_from_what_another_machine_published(fleet: Fleet, tmp_path: Path) -> None:
    folder = write_source(tmp_path / "part")
    source = index_with(fleet.open("a"), folder).source
    reader = fleet.open("c")
    assert len(ask(reader, source.id, "part_3")) > 0
    (folder / "part_3.py").write_text("def part_3():\n    return 'changed'\n")
    report = index_with(fleet.open("b"), folder)
    assert (report.changed, report.embedded_chunks) == (1, 1)
    for assembly in (reader, fleet.open("a"), fleet.open("d")):
        assert "changed" in ask(assembly, source.id, "part_3")[0].chunk.content


@pytest.mark.parametrize("how", ["damage", "delete"])
def test_what_is_lost_there_is_made_from_rows_and_published_again(
    how: str, fleet: Fleet, bucket: Bucket, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = fleet.open("a")
    source = index_with(first, write_source(tmp_path / "part")).source
    expected = answers(first, source.id, "part_7")
    getattr(bucket, how)(".segment")
    assert answers(fleet.open("b"), source.id, "part_7") == expected
    assert "making the search index of" in caplog.text
    bucket.delete(".lance/")
    assert answers(fleet.open("c"), source.id, "part_7") == expected


def test_what_a_killed_run_uploaded_last_is_no_answer(
    fleet: Fleet, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its publication is there, and the catalog never named it; that of the run before is lost."""
    folder = write_source(tmp_path / "part")
    first = fleet.open("a")
    source = index_with(first, folder).source
    expected = answers(first, source.id, "part_7")
    write_source(folder, generation=2)
    killed = fleet.open("b")
    monkeypatch.setattr(killed.catalog, "finish_run", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        index_with(killed, folder)
    assert len(bucket.names(".published")) == 2
    bucket.delete(f"-{source.run_id}.published")
    assert answers(fleet.open("c"), source.id, "part_7") == expected


def test_doctor_names_what_is_lost_there_and_the_next_run_puts_it_back(
    fleet: Fleet, bucket: Bucket, object_store: str, tmp_path: Path
) -> None:
    folder = write_source(tmp_path / "part")
    source = index_with(fleet.open("a"), folder).source
    bucket.delete(".segment")
    settings = {"store_uri": object_store, "database_url": f"sqlite:///{tmp_path / 'catalog.sqlite3'}"}
    found = run_codesearch(fleet.data_dir("a"), "doctor", **settings)
    assert found.returncode == 1
    assert f"published index of {source.name}" in found.stdout
    assert "codesearch index --all" in found.stdout
    assert not index_with(fleet.open("a"), folder).wrote
    found = run_codesearch(fleet.data_dir("a"), "doctor", **settings)
    assert "published index of" not in found.stdout
    bucket.delete(".lance/")
    assert ask(fleet.open("b"), source.id, "part_7")


def test_the_cache_stays_under_its_bound_and_keeps_what_is_in_use(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "NOTE_SECONDS", 0.0)
    first = fleet.open("a")
    sources = [index_with(first, write_source(tmp_path / name)).source for name in ("one", "two", "three")]
    sizes = [path.stat().st_size for source in sources for path in fleet.files("a", source.id)]
    service = fleet.open("b", cache_bytes=2 * max(sizes) + 1)
    held = service.search_indexes.get(sources[0].id, sources[0].run_id)
    for _ in range(2):
        for source in sources:
            assert ask(service, source.id, f"{source.name}_7")[0].chunk.path == f"{source.name}_7.py"
            kept = [path.stat().st_size for other in sources for path in fleet.files("b", other.id)]
            assert sum(kept) <= 2 * max(sizes) + 1
            assert fleet.files("b", sources[0].id), "it is in use"
    assert held.row_count == 40


def test_who_uses_an_index_in_another_process_keeps_it(fleet: Fleet, tmp_path: Path) -> None:
    first = fleet.open("a")
    sources = [index_with(first, write_source(tmp_path / name)).source for name in ("one", "two")]
    # Two processes of one machine: a lock on a file binds both.
    other = fleet.open("b")
    held = other.search_indexes.get(sources[0].id, sources[0].run_id)
    service = fleet.open("b", cache_bytes=1)
    assert ask(service, sources[1].id, "two_7")
    assert fleet.files("b", sources[0].id)
    del held
    other.search_indexes.close()
    other.search_indexes._opened.clear()
    service.search_indexes._cache.make_room("", 1)  # type: ignore[union-attr]
    assert not fleet.files("b", sources[0].id)


def test_two_processes_of_a_machine_fetch_once(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = index_with(fleet.open("a"), write_source(tmp_path / "part")).source
    opened: list[str] = []
    really_open = S3Objects.open

    def open_and_note(objects: S3Objects, name: str) -> S3Reader:
        opened.append(name.rpartition(".")[2])
        return really_open(objects, name)

    monkeypatch.setattr(S3Objects, "open", open_and_note)
    services = [fleet.open("b") for _ in range(4)]
    with ThreadPoolExecutor(len(services)) as threads:
        indexes = list(threads.map(lambda one: one.search_indexes.get(source.id, source.run_id), services))
    assert [index.row_count for index in indexes] == [40] * 4
    assert sorted(opened) == ["manifest", "segment"]


def test_what_cannot_be_published_is_not_there_for_anybody(
    fleet: Fleet, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_source(tmp_path / "part")
    source = index_with(fleet.open("a"), folder).source
    write_source(folder, generation=2)
    really_upload = S3Objects.upload

    def upload_segments_alone(objects: S3Objects, name: str, path: Path) -> None:
        if name.endswith(".manifest"):
            raise StoreError("Cannot write: the network is cut.")
        really_upload(objects, name, path)

    with monkeypatch.context() as patched:
        patched.setattr(S3Objects, "upload", upload_segments_alone)
        with pytest.raises(StoreError, match="the network is cut"):
            index_with(fleet.open("a"), folder)
    assert len(bucket.names(".published")) == 1
    for name in ("a", "b"):
        assert "return 1" in ask(fleet.open(name), source.id, "part_7")[0].chunk.content
    # Another machine goes on from what was uploaded.
    report = index_with(fleet.open("c"), folder)
    assert report.embedded_chunks == 0
    for name in ("a", "b", "d"):
        assert "return 2" in ask(fleet.open(name), source.id, "part_7")[0].chunk.content


def test_what_a_run_replaced_goes_after_a_while(fleet: Fleet, bucket: Bucket, tmp_path: Path) -> None:
    folder = write_source(tmp_path / "part")
    source = index_with(fleet.open("a"), folder).source
    before = bucket.names(f"search/{source.id}/")
    write_source(folder, generation=2)
    first = fleet.open("a")
    source = index_with(first, folder).source
    assert set(before) < set(bucket.names(f"search/{source.id}/")), "somebody may be fetching it"
    shared = first.search_indexes._shared
    assert shared is not None
    later = datetime.now(timezone.utc) + GRACE + timedelta(minutes=1)
    shared.discard_garbage(source.id, source.run_id, later)
    names = bucket.names(f"search/{source.id}/")
    assert len(names) == 3
    assert not set(before) & set(names)
    assert ask(fleet.open("b"), source.id, "part_7")
    outcome = run_codesearch(
        fleet.data_dir("a"),
        "remove",
        source.id,
        store_uri=first.settings.store_uri,
        database_url=first.settings.database_url,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert bucket.names(f"search/{source.id}/") == []


def test_a_run_that_was_killed_is_gone_on_from_elsewhere(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_source(tmp_path / "part", count=60)
    killed = fleet.open("a", segment_chunks=16)
    monkeypatch.setattr(killed.search_indexes, "publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        index_with(killed, folder)
    shutil.rmtree(fleet.data_dir("a"))
    report = index_with(fleet.open("b", segment_chunks=16), folder)
    assert report.embedded_chunks < 60
    assert len(ask(fleet.open("c"), report.source.id, "part_7")) > 0
    assert report.source.chunk_count == 60
