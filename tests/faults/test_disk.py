"""A disk that fills at any stage of a run, and a data folder that cannot be written."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from tests.api.admin_pages import Visit, serve_admin_pages
from tests.api.page_visitor import problem_in
from tests.e2e.evidence import folder_bytes
from tests.e2e.service import FIXTURES, Service, create_key, run_cli
from tests.faults.damage import answers_of, bad_subjects, check_error, copy_folder
from tests.faults.mounts import read_only, resize, small_disk

NAME = "ledger-go"
ROOMY = 256 * 1024**2


def write_sources(folder: Path, generation: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(60):
        lines = [f"    total_{generation} += {number * line + generation}  # line {line}\n" for line in range(60)]
        (folder / f"module_{number}.py").write_text(
            f"def sum_{number}():\n    total_{generation} = 0\n{''.join(lines)}"
        )


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One source of generation 0; not to be changed."""
    folder = tmp_path_factory.mktemp("indexed")
    write_sources(folder / "sums", 0)
    outcome = run_cli(folder / "data", "index", str(folder / "sums"), "--json", index_workers="1")
    assert outcome.status == 0, outcome.err
    create_key(folder / "data", "reader")
    return folder / "data"


# More room than the data folder takes already, from none to almost enough for another index.
@pytest.mark.parametrize("room_kilobytes", [0, 16, 64, 200, 500, 900, 1400, 2000])
def test_a_disk_that_fills_leaves_the_old_index_answering(room_kilobytes: int, indexed: Path, tmp_path: Path) -> None:
    source = indexed.parent / "sums"
    with small_disk(tmp_path / "disk", ROOMY) as disk:
        data = copy_folder(indexed, disk / "data")
        before = answers_of(data, "sums", ["sum_3", "sum_40"])
        used = ROOMY - shutil.disk_usage(disk).free
        write_sources(source, 1)
        resize(disk, used + room_kilobytes * 1024)
        try:
            outcome = run_cli(data, "index", str(source), "--json", index_workers="1")
        finally:
            write_sources(source, 0)
        if outcome.status:
            message = check_error(outcome)
            assert any(sign in message for sign in ("disk is full", "No space left")), message
            assert not any(data.glob("staging/*.arrow"))
            assert answers_of(data, "sums", ["sum_3", "sum_40"]) == before
        else:
            assert room_kilobytes > 64
        resize(disk, ROOMY)
        outcome = run_cli(data, "index", str(source), "--json", index_workers="1")
        assert outcome.status == 0, outcome.err
        assert answers_of(data, "sums", ["sum_3", "sum_40"]) == before
        assert bad_subjects(data).keys() <= {"free disk"}
        assert folder_bytes(data) < 3 * folder_bytes(indexed)


def test_a_full_disk_from_the_start_is_one_error(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4096) as disk:
        message = check_error(run_cli(disk / "data", "index", str(FIXTURES / NAME)))
        assert str(disk) in message
        resize(disk, ROOMY)
        assert run_cli(disk / "data", "index", str(FIXTURES / NAME)).status == 0


def test_search_and_serve_work_on_a_read_only_data_folder(indexed: Path, tmp_path: Path) -> None:
    data = copy_folder(indexed, tmp_path / "data")
    expected = answers_of(data, "sums", ["sum_3"])
    secret = create_key(data, "service")
    with read_only(data, tmp_path / "mounted") as mounted:
        assert answers_of(mounted, "sums", ["sum_3"]) == expected
        assert "sums" in run_cli(mounted, "list").out
        assert set(bad_subjects(mounted)) == {"data folder"}
        with Service(mounted, secret, log=tmp_path / "serve.log") as service:
            records = service.records("sums", "sum_3", top_k=5)
            assert [record["metadata"]["document_id"] for record in records]
            # Who may write goes on, and the service sees it.
            other = create_key(data, "another")
            assert service.ask("sums", "sum_3", key=other).status_code == 200
            run_cli(data, "key", "revoke", "another")
            assert service.ask("sums", "sum_3", key=other).status_code == 401
        for command in (["key", "create", "no"], ["remove", "sums"], ["index", str(FIXTURES / NAME)]):
            message = check_error(run_cli(mounted, *command))
            assert "read-only" in message.lower(), message
    assert answers_of(data, "sums", ["sum_3"]) == expected


def refused_forms(visit: Visit, source_id: str, key_id: str, workspace_id: str) -> dict[str, tuple[int, str]]:
    """Send every form of the pages for admins; return status and message of what was not done."""
    forms: dict[str, dict[str, str]] = {
        "/manage/sources": {"location": "https://git.example.org/team/shop"},
        "/manage/sources/refresh": {},
        f"/manage/sources/{source_id}/refresh": {},
        f"/manage/sources/{source_id}/remove": {},
        "/manage/keys": {"name": "another"},
        f"/manage/keys/{key_id}/revoke": {},
        "/manage/workspaces": {"name": "team", "source": source_id},
        f"/manage/workspaces/{workspace_id}/remove": {},
    }
    answers = {path: visit.submit(path, **fields) for path, fields in forms.items()}
    return {
        path: (answer.status_code, problem_in(answer.text))
        for path, answer in answers.items()
        if answer.status_code not in (200, 303)
    }


@pytest.mark.parametrize("fault", ["read-only", "full"])
def test_what_admins_send_to_a_service_that_cannot_write_is_refused_with_a_reason(
    fault: str, indexed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk", ROOMY) as disk:
        data = copy_folder(indexed, disk / "data")
        admin, source = create_key(data, "boss", "--admin"), run_cli(data, "list", "--json").json["sources"][0]["id"]
        (key,) = (key["id"] for key in run_cli(data, "key", "list", "--json").json["keys"] if key["name"] == "reader")
        workspace = run_cli(data, "workspace", "create", "all", source, "--json").json["id"]
        with read_only(data, tmp_path / "mounted") if fault == "read-only" else nullcontext(data) as served:
            if fault == "full":
                resize(disk, ROOMY - shutil.disk_usage(disk).free)
            with serve_admin_pages(served) as pages:
                visit = Visit(pages.client, admin)
                refused = refused_forms(visit, source, key, workspace)
                assert len(refused) == 8
                for path, (status, message) in refused.items():
                    assert status == 503, path
                    assert "cannot write to its data folder" in message
                    assert str(tmp_path) not in message
                assert "nothing can be changed: " in caplog.text
                assert "Traceback" not in caplog.text
                assert visit.get("/manage").status_code == visit.get("/?q=sum_3").status_code == 200
        resize(disk, ROOMY)
        assert run_cli(data, "list", "--json").json["sources"][0]["id"] == source
        assert "another" not in run_cli(data, "key", "list").out


def test_a_log_left_by_a_kill_is_read_from_a_read_only_folder(indexed: Path, tmp_path: Path) -> None:
    data = copy_folder(indexed, tmp_path / "data")
    path = data / "catalog.sqlite3"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE codesearch_knowledge_bases SET name = 'sums-2', name_key = 'sums-2'")
        writer.commit()
        killed = tmp_path / "killed"
        shutil.copytree(data, killed)
    (killed / "catalog.sqlite3-shm").unlink()
    assert (killed / "catalog.sqlite3-wal").stat().st_size
    with read_only(killed, tmp_path / "mounted") as mounted:
        assert "sums-2" in run_cli(mounted, "list").out
        assert answers_of(mounted, "sums-2", ["sum_3"])


def test_a_read_only_folder_whose_search_index_is_missing_says_so(indexed: Path, tmp_path: Path) -> None:
    data = copy_folder(indexed, tmp_path / "data")
    for path in data.glob("search/*/*.segment"):
        path.unlink()
    with read_only(data, tmp_path / "mounted") as mounted:
        message = check_error(run_cli(mounted, "search", "sums", "sum_3"))
        assert str(mounted / "search") in message
        assert "Read-only" in message
