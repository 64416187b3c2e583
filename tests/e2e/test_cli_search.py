"""`codesearch search` and `list` for people and programs: terminals, pipes, colours, names that look like markup."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.service import (
    FIXTURES,
    PATIENCE_SECONDS,
    Service,
    clean_environment,
    command_of,
    copy_index,
    create_key,
    index_fixtures,
    run_cli,
    spawn_cli,
)

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
AGE = r"(less than a minute|\d+ (minute|hour)s?)"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures; not to be changed."""
    return index_fixtures(tmp_path_factory)


def run_on_terminal(data_dir: Path, *arguments: str, columns: int = 100, **environment: str) -> str:
    """Run a command on a terminal of that width and return what it shows."""
    master, slave = pty.openpty()
    variables = {**clean_environment(data_dir), "TERM": "xterm-256color", "COLUMNS": str(columns), **environment}
    process = subprocess.Popen(command_of(*arguments), env=variables, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    assert process.wait(PATIENCE_SECONDS) == 0, shown
    return shown.decode().replace("\r\n", "\n")


def test_a_pipe_gets_plain_whole_lines(indexed: Path) -> None:
    outcome = spawn_cli(indexed, "search", "orders-service", "add_value_added_tax", "--top-k", "3")
    assert outcome.status == 0
    assert outcome.err == ""
    assert "\x1b" not in outcome.out
    head, *code = outcome.out.split("\n\n")[0].splitlines()
    heading = re.fullmatch(
        r"1  orders-service  orders/tax\.py:(\d+)-(\d+)  add_value_added_tax  (0\.\d{3}|1\.000)", head
    )
    assert heading
    first, last = int(heading[1]), int(heading[2])
    lines = (FIXTURES / "orders-service" / "orders" / "tax.py").read_text().splitlines()
    width = len(str(last))
    assert code == [f"{number:>{width}}  {lines[number - 1]}".rstrip() for number in range(first, last + 1)]


def test_json_is_the_services_answer(indexed: Path, tmp_path: Path) -> None:
    data_dir = copy_index(indexed, tmp_path / "data")
    printed = run_cli(data_dir, "search", "ledger-go", "balance", "--top-k", "7", "--json").json
    with Service(data_dir, create_key(data_dir, "reader")) as service:
        assert {"records": service.records("ledger-go", "balance", top_k=7)} == printed
    assert len(printed["records"]) == 7


def test_nothing_found(indexed: Path) -> None:
    assert run_cli(indexed, "search", "ledger-go", "balance", "--threshold", "1").out == "Nothing found.\n"
    outcome = run_cli(indexed, "search", "ledger-go", "balance", "--threshold", "1", "--json")
    assert (outcome.status, outcome.json) == (0, {"records": []})


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        ("search", ["--lang", "Goo"], "--lang goo: no file here is in this language; there are go, "),
        ("search", ["--lang", "cobol"], "--lang cobol: no file here is in this language; there are go, go-module"),
        ("search", ["--lang", "go", "--lang", "goo"], "--lang goo: no file here is in this language; there are go, "),
        ("search", ["--ext", "*.goo"], "--ext .goo: no file here ends so; there are .go, "),
        ("search", ["--kind", "methud"], "--kind methud: nothing here is of this kind; there are method, "),
        ("search", ["--kind", "METHOD", "--kind", "x"], "--kind x: nothing here is of this kind; there are chunk, "),
        ("context", ["--lang", "goo"], "--lang goo: no file here is in this language; there are go, "),
        ("context", ["--ext", "goo"], "--ext .goo: no file here ends so; there are .go, "),
        ("grep", ["--ext", "goo"], "--ext .goo: no file here ends so; there are .go, "),
        ("grep", ["--ext", "go", "--ext", "goo"], "--ext .goo: no file here ends so; there are .go, "),
    ],
)
def test_a_word_that_no_file_has_is_named_with_those_that_there_are(
    indexed: Path, command: str, options: list[str], said: str
) -> None:
    words = ["balance", "ledger-go"] if command == "grep" else ["ledger-go", "balance"]
    outcome = run_cli(indexed, command, *words, *options)
    assert f"codesearch: {said}" in outcome.err
    # What is known and only not there is not said.
    assert outcome.err.count("; there are ") == 1


@pytest.mark.parametrize(
    ("command", "paths", "said"),
    [
        ("search", ["internl"], "--path internl: no path here begins so; like it: internal/."),
        ("search", ["Internl/"], "--path Internl/: no path here begins so; like it: internal/."),
        (
            "search",
            ["internal", "internal/no.go"],
            "--path internal/no.go: no path here begins so; like it: internal/.",
        ),
        ("search", ["server.go"], "--path server.go: no path here begins so; like it: internal/server/server.go."),
        (
            "search",
            ["internal/**/*.go"],
            "--path internal/**/*.go: no path here begins so, * stands for itself; like it: internal/.",
        ),
        ("context", ["internl"], "--path internl: no path here begins so; like it: internal/."),
        ("grep", ["internl"], "--path internl: no path here begins so; like it: internal/."),
        ("grep", ["zzzzzz"], "--path zzzzzz: no path here begins so; there are "),
    ],
)
def test_a_path_that_no_file_has_is_named_with_what_is_like_it(
    indexed: Path, command: str, paths: list[str], said: str
) -> None:
    words = ["balance", "ledger-go"] if command == "grep" else ["ledger-go", "balance"]
    outcome = run_cli(indexed, command, *words, *(word for path in paths for word in ("--path", path)))
    assert f"codesearch: {said}" in outcome.err
    assert outcome.err.count("--path") == 1


@pytest.mark.parametrize("options", [["--lang", "go"], ["--ext", ".GO"], ["--kind", "symbol", "--kind", "method"]])
def test_words_that_there_are_are_not_named(indexed: Path, options: list[str]) -> None:
    assert "; there are " not in run_cli(indexed, "search", "ledger-go", "balance", *options).err
    nothing = run_cli(indexed, "search", "ledger-go", "balance", "--threshold", "1", *options)
    assert (nothing.out, nothing.err) == ("Nothing found.\n", "")


@pytest.mark.parametrize("columns", [30, 100])
def test_a_terminal_gets_colours_and_every_character_of_the_code(indexed: Path, columns: int) -> None:
    shown = run_on_terminal(indexed, "search", "orders-service", "add_value_added_tax", "--top-k", "1", columns=columns)
    assert "\x1b[" in shown
    plain = ESCAPES.sub("", shown)
    assert "orders/tax.py:31-33" in plain
    squeezed = re.sub(r"\s", "", plain)
    assert "returnMoney(net.minor+round_to_minor(net.minor*rate_for(country)),net.currency)" in squeezed


def test_no_color_is_respected(indexed: Path) -> None:
    shown = run_on_terminal(indexed, "search", "orders-service", "add_value_added_tax", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", shown)
    assert "orders/tax.py" in shown


def test_names_that_look_like_markup_are_shown_as_they_are(data_dir: Path, tmp_path: Path) -> None:
    """Next.js calls folders `[slug]`; rich would eat that as a style, `[/x]` would even fail."""
    folder = tmp_path / "[bold]site[/bold]"
    (folder / "app" / "[slug]" / "[/x]").mkdir(parents=True)
    code = "export function showPage() {\n  return '[red]page[/red]'\n}\n"
    (folder / "app" / "[slug]" / "[/x]" / "page[blue].js").write_text(code)
    assert run_cli(data_dir, "index", str(folder), "--name", "site").status == 0
    for shown in (
        run_cli(data_dir, "search", "site", "showPage").out,
        ESCAPES.sub("", run_on_terminal(data_dir, "search", "site", "showPage")),
    ):
        assert "app/[slug]/[/x]/page[blue].js:1-3" in shown
        assert "'[red]page[/red]'" in shown
    assert str(folder) in run_cli(data_dir, "list").out
    assert "[bold]site[/bold]" in ESCAPES.sub("", run_on_terminal(data_dir, "list", columns=300))
    assert "page[blue].js" in run_cli(data_dir, "index", "--dry-run", str(folder)).out


def test_code_cannot_steer_the_terminal(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "evil"
    folder.mkdir()
    (folder / "title.py").write_text("def set_title():\n    return '\x1b]0;owned\x07 and \x9b31m red'\n")
    assert run_cli(data_dir, "index", str(folder)).status == 0
    for shown in (
        run_cli(data_dir, "search", "evil", "set_title").out,
        run_on_terminal(data_dir, "search", "evil", "set_title"),
    ):
        # No title is set; the links of a terminal are our own.
        assert "\x1b]0" not in shown
        assert "\x07" not in shown
        assert "\x9b" not in shown
        assert "owned" in shown
    record = run_cli(data_dir, "search", "evil", "set_title", "--json").json["records"][0]
    assert "\x1b]0;owned\x07" in record["content"]


def test_a_terminal_gets_links_that_open_the_line(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my app"
    folder.mkdir()
    (folder / "a;b.py").write_text("# First.\n\n\ndef set_title():\n    return 1\n")
    assert run_cli(data_dir, "index", str(folder), "--name", "app").status == 0
    line = (
        run_cli(data_dir, "search", "app", "set_title", "--lines")
        .out.splitlines()[0]
        .rpartition(":")[2]
        .partition("-")[0]
    )
    opened = f"vscode://file{tmp_path}/my%20app/a%3Bb.py:{line}\x1b\\"
    for arguments in (("search", "app", "set_title"), ("search", "app", "set_title", "--files")):
        shown = run_on_terminal(data_dir, *arguments, CODESEARCH_EDITOR_LINK="vscode")
        assert re.search(r"\x1b\]8;id=\d+;" + re.escape(opened), shown), shown
    assert "\x1b]8" not in run_on_terminal(data_dir, "search", "app", "set_title", CODESEARCH_EDITOR_LINK="none")


def test_line_ends_of_other_systems_do_not_shift_line_numbers(indexed: Path) -> None:
    shown = run_cli(indexed, "search", "legacy-portal", "legacy_functions.php", "--top-k", "20").out
    assert "\r" not in shown
    lines = (FIXTURES / "legacy-portal" / "php" / "legacy_functions.php").read_bytes().decode().split("\r\n")
    block = next(part for part in shown.split("\n\n") if "php/legacy_functions.php:" in part.splitlines()[0])
    for row in block.splitlines()[1:]:
        number, _, text = row.lstrip().partition("  ")
        assert text.rstrip() == lines[int(number) - 1].rstrip()


def test_an_encoding_without_the_characters_is_no_failure(indexed: Path) -> None:
    command = command_of("search", "legacy-portal", "Kundenbrief", "--top-k", "5")
    environment = {**clean_environment(indexed), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=PATIENCE_SECONDS)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\xdf" in done.stdout or b"\\xfc" in done.stdout
    json_command = [*command, "--json"]
    done = subprocess.run(json_command, env=environment, capture_output=True, check=False, timeout=PATIENCE_SECONDS)
    assert json.loads(done.stdout)["records"]


def test_a_closed_pipe_is_no_traceback(indexed: Path) -> None:
    line = " ".join([*command_of("search", "orders-service", "retry", "--top-k", "100"), "| head -n 1"])
    done = subprocess.run(
        ["bash", "-c", line], env=clean_environment(indexed), capture_output=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert done.stdout.startswith(b"1  orders-service")
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_list_shows_state_counts_age_and_location(indexed: Path) -> None:
    head, *rows = run_cli(indexed, "list").out.splitlines()
    assert head.split() == ["id", "name", "state", "commit", "files", "chunks", "index", "age", "location"]
    assert len(rows) == 10
    git = next(row for row in rows if "ledger-git" in row)
    size, place = r"[\d.]+ kB(, [\d.]+ kB shared)?", re.escape(str(FIXTURES))
    assert re.search(rf"^[0-9a-f]{{24}}  ledger-git +ready  [0-9a-f]{{12}} +14 +\d+ +{size} +{AGE} +/", git)
    folder = next(row for row in rows if "ledger-go " in row)
    assert re.search(rf"ready +([0-9a-f]{{12}} +)?14 +\d+ +{size} +{AGE} +{place}/ledger-go(, on disk.*)?$", folder)
    items = run_cli(indexed, "list", "--json").json["sources"]
    assert [item["name"] for item in items] == sorted(item["name"] for item in items)
    assert all(item["state"] == "ready" and item["indexed_at"] and item["chunks"] for item in items)
    assert all(item["segments"] == 1 and item["index_bytes"] >= item["shared_bytes"] >= 0 for item in items)


def test_a_narrow_terminal_keeps_ids_whole(indexed: Path) -> None:
    shown = ESCAPES.sub("", run_on_terminal(indexed, "list", columns=40))
    assert len(re.findall(r"^[0-9a-f]{24}  ", shown, re.MULTILINE)) == 10
