"""No credential of an address is found anywhere afterwards: argument lists, logs, catalog, store, messages, --json."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from codesearch.core.catalog.catalog import open_catalog
from tests.e2e.service import Outcome, Service, create_key, run_cli
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.source.git_server import GitServer, serve

MakeRepository = Callable[..., Repository]
SECRET = "Zq9sesameZq9"
TOKEN = f"ghp_{SECRET * 3}"
# {host} is a git server that takes the secret for a password.
REFUSED = (
    f"bob:{SECRET}@localhost:app",
    f"bob:{SECRET}@localhost/app",
    f"bob:x/{SECRET}@localhost:app",
    f"https:/bob:{SECRET}@localhost/app",
    f"https//bob:{SECRET}@localhost/app",
    f"https://bob:{SECRET}@localhost:port/app",
    f"https://bob:12/{SECRET}@localhost/app",
    f"https://localhost/bob:{SECRET}@localhost/app",
    "http://{host}/app?private_token=" + SECRET,
    "http://{host}/app#access_token=" + SECRET,
    "http://{host}/" + TOKEN,
    f"ssh://bob:{SECRET}@localhost/app",
    f"ssh://bob%3A{SECRET}@localhost/app",
    f"ssh://{TOKEN}@localhost/app",
    f"git@localhost:{TOKEN}/app",
    f"file://bob:{SECRET}@localhost/app",
    f"ftp://bob:{SECRET}@localhost/app",
    f"./bob:{SECRET}@nowhere",
)
STRIPPED = (
    f"http://bob:{SECRET}@{{host}}/app",
    f"http://bob:{SECRET}@{{host}}/gone",
    f"http://{SECRET}@{{host}}/other",
)


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to which every git process, and what it starts, writes its argument list."""
    log = tmp_path / "arguments"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(log))
    # git would strike out by itself what this is to find.
    monkeypatch.setenv("GIT_TRACE2_REDACT", "0")
    return log


@pytest.fixture
def host(make_repository: MakeRepository, tmp_path: Path) -> Iterator[GitServer]:
    make_repository("served/app").commit({"a.py": "def a():\n    return 1\n"})
    with serve(tmp_path / "served", ("bob", SECRET)) as server:
        yield server


def everything_in(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_credential_of_an_address_is_left_anywhere(
    data_dir: Path, tmp_path: Path, host: GitServer, arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[Outcome] = []

    def run(*words: str) -> Outcome:
        outcomes.append(run_cli(data_dir, *words, log_level="debug", index_workers="1"))
        return outcomes[-1]

    refused = [form.format(host=host.address) for form in REFUSED]
    for address in refused:
        assert run("index", address).status == 1, address
        assert run("index", address, "--dry-run", "--json").status == 1
        for command in (["search", address, "x"], ["remove", address], ["workspace", "create", "w", address]):
            assert run(*command).status == 1
    addresses = [form.format(host=host.address) for form in STRIPPED]
    assert run("index", addresses[0], "--json").status == 0
    assert run("index", *addresses, refused[0], "--json").status == 1
    # The login that was asked for and accepted: the test would find it if it were there.
    assert any(seen for seen in host.seen)
    for words in (
        ["list"],
        ["list", "--json"],
        ["doctor", "--json"],
        ["index", "--all"],
        ["search", "app", "a", "--json"],
    ):
        run(*words)
    key = create_key(data_dir, "reader")
    with Service(data_dir, key, log=tmp_path / "serve.log", log_level="debug", log_format="json") as service:
        for address in (*refused, *addresses):
            answer = service.ask(address)
            outcomes.append(Outcome(answer.status_code, answer.text, ""))
        assert service.ask("app", "a").status_code == 200
        outcomes.append(Outcome(0, service.printed, service.logged))
    argument_lists = [
        event["argv"] for line in arguments.read_text().splitlines() if "argv" in (event := json.loads(line))
    ]
    assert any("git-remote-http" in words[0] or "remote-http" in words for words in argument_lists)
    assert any(f"http://{host.address}/app" in words for words in argument_lists)
    shown = "\n".join(outcome.out + outcome.err for outcome in outcomes)
    assert "looks like a token or a password" in shown
    for where, text in (
        ("shown", shown.encode()),
        ("arguments", arguments.read_bytes()),
        ("data", everything_in(data_dir)),
    ):
        assert SECRET.encode() not in text, where
    assert SECRET not in os.environ.values()


def test_what_an_older_catalog_holds_is_not_shown(data_dir: Path) -> None:
    with closing(open_catalog(f"sqlite:///{data_dir}/catalog.sqlite3")) as catalog:
        catalog.add_source(id="ab" * 12, location=f"bob:{SECRET}@localhost:app", name="app")
    key = create_key(data_dir, "admin", "--admin")
    for words in (
        ["list"],
        ["list", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        ["index", "--all"],
        ["search", "app", "x"],
    ):
        outcome = run_cli(data_dir, *words)
        assert SECRET not in outcome.out + outcome.err
    with Service(data_dir, key) as service:
        assert SECRET not in service.ask("app").text
