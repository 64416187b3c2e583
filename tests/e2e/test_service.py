"""`codesearch serve` as a process: readiness, keys and indexes that change while it runs, logs, workers, signals."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from codesearch.core.catalog.catalog import open_catalog
from tests.e2e.evidence import wait_until
from tests.e2e.service import (
    PATIENCE_SECONDS,
    Service,
    clean_environment,
    command_of,
    copy_index,
    create_key,
    free_port,
    index_fixtures,
    read_error,
    run_cli,
    source_ids,
)

QUERY = "how is the secret handshake of pelicans computed"
# Adds a data source, starts a run, and says how far it is: what an indexer in the middle of its work has done.
UNFINISHED_RUN = """
import sys
from codesearch.core.catalog.catalog import open_catalog
with open_catalog(sys.argv[1]) as catalog:
    source = catalog.add_source(id="5107" * 6, name="slow-repo", location="/srv/slow-repo")
    run = catalog.start_run(source.id, None)
    catalog.report_progress(run, phase="indexing", files_done=120, files_total=480, chunks_done=900)
    print(source.id, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("service") / "data")


@pytest.fixture(scope="module")
def service(data_dir: Path) -> Iterator[Service]:
    with Service(data_dir, create_key(data_dir, "reader-of-logs"), log_format="json") as running:
        yield running


def database_url(data_dir: Path) -> str:
    return f"sqlite:///{data_dir / 'catalog.sqlite3'}"


def test_the_welcome_names_ids_and_how_to_ask(service: Service, data_dir: Path) -> None:
    for name, identifier in source_ids(data_dir).items():
        assert f"{identifier}  {name}" in service.printed
    assert service.url in service.printed
    assert "codesearch key create" in service.printed
    assert "cs_" not in service.printed


def test_health_readiness_and_the_description_need_no_key(service: Service) -> None:
    assert service.get("/healthz").json() == {"status": "ok"}
    assert service.get("/readyz").json() == {"status": "ok"}
    description = service.get("/openapi.json").json()
    assert {"/retrieval", "/dify/retrieval", "/healthz", "/readyz"} <= set(description["paths"])
    assert service.get("/about").json()["openapi"] == "/openapi.json"


def test_revoking_works_at_once(service: Service, data_dir: Path) -> None:
    key = create_key(data_dir, "short-lived")
    assert service.ask("ledger-go", key=key).status_code == 200
    assert run_cli(data_dir, "key", "revoke", "short-lived").status == 0
    assert read_error(service.ask("ledger-go", key=key))[:2] == (401, 1004)


def test_an_expired_key_says_so(service: Service, data_dir: Path) -> None:
    long_ago = datetime.now(timezone.utc) - timedelta(days=9)
    with open_catalog(database_url(data_dir), clock=lambda: long_ago) as catalog:
        _, expired = catalog.create_key("old", expires_at=long_ago + timedelta(days=8))
        _, living = catalog.create_key("older", expires_at=long_ago + timedelta(days=10))
    status, code, message = read_error(service.ask("ledger-go", key=expired))
    assert (status, code) == (401, 1004)
    assert "expired" in message
    assert service.ask("ledger-go", key=living).status_code == 200
    assert "expired" in run_cli(data_dir, "key", "list").out


def test_what_is_indexed_while_it_runs_is_served_at_once(service: Service, data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pelicans"
    folder.mkdir()
    (folder / "beak.py").write_text("def secret_handshake():\n    return 'pelican'\n")
    assert read_error(service.ask("pelicans", QUERY))[:2] == (404, 1003)
    assert run_cli(data_dir, "index", str(folder)).status == 0
    (record,) = service.records("pelicans", QUERY)
    assert record["metadata"]["symbol"] == "secret_handshake"
    (folder / "beak.py").write_text("def open_handshake():\n    return 'gull'\n")
    assert run_cli(data_dir, "index", str(folder)).status == 0
    assert [item["metadata"]["symbol"] for item in service.records("pelicans", QUERY)] == ["open_handshake"]
    assert run_cli(data_dir, "workspace", "create", "birds", "pelicans").status == 0
    assert len(service.records("birds", QUERY)) == 1
    assert run_cli(data_dir, "remove", "pelicans").status == 0
    assert read_error(service.ask("pelicans", QUERY))[:2] == (404, 1003)


def test_an_unfinished_index_says_which_and_how_far(service: Service, data_dir: Path) -> None:
    command = [sys.executable, "-c", UNFINISHED_RUN, database_url(data_dir)]
    indexer = subprocess.Popen(
        command, env=clean_environment(data_dir), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with indexer:
        assert indexer.stdout
        identifier = indexer.stdout.readline().strip()
        assert run_cli(data_dir, "workspace", "create", "slow-ones", "slow-repo").status == 0
        for knowledge_id in (identifier, "slow-repo", "slow-ones"):
            status, code, message = read_error(service.ask(knowledge_id))
            assert (status, code) == (404, 1003)
            assert "slow-repo" in message
            assert "120 of 480 files" in message
        assert "120 of 480 files" in run_cli(data_dir, "list").out
        indexer.communicate("")
    # Its process is gone without a word: nobody should go on waiting. Why, and where it lies, is for admins.
    _, _, message = read_error(service.ask("slow-repo"))
    assert "did not finish" in message
    assert "/srv" not in message
    _, _, message = read_error(service.ask("slow-repo", key=create_key(data_dir, "admin-of-slow", "--admin")))
    assert "stopped" in message
    assert "codesearch index /srv/slow-repo" in message
    # A key that may not read it is told what it would be told of nothing.
    narrow = create_key(data_dir, "not-of-slow", "--source", "ledger-go")
    hidden, unknown = (read_error(service.ask(name, key=narrow)) for name in ("slow-repo", "slow-none"))
    assert hidden == (*unknown[:2], unknown[2].replace("slow-none", "slow-repo"))
    assert run_cli(data_dir, "workspace", "create", "mixed", "slow-repo", "ledger-go").status == 0
    assert len(service.records("mixed", top_k=3)) == 3


def test_log_lines_are_json_with_a_request_id_and_without_secrets(service: Service) -> None:
    response = service.ask("ledger-go", QUERY)
    refused = service.ask("ledger-go", QUERY, key="cs_thisisnotakeyatallbutasecretnonetheless")
    assert refused.status_code == 401
    lines = [json.loads(line) for line in service.logged.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    (line,) = [line for line in lines if line.get("request_id") == response.headers["X-Request-ID"]]
    assert (line["method"], line["path"], line["status"], line["key"]) == ("POST", "/retrieval", 200, "reader-of-logs")
    assert line["ms"] > 0
    for secret in (service.key, "thisisnotakey", "pelicans computed"):
        assert secret not in service.logged


def test_a_request_id_of_the_client_is_kept(service: Service) -> None:
    headers = {"Authorization": f"Bearer {service.key}", "X-Request-ID": "from-dify-7"}
    response = service.post("/retrieval", content=b"", headers=headers)
    assert response.headers["X-Request-ID"] == "from-dify-7"


def test_several_workers_answer_alike_and_know_revoked_keys(data_dir: Path, tmp_path: Path) -> None:
    key = create_key(data_dir, "for-workers")
    with Service(data_dir, key, "--workers", "2", log=tmp_path / "workers.log", log_format="json") as service:
        answers = {_ask_on_a_new_connection(service, key) for _ in range(20)}
        assert len(answers) == 1
        assert answers.pop()[0] == 200
        assert run_cli(data_dir, "key", "revoke", "for-workers").status == 0
        assert {_ask_on_a_new_connection(service, key)[0] for _ in range(20)} == {401}
        assert service.stop(signal.SIGINT) == 0
        processes = {json.loads(line)["message"] for line in service.logged.splitlines() if "Started server" in line}
        assert len(processes) == 2


def test_several_workers_answer_at_once(data_dir: Path, tmp_path: Path) -> None:
    key = create_key(data_dir, "for-fast-workers")
    with Service(data_dir, key, "--workers", "2", log=tmp_path / "workers.log") as service:
        seconds = []
        for _ in range(40):
            started = time.monotonic()
            assert service.ask("ledger-go").status_code == 200
            seconds.append(time.monotonic() - started)
    # What is held back until the client's system has acknowledged the head of an answer takes 40 ms and more.
    assert min(seconds[2:]) < 0.035


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_connections_that_come_together_are_spread_over_the_workers(data_dir: Path, tmp_path: Path) -> None:
    with Service(data_dir, "no-key", "--workers", "2", log=tmp_path / "workers.log") as service, ExitStack() as stack:
        assert wait_until(lambda: _count_listening(service.port) == 2, timeout_seconds=PATIENCE_SECONDS)
        before = {pid: _count_sockets(pid) for pid in _children_of(service.process.pid)}
        for _ in range(32):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        wait_until(lambda: sum(_count_sockets(pid) - count for pid, count in before.items()) >= 32, timeout_seconds=10)
        # What the kernel draws from their ports leaves one of two without any once in two thousand million times.
        shares = sorted(_count_sockets(pid) - count for pid, count in before.items())[-2:]
    assert min(shares) > 0, shares


def _children_of(process_id: int) -> list[int]:
    tasks = Path(f"/proc/{process_id}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def _count_listening(port: int) -> int:
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines())
    return sum(1 for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}"))


def _count_sockets(process_id: int) -> int:
    opened = Path(f"/proc/{process_id}/fd").iterdir()
    return sum(1 for path in opened if path.is_symlink() and str(path.readlink()).startswith("socket:"))


def _ask_on_a_new_connection(service: Service, key: str) -> tuple[int, bytes]:
    """Ask where either worker may take the connection."""
    body = json.dumps({"knowledge_id": "ledger-go", "query": "balance"}).encode()
    response = service.post(
        "/retrieval", content=body, headers={"Authorization": f"Bearer {key}", "Connection": "close"}
    )
    return response.status_code, response.content


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(data_dir: Path, tmp_path: Path, by: signal.Signals) -> None:
    with Service(data_dir, "no-key", log=tmp_path / "serve.log") as service:
        assert service.stop(by) == 0
        assert "Traceback" not in service.logged
        assert "ERROR" not in service.logged


def test_a_port_in_use_is_one_clear_line(service: Service, data_dir: Path) -> None:
    outcome = run_cli(data_dir, "serve", "--port", str(service.port))
    assert outcome.status == 1
    assert f"port {service.port}" in outcome.error
    assert "--port" in outcome.error
    assert outcome.out == ""


def test_settings_come_from_the_file_and_the_environment_and_the_command_line_wins(
    data_dir: Path, tmp_path: Path, service: Service
) -> None:
    """Every port but the one that should win is in use."""
    taken, free = service.port, free_port()
    (tmp_path / "codesearch.toml").write_text(f'port = {taken}\nlog_level = "warning"\n')
    environment = clean_environment(data_dir, port=str(taken))
    process = subprocess.Popen(
        command_of("serve", "--port", str(free)),
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert f"http://127.0.0.1:{free} " in process.stdout.readline()
        process.terminate()
        _, log = process.communicate(timeout=PATIENCE_SECONDS)
    assert "INFO" not in log


def test_an_index_of_another_format_is_named_with_what_to_run(data_dir: Path, tmp_path: Path) -> None:
    copied = copy_index(data_dir, tmp_path / "data")
    outcome = run_cli(copied, "serve", "--port", "0", max_chunk_tokens="64")
    assert outcome.status == 1
    assert "codesearch index --all" in outcome.error
    assert run_cli(copied, "search", "ledger-go", "balance", max_chunk_tokens="64").status == 1
    shutil.rmtree(copied)
