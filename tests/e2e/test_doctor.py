"""`codesearch doctor`: a good installation, and each part that can be broken with what to do about it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from codesearch.core.catalog.catalog import open_catalog
from tests.e2e.service import (
    FIXTURES,
    Outcome,
    clean_environment,
    command_of,
    copy_index,
    create_key,
    index_fixtures,
    run_cli,
)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures with a key; not to be changed."""
    copied = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("doctor") / "data")
    create_key(copied, "reader")
    return copied


def bad_findings(outcome: Outcome) -> dict[str, dict[str, object]]:
    """Return the findings that are not good, after a look at the exit status."""
    report = outcome.json
    bad = {item["subject"]: item for item in report["findings"] if not item["ok"]}
    assert outcome.status == (1 if bad else 0)
    assert report["ok"] is not bool(bad)
    assert all(item["advice"] for item in bad.values())
    return bad


def test_a_good_installation(indexed: Path) -> None:
    outcome = run_cli(indexed, "doctor")
    assert outcome.status == 0
    assert outcome.err == ""
    assert all(line.startswith("ok ") for line in outcome.out.splitlines())
    for subject in (
        "codesearch",
        "git",
        "data folder",
        "catalog",
        "embedding model",
        "vector store",
        "indexes",
        "keys",
    ):
        assert f"ok   {subject}: " in outcome.out
    assert "10 data sources" in outcome.out
    assert re.search(
        r"^ok   size and age: [\d.]+ MB in 10 segments; the oldest was published ", outcome.out, re.MULTILINE
    )
    assert re.search(
        r"^ok   index runs: 0 at work, none of the last ones failed, [\d,]+ chunks a second",
        outcome.out,
        re.MULTILINE,
    )
    assert bad_findings(run_cli(indexed, "doctor", "--json")) == {}


def test_an_empty_installation_says_what_to_do_next(data_dir: Path) -> None:
    outcome = run_cli(data_dir, "doctor")
    assert outcome.status == 1
    assert "codesearch index SOURCE" in outcome.out
    assert "codesearch key create NAME" in outcome.out
    assert set(bad_findings(run_cli(data_dir, "doctor", "--json"))) == {"keys"}


def test_a_wrong_setting(data_dir: Path) -> None:
    bad = bad_findings(run_cli(data_dir, "doctor", "--json", port="many"))
    assert "CODESEARCH_PORT" in str(bad["settings"]["found"])


def test_a_variable_that_is_nearly_a_setting(indexed: Path) -> None:
    found = run_cli(indexed, "doctor", max_request="5", service_host="10.0.0.1", port_8000_tcp_addr="10.0.0.1")
    assert found.status == 1
    assert "BAD  settings: CODESEARCH_MAX_REQUEST of the environment is no setting\n" in found.out
    assert "-> Is CODESEARCH_MAX_REQUESTS meant?" in found.out
    assert found.out.count("is no setting") == 1


def test_a_missing_git(indexed: Path, tmp_path: Path) -> None:
    environment = {**clean_environment(indexed), "PATH": str(tmp_path)}
    done = subprocess.run(command_of("doctor"), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "BAD  git: not found" in done.stdout
    assert "Install git" in done.stdout
    assert done.stderr == ""


def test_an_unknown_model(indexed: Path) -> None:
    bad = bad_findings(run_cli(indexed, "doctor", "--json", embedding_model="nope"))
    assert "embedding model" in bad
    assert "CODESEARCH_EMBEDDING_MODEL" in str(bad["embedding model"]["found"])


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bad = bad_findings(run_cli(tmp_path / "file", "doctor", "--json"))
    assert {"data folder", "catalog"} <= set(bad)


def test_a_database_that_does_not_answer(indexed: Path) -> None:
    bad = bad_findings(run_cli(indexed, "doctor", "--json", database_url="postgresql://me:hunter2@127.0.0.1:9/x"))
    assert "catalog" in bad
    assert "hunter2" not in str(bad)


def test_an_index_of_another_format(indexed: Path) -> None:
    bad = bad_findings(run_cli(indexed, "doctor", "--json", max_chunk_tokens="64"))
    assert "codesearch index --all" in str(bad["index of ledger-go"]["advice"])


def test_a_source_that_was_never_finished_and_one_whose_last_run_failed(indexed: Path, tmp_path: Path) -> None:
    data_dir = copy_index(indexed, tmp_path / "data")
    with open_catalog(f"sqlite:///{data_dir / 'catalog.sqlite3'}") as catalog:
        pending = catalog.add_source(id="5107" * 6, name="slow-repo", location="/srv/slow-repo")
        catalog.fail_run(catalog.start_run(pending.id, None), "the disk is full")
        catalog.fail_run(catalog.start_run(catalog.get_source("ledger-go").id, None), "the host was not found")
    outcome = run_cli(data_dir, "doctor")
    assert outcome.status == 1
    assert "BAD  index of slow-repo: its last run failed: the disk is full" in outcome.out
    assert "codesearch index /srv/slow-repo" in outcome.out
    assert "ok   index of ledger-go: its last run failed: the host was not found" in outcome.out
    assert f"codesearch index {FIXTURES / 'ledger-go'}" in outcome.out


def test_what_to_do_about_a_source_is_said_once(indexed: Path, tmp_path: Path) -> None:
    data_dir = copy_index(indexed, tmp_path / "data")
    with open_catalog(f"sqlite:///{data_dir / 'catalog.sqlite3'}") as catalog:
        ledger = catalog.get_source("ledger-go")
        catalog.finish_run(
            catalog.start_run(ledger.id),
            commit=ledger.commit,
            file_count=1,
            chunk_count=3,
            index_format=ledger.index_format,
        )
        catalog.fail_run(catalog.start_run(ledger.id, None), "the host was not found")
    shown = run_cli(data_dir, "doctor").out
    assert shown.count("BAD  ") > 1
    assert "ok   index of ledger-go: its last run failed: " in shown
    assert shown.count(f"-> Run `codesearch index {FIXTURES / 'ledger-go'}`.") == 1
    as_json = run_cli(data_dir, "doctor", "--json").json["findings"]
    assert sum(f"codesearch index {FIXTURES / 'ledger-go'}`" in item["advice"] for item in as_json) > 1


def test_a_data_folder_that_others_can_read(indexed: Path, tmp_path: Path) -> None:
    copied = copy_index(indexed, tmp_path / "data")
    copied.chmod(0o755)
    (copied / "catalog.sqlite3").chmod(0o644)
    finding = bad_findings(run_cli(copied, "doctor", "--json"))["privacy"]
    assert "catalog.sqlite3" in str(finding["found"])
    assert f"chmod -R go-rwx {copied}" in str(finding["advice"])
    copied.chmod(0o700)
    assert "privacy" not in bad_findings(run_cli(copied, "doctor", "--json"))


def test_which_configuration_counts(indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "codesearch.toml").write_text("port = 4444\n")
    shown = run_cli(indexed, "doctor")
    assert "configuration: no file" in shown.out
    assert f"Ignored codesearch.toml in {tmp_path}" in shown.out
    assert run_cli(indexed, "trust").status == 0
    assert f"configuration: {tmp_path / 'codesearch.toml'}" in run_cli(indexed, "doctor").out


def test_where_settings_come_from(indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not at its default is named with where it is from, secrets without what they are."""
    config, secret = tmp_path / "config", "not-to-be-printed-by-anybody"
    own, local = config / "codesearch" / "config.toml", tmp_path / "codesearch.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    own.parent.mkdir(parents=True)
    own.write_text(f'port = 4444\nworkers = 2\nhost = "127.0.0.1"\ngit_token = "{secret}"\n')
    local.write_text("workers = 3\nindex_workers = 2\n")
    assert run_cli(indexed, "trust").status == 0
    monkeypatch.setenv("CODESEARCH_PEER_SECRET", secret)
    monkeypatch.setenv("codesearch_index_workers", "1")
    monkeypatch.setenv("CODESEARCH_LOG_LEVEL", "info")
    shown = run_cli(indexed, "doctor")
    assert f"configuration: {own}, {local}" in shown.out
    said = [line for line in shown.out.splitlines() if "settings: " in line]
    assert said == [
        "ok   settings: of the environment: CODESEARCH_DATA_DIR, CODESEARCH_PEER_SECRET, "
        f"CODESEARCH_INDEX_WORKERS (not {local})",
        f"ok   settings: of {local}: workers (not {own})",
        f"ok   settings: of {own}: port, git_token",
        "ok   settings: all others are at their defaults",
    ]
    assert secret not in shown.out


def test_a_trusted_data_folder_is_where_that_setting_comes_from(
    indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CODESEARCH_DATA_DIR", raising=False)
    folder = copy_index(indexed, tmp_path / ".codesearch")
    assert run_cli(folder, "trust").status == 0
    shown = run_cli(None, "doctor")
    assert f"settings: of {folder}: data_dir\n" in shown.out
    assert "settings: of the environment" not in shown.out
