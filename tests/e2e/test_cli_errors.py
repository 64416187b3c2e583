"""What goes wrong at a shell: exit status 1 or 2, one clear line on stderr, nothing on stdout, never a traceback."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.service import (
    FIXTURES,
    PATIENCE_SECONDS,
    Outcome,
    clean_environment,
    command_of,
    copy_index,
    index_fixtures,
    run_cli,
    spawn_cli,
)
from tests.unit.indexer.conftest import Repository

MakeRepository = Callable[..., Repository]
COMMANDS = [
    [],
    ["index"],
    ["search"],
    ["list"],
    ["remove"],
    ["workspace"],
    ["workspace", "create"],
    ["workspace", "list"],
    ["workspace", "remove"],
    ["key"],
    ["key", "create"],
    ["key", "list"],
    ["key", "revoke"],
    ["serve"],
    ["doctor"],
    ["completion"],
]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures; not to be changed."""
    return index_fixtures(tmp_path_factory)


@pytest.fixture
def not_git() -> Iterator[str]:
    """The address of a web server that knows no git."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def assert_failed(outcome: Outcome, *said: str) -> None:
    assert outcome.status == 1, outcome
    assert outcome.out == ""
    for words in said:
        assert words in outcome.error


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/no/such/folder", "existing folder"),
        ("no-such-folder", "existing folder"),
        ("ext::sh -c whoami", "refused"),
        ("ftp://example.org/app.git", "ftp://"),
        ("https://user@", "https"),
        ("", "No source given"),
        ("a\nb", "control characters"),
    ],
)
def test_a_source_that_cannot_be(data_dir: Path, source: str, said: str) -> None:
    assert_failed(run_cli(data_dir, "index", source), said)
    assert_failed(run_cli(data_dir, "index", "--dry-run", source), said)
    assert run_cli(data_dir, "list", "--json").json == {"sources": []}


def test_an_option_like_source(data_dir: Path) -> None:
    assert_failed(run_cli(data_dir, "index", "--", "--upload-pack=touch owned"), "looks like an option")
    assert run_cli(data_dir, "index", "--upload-pack=x").status == 2


def test_an_option_like_branch(data_dir: Path, make_repository: MakeRepository) -> None:
    repository = make_repository()
    repository.commit({"a.py": "a = 1\n"})
    outcome = run_cli(data_dir, "index", str(repository.path), "--branch=--upload-pack=x")
    assert_failed(outcome, "branch")


def test_a_file_is_no_source(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n")
    assert_failed(run_cli(data_dir, "index", str(tmp_path / "a.py")), "is a file")


def test_hosts_that_do_not_answer(data_dir: Path, not_git: str) -> None:
    assert_failed(run_cli(data_dir, "index", "https://codesearch.invalid/app.git"), "codesearch.invalid")
    assert_failed(run_cli(data_dir, "index", "http://127.0.0.1:9/app.git"), "127.0.0.1:9")
    assert_failed(run_cli(data_dir, "index", f"{not_git}/app.git"), f"{not_git}/app.git", "CODESEARCH_GIT_TOKEN")
    secret = "hunter2secret"
    outcome = run_cli(data_dir, "index", f"{not_git.replace('//', f'//me:{secret}@')}/app.git")
    assert_failed(outcome)
    assert secret not in outcome.err


def test_without_git_repositories_fail_clearly_and_folders_work(
    data_dir: Path, tmp_path: Path, make_repository: MakeRepository
) -> None:
    repository = make_repository()
    repository.commit({"a.py": "def a():\n    return 1\n"})
    environment = {**clean_environment(data_dir), "PATH": str(tmp_path / "nothing")}
    for source in (str(repository.path), "https://example.org/app.git"):
        done = subprocess.run(
            command_of("index", source),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        assert_failed(Outcome(done.returncode, done.stdout, done.stderr), "install git")
    shutil.copytree(FIXTURES / "ledger-go", tmp_path / "plain")
    command = command_of("index", str(tmp_path / "plain"))
    assert (
        subprocess.run(command, env=environment, capture_output=True, check=False, timeout=PATIENCE_SECONDS).returncode
        == 0
    )


def test_unknown_ids(indexed: Path) -> None:
    assert_failed(run_cli(indexed, "search", "nope", "x"), "'nope'", "codesearch list")
    assert_failed(run_cli(indexed, "search", "ledgr-go", "x"), "Did you mean ledger-go")
    assert_failed(run_cli(indexed, "search", "0" * 24, "x"), "0" * 24)
    assert_failed(run_cli(indexed, "remove", "nope"), "'nope'")
    assert_failed(run_cli(indexed, "remove", "orders"), "Did you mean orders-service?")
    assert_failed(run_cli(indexed, "workspace", "create", "w", "ledger-go", "opsscripts"), "Did you mean ops-scripts?")
    assert_failed(run_cli(indexed, "key", "create", "k", "--source", "ledger"), "Did you mean ledger-")
    assert_failed(run_cli(indexed, "workspace", "remove", "nope"), "'nope'")
    assert_failed(run_cli(indexed, "key", "revoke", "nope"), "codesearch key list")


def test_what_only_reads_creates_nothing(tmp_path: Path) -> None:
    data_dir = tmp_path / "none" / "data"
    assert run_cli(data_dir, "list").out == "Nothing is indexed yet. Run `codesearch index SOURCE`.\n"
    assert run_cli(data_dir, "list", "--json").json == {"sources": []}
    assert run_cli(data_dir, "workspace", "list", "--json").json == {"workspaces": []}
    assert run_cli(data_dir, "key", "list", "--json").json == {"keys": []}
    assert run_cli(data_dir, "remove", "--examples", "--json").json == {"removed": []}
    assert_failed(run_cli(data_dir, "index", "--all"), "Nothing is indexed yet")
    assert_failed(run_cli(data_dir, "search", "app", "x"), "Nothing is indexed yet")
    assert_failed(run_cli(data_dir, "remove", "app"), "'app'", "Nothing is indexed yet")
    assert_failed(run_cli(data_dir, "workspace", "create", "w", "app"), "'app'")
    assert_failed(run_cli(data_dir, "workspace", "remove", "w"), "'w'")
    assert_failed(run_cli(data_dir, "key", "revoke", "k"), "'k'")
    named = tmp_path / "elsewhere" / "catalog.sqlite3"
    assert run_cli(data_dir, "list", "--json", database_url=f"sqlite:///{named}").json == {"sources": []}
    assert not data_dir.parent.exists()
    assert not named.parent.exists()


def test_a_name_that_is_taken(indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.py").write_text("a = 1\n")
    assert_failed(run_cli(indexed, "index", str(tmp_path / "other"), "--name", "ledger-go"), "taken")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "many"),
        ("port", "99999"),
        ("workers", "0"),
        ("log_level", "loud"),
        ("log_format", "xml"),
        ("max_file_bytes", "-1"),
        ("max_chunk_tokens", "3"),
    ],
)
def test_a_wrong_setting_is_named(data_dir: Path, name: str, value: str) -> None:
    assert_failed(run_cli(data_dir, "list", **{name: value}), f"CODESEARCH_{name.upper()}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"port = [", "codesearch.toml"),
        (b"colour = 1", "colour in "),
        (b'port = "x"', "port in "),
        (b"\xff", "codesearch.toml"),
    ],
)
def test_a_wrong_configuration_file(data_dir: Path, text: bytes, said: str) -> None:
    Path("codesearch.toml").write_bytes(text)
    assert run_cli(data_dir, "trust").status == 0
    assert_failed(run_cli(data_dir, "list"), said)


def test_a_data_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "data", Path("/proc/codesearch")):
        # Reading creates nothing, so that it cannot fail where a folder could not be created.
        readers = [] if folder.parent == Path("/proc") else [["list"], ["search", "app", "x"]]
        for command in (*readers, ["index", str(FIXTURES / "ledger-go")], ["serve", "--port", "0"]):
            assert_failed(run_cli(folder, *command), str(folder), "CODESEARCH_DATA_DIR")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")
def test_a_data_folder_that_may_not_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)
    assert_failed(run_cli(folder, "key", "create", "reader"), str(folder))


def test_a_store_that_cannot_be(indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    data_dir, store_uri = copy_index(indexed, tmp_path / "data"), str(tmp_path / "file")
    assert_failed(run_cli(data_dir, "index", str(FIXTURES / "ledger-go"), store_uri=store_uri), "vector store")
    # What is published answers without it, as long as its search index is there.
    assert run_cli(data_dir, "search", "ledger-go", "x", store_uri=store_uri).status == 0
    shutil.rmtree(data_dir / "search")
    assert_failed(run_cli(data_dir, "search", "ledger-go", "x", store_uri=store_uri), "vector store")


def test_a_search_folder_that_cannot_be(indexed: Path, tmp_path: Path) -> None:
    data_dir = copy_index(indexed, tmp_path / "data")
    shutil.rmtree(data_dir / "search")
    (data_dir / "search").write_text("")
    assert_failed(run_cli(data_dir, "search", "ledger-go", "x"), str(data_dir / "search"))


@pytest.mark.parametrize("url", ["nonsense", "oracle://host/db", "postgresql://me:hunter2@127.0.0.1:9/db"])
def test_a_catalog_that_cannot_be(data_dir: Path, url: str) -> None:
    outcome = run_cli(data_dir, "list", database_url=url)
    assert_failed(outcome)
    assert "hunter2" not in outcome.err


def test_a_catalog_that_is_no_database(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "catalog.sqlite3").write_bytes(b"this is no database at all, but text" * 100)
    assert_failed(run_cli(data_dir, "list"), "catalog.sqlite3")


def test_an_unknown_model(indexed: Path) -> None:
    for command in (["search", "ledger-go", "x"], ["serve", "--port", "0"], ["index", str(FIXTURES / "ledger-go")]):
        outcome = run_cli(indexed, *command, embedding_model="bge-small-en-v1")
        assert_failed(outcome, "CODESEARCH_EMBEDDING_MODEL", "BAAI/bge-small-en")
    assert run_cli(indexed, "list", embedding_model="bge-small-en-v1").status == 0


@pytest.mark.parametrize("host", ["203.0.113.7", "codesearch.invalid", "not a host", "x" * 300])
def test_an_address_that_is_not_ours(indexed: Path, host: str) -> None:
    assert_failed(run_cli(indexed, "serve", "--port", "0", "--host", host), "Cannot listen", "--host")


@pytest.mark.parametrize(
    "arguments",
    [
        ["frob"],
        ["index"],
        ["index", "--frob", "x"],
        ["index", "a", "--all"],
        ["index", "a", "b", "--name", "c"],
        ["index", "--all", "--dry-run"],
        ["search"],
        ["search", "x"],
        ["search", "x", " "],
        ["search", "x", "y", "--top-k", "0"],
        ["search", "x", "y", "--top-k", "101"],
        ["search", "x", "y", "--threshold", "1.5"],
        ["list", "extra"],
        ["remove"],
        ["remove", "x", "--examples"],
        ["index", "a", "--examples", "."],
        ["completion"],
        ["completion", "tcsh"],
        ["workspace", "create", "x"],
        ["workspace", "frob"],
        ["key", "create"],
        ["key", "create", "x", "--expires", "soon"],
        ["serve", "--port", "70000"],
        ["serve", "--workers", "0"],
        ["serve", "--first-run", "/no/such/folder"],
    ],
)
def test_wrong_usage_is_status_2_and_says_where_help_is(data_dir: Path, arguments: list[str]) -> None:
    outcome = run_cli(data_dir, *arguments)
    assert outcome.status == 2
    assert outcome.out == ""
    assert "Usage: " in outcome.err
    assert "--help" in outcome.err
    assert "Error: " in outcome.err
    assert not data_dir.exists()


@pytest.mark.parametrize("arguments", [[], ["workspace"], ["key"]])
def test_a_group_alone_shows_its_help(data_dir: Path, arguments: list[str]) -> None:
    outcome = run_cli(data_dir, *arguments)
    assert outcome.status == 2
    assert "Commands:" in outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_explains_every_option_and_needs_nothing(tmp_path: Path, command: list[str]) -> None:
    for flag in ("--help", "-h"):
        outcome = run_cli(Path("/proc/codesearch"), *command, flag, port="wrong")
        assert (outcome.status, outcome.err) == (0, "")
        assert outcome.out.startswith("Usage: ")
    lines = outcome.out.splitlines()
    assert lines[2].strip()
    for index, line in enumerate(lines):
        if line.startswith("  --"):
            follows = lines[index + 1] if index + 1 < len(lines) else ""
            assert "  " in line.strip() or follows.startswith("      "), line


def test_help_and_light_commands_do_not_wait_for_heavy_libraries(data_dir: Path) -> None:
    heavy = ("lancedb", "pyarrow", "fastembed", "onnxruntime", "tokenizers", "fastapi", "uvicorn")
    for arguments, unneeded in (
        (["--help"], (*heavy, "sqlalchemy", "tree_sitter", "pydantic", "filelock", "asyncio", "platformdirs")),
        (["list"], heavy),
        (["key", "create", "x"], heavy),
        (["workspace", "list"], heavy),
    ):
        code = (
            "import sys\nfrom codesearch.cli.main import main\n"
            f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert not end.code\n"
            f"print('LOADED', [name for name in {unneeded!r} if name in sys.modules])\n"
        )
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command,
            env=clean_environment(data_dir),
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.stdout.endswith("LOADED []\n"), (arguments, done.stdout)


def test_the_version(data_dir: Path) -> None:
    outcome = spawn_cli(data_dir, "--version")
    assert outcome.status == 0
    assert outcome.out.split()[-1].count(".") == 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_failure(tmp_path: Path, closed: str) -> None:
    command = ["sh", "-c", f'"$@" --version {closed}', "sh", *command_of()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean_environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "said"),
    [('port = "x"', "port in {}: "), ('embedding_model = "nope"', "is set as embedding_model in {}.")],
)
def test_a_wrong_setting_of_a_file_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, said: str
) -> None:
    own_file = tmp_path / "config" / "codesearch" / "config.toml"
    own_file.parent.mkdir(parents=True)
    own_file.write_text(line)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("def first(): pass\n")
    assert_failed(run_cli(tmp_path / "data", "index", str(tmp_path / "code")), said.format(own_file))
    assert said.format(own_file) in run_cli(tmp_path / "data", "doctor").out
