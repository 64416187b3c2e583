"""`codesearch grep` on the fixtures: the lines that Python finds in the same files, in forms that programs read."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from codesearch.assembly import LOCAL_PRINCIPAL
from tests.e2e.conftest import AssemblyFactory
from tests.e2e.service import (
    FIXTURES,
    PATIENCE_SECONDS,
    Outcome,
    clean_environment,
    command_of,
    index_fixtures,
    run_cli,
)
from tests.e2e.test_cli_search import ESCAPES, run_on_terminal

ORDERS = FIXTURES / "orders-service"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures; not to be changed."""
    return index_fixtures(tmp_path_factory)


def expected(pattern: str, files: str = "**/*.py") -> list[str]:
    """Return path:line:column:text of every line of orders-service that matches."""
    found = []
    for path in sorted(ORDERS.glob(files)):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := re.search(pattern, line):
                found.append(f"{path.relative_to(ORDERS)}:{number}:{match.start() + 1}:{line}")
    return found


def test_every_line_that_holds_a_text(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run_cli(indexed, "grep", "Money", "orders-service", "--ext", "py", "--max-results", "1000")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines() == expected("Money")
    word = run_cli(
        indexed, "grep", "-i", "-w", "MONEY", "--in", "orders-service", "--ext", "py", "--max-results", "999"
    )
    assert word.out.splitlines() == expected(r"(?i)\bmoney\b")
    regex = run_cli(indexed, "grep", "--regex", r"^def \w+_tax", "orders-service")
    assert regex.out.splitlines() == expected(r"^def \w+_tax")
    monkeypatch.chdir(ORDERS / "orders")
    here = run_cli(indexed, "grep", "Money", "--path", ".", "--max-results", "1000").out.splitlines()
    assert [f"orders/{line}" for line in here] == expected("Money", "orders/**/*.py")


def test_a_folder_or_file_in_a_data_source_is_searched_alone(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ORDERS)

    def found(*arguments: str) -> list[str]:
        return run_cli(indexed, "grep", "Money", *arguments, "--max-results", "1000").out.splitlines()

    assert found("orders/tax.py") == expected("Money", "orders/tax.py")
    assert found("orders/") == found("--in", "orders") == found(str(ORDERS / "orders")) == expected("Money", "orders/*")
    assert found("tests", "orders/tax.py") == [*expected("Money", "orders/tax.py"), *expected("Money", "tests/*")]
    assert found("orders", "--path", "orders/tax.py") == expected("Money", "orders/tax.py")
    assert found("orders", "orders-service") == found(".") == found()
    monkeypatch.chdir(ORDERS / "orders")
    assert len(found(".")) == len(found("..")) > len(found("tax.py")) > 0
    outside = run_cli(indexed, "grep", "Money", "tax.py", "--path", "../tests")
    assert (outcome_of(outside), "no --path lies in a SOURCE" in outside.err) == ((2, ""), True)


def outcome_of(outcome: Outcome) -> tuple[int, str]:
    return outcome.status, outcome.out


def test_each_data_source_has_its_own_folders(indexed: Path) -> None:
    sources = (str(ORDERS / "orders" / "tax.py"), str(FIXTURES / "ledger-go"))
    whole = run_cli(indexed, "grep", "return", *sources, "--max-results", "1000", "--json").json
    places = [(item["data_source"], item["path"]) for item in whole["matches"]]
    assert {name for name, _ in places} == {"ledger-go", "orders-service"}
    assert {path for name, path in places if name == "orders-service"} == {"orders/tax.py"}
    assert len({path for name, path in places if name == "ledger-go"}) > 1
    assert places == sorted(places, key=lambda item: item[0])
    in_go = sum(name == "ledger-go" for name, _ in places)
    for most in (1, in_go, in_go + 1):
        cut = run_cli(indexed, "grep", "return", *sources, "--max-results", str(most), "--json").json
        assert cut["matches"] == whole["matches"][:most]
        assert cut["more"] == len(places) - most
    for command in ("search", "context"):
        records = run_cli(indexed, command, *sources, "money", "--json").json["records"]
        found = {(item["metadata"]["data_source_name"], item["metadata"]["path"]) for item in records}
        assert {path for name, path in found if name == "orders-service"} <= {"orders/tax.py"}
        assert {name for name, _ in found} == {"ledger-go", "orders-service"}


def test_a_file_is_not_what_its_name_begins(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    for name in ("a.ts", "a.tsx"):
        (folder / name).write_text("export const needle = 1\n")
    assert run_cli(data_dir, "index", str(folder)).status == 0
    monkeypatch.chdir(folder)
    assert run_cli(data_dir, "grep", "needle", "a.ts").out == "a.ts:1:14:export const needle = 1\n"
    assert run_cli(data_dir, "grep", "needle", "--path", "a.ts", "--files").out == "a.ts\n"
    for command in ("search", "context"):
        for arguments in (("a.ts", "needle"), ("needle", "a.ts"), ("needle", "--path", "a.ts")):
            records = run_cli(data_dir, command, *arguments, "--json").json["records"]
            assert [item["metadata"]["path"] for item in records] == ["a.ts"], (command, arguments)


def test_files_lines_and_json(indexed: Path) -> None:
    lines = expected("Money")
    options = ("grep", "Money", "orders-service", "--ext", "py", "--max-results", "1000")
    files = run_cli(indexed, *options, "--files").out.splitlines()
    assert files == list(dict.fromkeys(line.partition(":")[0] for line in lines))
    assert run_cli(indexed, *options, "--lines").out.splitlines() == [":".join(line.split(":")[:2]) for line in lines]
    matches = run_cli(indexed, *options, "--json").json["matches"]
    assert [f"{item['path']}:{item['line']}:{item['column']}:{item['text']}" for item in matches] == lines
    assert [json.loads(line) for line in run_cli(indexed, *options, "--jsonl").out.splitlines()] == matches


def test_it_prints_what_its_tool_answers(indexed: Path, assembly_factory: AssemblyFactory) -> None:
    toolbox = assembly_factory(data_dir=indexed).toolbox
    arguments = {"query": "Money", "data_sources": ["orders-service", "ledger-go"], "context_lines": 1}
    answer = toolbox.call("grep_search", LOCAL_PRINCIPAL, arguments)
    assert run_cli(indexed, "grep", "Money", "orders-service", "ledger-go", "-C", "1", "--json").json == answer.obj


def test_lines_around_are_each_printed_once(indexed: Path) -> None:
    shown = run_cli(indexed, "grep", "Money", "orders-service", "--path", "orders/tax.py", "-C", "2").out.splitlines()
    lines = (ORDERS / "orders" / "tax.py").read_text().splitlines()
    hits = {number for number, line in enumerate(lines, 1) if "Money" in line}
    around = {near for hit in hits for near in range(hit - 2, hit + 3) if 1 <= near <= len(lines)}
    numbers = [int(re.split(r"[:-]", line)[1]) for line in shown if line != "--"]
    assert numbers == sorted(around)
    for line in shown:
        if line != "--":
            number = int(re.split(r"[:-]", line)[1])
            assert (line[len("orders/tax.py")] == ":") == (number in hits)
            assert line.endswith(lines[number - 1])
    gaps = sum(later > earlier + 1 for earlier, later in zip(sorted(around), sorted(around)[1:], strict=False))
    assert shown.count("--") == gaps > 0


def test_what_is_left_out_and_names_of_files_are_said_on_stderr(indexed: Path) -> None:
    outcome = run_cli(indexed, "grep", "Money", "orders-service", "--ext", "py", "--max-results", "3")
    assert outcome.out.splitlines() == expected("Money")[:3]
    assert f"{len(expected('Money')) - 3} more lines match; --max-results 1000 shows more." in outcome.error
    named = run_cli(indexed, "grep", "pagination", "orders-service")
    assert "orders/pagination.py" in named.error
    assert "orders/pagination.py" in run_cli(indexed, "grep", "pagination", "orders-service", "--files").out


def test_nothing_found_is_status_1_and_says_what_may_be_why(indexed: Path) -> None:
    outcome = run_cli(indexed, "grep", r"MONEY\w+", "orders-service")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.error.startswith("Nothing found")
    assert "--regex" in outcome.error
    assert "-i ignores case" in outcome.error
    assert "regex=" not in outcome.error
    as_json = run_cli(indexed, "grep", "no such text", "orders-service", "--json")
    assert (as_json.status, as_json.json["matches"]) == (1, [])


def test_wrong_input_is_one_line(indexed: Path) -> None:
    outcome = run_cli(indexed, "grep", "--regex", "(", "orders-service")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.error
    assert run_cli(indexed, "grep", "x", "--all", "orders-service").status == 2
    assert run_cli(indexed, "grep", "x", "orders-service", "--max-results", "0").status == 2
    assert "Did you mean orders-service?" in run_cli(indexed, "grep", "x", "orders-servce").error


def test_a_terminal_gets_colours_and_the_same_text(indexed: Path) -> None:
    shown = run_on_terminal(indexed, "grep", "Money", "orders-service", "--path", "orders/tax.py", columns=300)
    assert "\x1b[1;31mMoney\x1b[0m" in shown
    plain = re.sub(r"\x1b\]8;[^\x1b]*\x1b\\", "", ESCAPES.sub("", shown))
    assert plain == run_cli(indexed, "grep", "Money", "orders-service", "--path", "orders/tax.py").out


def test_a_closed_pipe_ends_it_quietly(indexed: Path) -> None:
    line = " ".join([*command_of("grep", "e", "--all", "--max-results", "1000"), "2>&1 | head -n 1"])
    done = subprocess.run(
        ["bash", "-c", line], env=clean_environment(indexed), capture_output=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert done.stdout.count(b"\n") == 1
    assert b"Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grep", ""], "PATTERN is missing: The text, or the regular expression."),
        (["grep", "x" * 5000], "PATTERN has 5,000 characters; at most 4096 are taken."),
        (["grep", "x", "--ext", "e" * 1025], "--ext has 1,025 characters; at most 1024 are taken."),
        (["related", "x" * 1025], "PATH:LINE|SYMBOL has 1,025 characters; at most 1024 are taken."),
        (["context", "x", "--lang", "e" * 1025], "--lang has 1,025 characters; at most 1024 are taken."),
        (["context", "x" * 40_000], "QUERY has 40,000 characters; at most 32768 are taken."),
        (["show", "x" * 1025], "PATH[:LINES] has 1,025 characters; at most 1024 are taken."),
        (["outline", "x" * 1025], "PATH has 1,025 characters; at most 1024 are taken."),
        (["tree", "x" * 1025], "PATH has 1,025 characters; at most 1024 are taken."),
    ],
)
def test_an_argument_that_is_wrong_is_called_as_the_command_calls_it(
    indexed: Path, arguments: list[str], said: str
) -> None:
    outcome = run_cli(indexed, *arguments, "--in", "orders-service")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.endswith(f"Error: {said}\n")


def test_what_to_do_about_an_expression_names_the_option(indexed: Path) -> None:
    assert "without --regex the text" in run_cli(indexed, "grep", "--regex", "(", "orders-service").error
