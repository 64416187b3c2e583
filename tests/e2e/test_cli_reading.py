"""`codesearch show`, `outline`, `related`, `tree` and `context` on the fixtures; they answer as the tools do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codesearch.assembly import LOCAL_PRINCIPAL
from codesearch.cli.prompt import CHARACTERS_PER_TOKEN, keep_blocks, render_block
from tests.e2e.conftest import AssemblyFactory
from tests.e2e.service import (
    FIXTURES,
    PATIENCE_SECONDS,
    clean_environment,
    command_of,
    index_fixtures,
    run_cli,
)

ORDERS = FIXTURES / "orders-service"
TAX = (ORDERS / "orders" / "tax.py").read_text().splitlines()


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures; not to be changed."""
    return index_fixtures(tmp_path_factory)


@pytest.fixture
def in_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder of orders-service."""
    monkeypatch.chdir(ORDERS / "orders")


@pytest.mark.usefixtures("in_orders")
@pytest.mark.parametrize(
    "place",
    [
        "tax.py:31-33",
        "./tax.py:31-33",
        f"{ORDERS}/orders/tax.py:31-33",
        "orders/tax.py:31-33",
        "orders-service::orders/tax.py:31-33",
    ],
)
def test_lines_are_shown_by_any_name_of_their_file(indexed: Path, place: str) -> None:
    outcome = run_cli(indexed, "show", place)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [f"{number}  {TAX[number - 1]}".rstrip() for number in (31, 32, 33)]


@pytest.mark.parametrize(("place", "numbers"), [("tax.py:31", [31]), ("tax.py:31:5", [31]), ("tax.py:31:", [31])])
@pytest.mark.usefixtures("in_orders")
def test_a_line_alone_or_with_a_column(indexed: Path, place: str, numbers: list[int]) -> None:
    shown = run_cli(indexed, "show", place).out.splitlines()
    assert [int(line.split()[0]) for line in shown] == numbers


def test_a_whole_file_and_a_definition(indexed: Path) -> None:
    whole = run_cli(indexed, "show", "orders/tax.py", "--in", "orders-service")
    assert [line[4:] for line in whole.out.splitlines()] == TAX
    shown = run_cli(indexed, "show", "orders-service::orders/tax.py::add_value_added_tax")
    assert "orders/tax.py:31-33" in shown.out.splitlines()[0]
    assert "\n".join(TAX[30:33]) in shown.out


def test_what_cannot_be_shown_is_one_line_and_status_1(indexed: Path) -> None:
    for arguments, said in (
        (("nope.py", "--in", "orders-service"), "nope.py"),
        (("orders/tax.py:900", "--in", "orders-service"), "none from 900 on"),
        (("orders-service::orders/tax.py::nope",), "nope"),
        (("tax.py", "--in", "ordersservice"), "Did you mean orders-service?"),
    ):
        outcome = run_cli(indexed, "show", *arguments)
        assert outcome.status == 1
        assert (outcome.out, said in outcome.error) == ("", True)
    missing = run_cli(indexed, "show", "nope.py", "--in", "orders-service", "--json")
    assert (missing.status, missing.json["is_indexed"]) == (1, False)
    for wrong in ("tax.py:9-3", "tax.py:0"):
        assert run_cli(indexed, "show", wrong, "--in", "orders-service").status == 2
    assert run_cli(indexed, "show", "tax.py", "--in", "orders-service", "--in", "ledger-go").status == 2


@pytest.mark.usefixtures("in_orders")
def test_an_outline_and_what_is_related(indexed: Path) -> None:
    symbols = [item["symbol"] for item in run_cli(indexed, "outline", "retry.py", "--json").json["symbols"]]
    assert {"Backoff", "Backoff.delay", "RetryingClient.send"} <= set(symbols)
    assert "18-27 class Backoff" in run_cli(indexed, "outline", "retry.py").out
    by_line = run_cli(indexed, "related", "retry.py:20", "--json").json
    assert by_line["symbol"] == "Backoff"
    for other in ("Backoff", "orders-service::orders/retry.py::Backoff"):
        assert run_cli(indexed, "related", other, "--json").json["relationships"] == by_line["relationships"]
    assert "tests/test_retry.py" in run_cli(indexed, "related", "retry.py:20", "--profile", "references_only").out
    outcome = run_cli(indexed, "related", "no_such_symbol")
    assert (outcome.status, "no_such_symbol" in outcome.error) == (1, True)


def test_a_tree_of_a_source_or_a_folder(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_name = run_cli(indexed, "tree", "orders-service", "--json").json
    assert by_name == run_cli(indexed, "tree", "--in", "orders-service", "--json").json
    assert {"orders", "orders/tax.py"} <= {item["path"] for item in by_name["nodes"]}
    monkeypatch.chdir(ORDERS)
    below = run_cli(indexed, "tree", "orders", "--max-depth", "1", "--json").json
    assert {item["path"] for item in below["nodes"]} >= {"orders/tax.py", "orders/retry.py"}
    assert run_cli(indexed, "tree").out.startswith("orders-service: ")


@pytest.mark.parametrize(
    ("path", "like"), [("nosuch", ""), ("order", "Like it: orders."), ("orders/Tax.pyi", "Like it: orders/tax.py.")]
)
def test_a_tree_of_no_path_is_a_failure(indexed: Path, monkeypatch: pytest.MonkeyPatch, path: str, like: str) -> None:
    monkeypatch.chdir(ORDERS)
    for options in ((), ("--json",)):
        outcome = run_cli(indexed, "tree", path, *options)
        assert (outcome.status, outcome.out) == (1, "")
        assert outcome.error.startswith(f"{path} is not in orders-service: it has no such folder or file.")
        assert outcome.error.endswith(like)


def test_a_path_of_another_data_source_is_found_there(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shop", "bank"):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "src" / "a.py").write_text(f"def open_{name}():\n    return 1\n")
    assert run_cli(data_dir, "index", str(tmp_path / "shop"), str(tmp_path / "bank")).status == 0
    monkeypatch.chdir(tmp_path / "shop" / "src")
    places = ("../../bank/src/a.py", str(tmp_path / "bank" / "src" / "a.py"))
    for is_gone in (False, True):
        if is_gone:
            (tmp_path / "bank" / "src" / "a.py").unlink()
        for place in places:
            assert "open_bank" in run_cli(data_dir, "show", f"{place}:1").out
            assert "open_bank" in run_cli(data_dir, "outline", place).out
            assert run_cli(data_dir, "related", f"{place}:1", "--json").json["symbol"] == "open_bank"
    assert "a.py" in run_cli(data_dir, "tree", "../../bank/src").out
    for command in ("show", "outline", "related", "tree"):
        nowhere = run_cli(data_dir, command, "../../nowhere/a.py")
        assert (nowhere.status, nowhere.out) == (1, "")
        assert "There is no '../../nowhere/a.py' here" in nowhere.error
        other = run_cli(data_dir, command, places[0], "--in", "shop")
        assert (other.status, other.out) == (1, "")
        assert f"{places[0]!r} is not in shop" in other.error


def test_context_is_markdown_within_its_budget(indexed: Path) -> None:
    for tokens in (60, 300, 2000):
        out = run_cli(indexed, "context", "orders-service", "tax of an order", "--tokens", str(tokens)).out
        blocks = re.findall(r"^`([^`]+)`[^\n]*\n\n```(\w*)\n(.*?)\n```\n", out, re.MULTILINE | re.DOTALL)
        assert blocks
        assert len(out) <= tokens * CHARACTERS_PER_TOKEN or len(blocks) == 1
        for place, _, code in blocks:
            path, _, lines = place.partition(":")
            first, last = map(int, lines.split("-"))
            assert code == "\n".join((ORDERS / path).read_text().replace("\r\n", "\n").split("\n")[first - 1 : last])
    several = run_cli(indexed, "context", "orders-service", "ledger-go", "money", "--no-tests", "--json").json
    assert several["markdown"].count("\n```\n") >= len(several["records"]) > 1
    assert several["markdown"].startswith(("`orders-service ", "`ledger-go "))


def test_context_of_nothing_is_status_1(indexed: Path) -> None:
    outcome = run_cli(indexed, "context", "orders-service", "tax", "--lang", "cobol")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith("codesearch: Nothing found.\n")
    as_json = run_cli(indexed, "context", "orders-service", "tax", "--lang", "cobol", "--json")
    assert (as_json.status, as_json.json["records"]) == (1, [])
    assert run_cli(indexed, "context", "orders-service", " ").status == 2


def make_record(content: str) -> dict[str, Any]:
    metadata = {"path": "a`b.md", "start_line": 1, "end_line": 3, "data_source_name": "docs", "language": "markdown"}
    return {"content": content, "metadata": metadata}


def test_no_code_ends_its_fence_or_steers_a_terminal() -> None:
    block = render_block(make_record("````py\r\nx = '\x1b]0;owned\x07'\n````"), with_name=True)
    head, empty, fence, *code, end = block.removesuffix("\n").split("\n")
    assert (head, empty, fence, end) == ("`docs ab.md:1-3`", "", "`````markdown", "`````")
    assert code == ["````py", "x = ']0;owned'", "````"]


def test_the_best_block_always_comes_and_smaller_ones_fill_up() -> None:
    assert keep_blocks(["x" * 100, "y" * 100, "z" * 30], 10) == [0]
    assert keep_blocks(["x" * 39, "y" * 100, "z" * 30], 20) == [0, 2]
    assert keep_blocks([], 10) == []


@pytest.mark.parametrize(
    ("arguments", "tool", "parameters"),
    [
        (("outline", "orders-service::orders/tax.py"), "outline", {"path": "orders/tax.py"}),
        (("tree", "orders-service"), "get_file_tree", {}),
        (("show", "orders-service::orders/tax.py"), "read_file", {"path": "orders/tax.py"}),
        (("related", "Backoff", "--in", "orders-service"), "get_artifact_relationships", {"identifier": "Backoff"}),
    ],
)
def test_a_command_prints_what_its_tool_answers(
    indexed: Path, assembly_factory: AssemblyFactory, arguments: tuple[str, ...], tool: str, parameters: dict[str, Any]
) -> None:
    toolbox = assembly_factory(data_dir=indexed).toolbox
    answer = toolbox.call(tool, LOCAL_PRINCIPAL, {"data_source": "orders-service", **parameters})
    assert run_cli(indexed, *arguments, "--json").json == answer.obj
    if tool != "read_file":
        assert run_cli(indexed, *arguments).out == f"{answer.rendered}\n"


def test_what_moved_on_since_is_said_on_stderr(indexed: Path, tmp_path: Path) -> None:
    data_dir, folder = tmp_path / "data", tmp_path / "app"
    folder.mkdir()
    (folder / "a.py").write_text("def add_tax():\n    return 1\n")
    assert run_cli(data_dir, "index", str(folder)).status == 0
    assert run_cli(data_dir, "search", "app", "add_tax").err == ""
    (folder / "a.py").write_text("def add_tax():\n    return 2\n")
    for arguments in (("search", "app", "add_tax"), ("show", "app::a.py"), ("context", "app", "add_tax")):
        outcome = run_cli(data_dir, *arguments)
        assert outcome.status == 0
        assert "return 1" in outcome.out
        assert "warning: app: Not as indexed any more: a.py." in outcome.err
        assert f"codesearch index {folder}" in outcome.err


def test_lines_around_a_record_are_those_of_the_file(indexed: Path) -> None:
    plain = run_cli(indexed, "search", "orders-service", "add_value_added_tax", "--top-k", "1")
    wider = run_cli(indexed, "search", "orders-service", "add_value_added_tax", "--top-k", "1", "-C", "3")
    assert wider.out.splitlines()[0] == plain.out.splitlines()[0]
    shown = [line.partition("  ") for line in wider.out.splitlines()[1:] if line]
    assert [int(number) for number, _, _ in shown] == list(range(28, 37))
    assert [text for _, _, text in shown] == TAX[27:36]
    assert run_cli(indexed, "search", "orders-service", "x", "-C", "3", "--json").status == 2


def test_a_closed_pipe_ends_them_quietly(indexed: Path) -> None:
    line = " ".join([*command_of("show", "docs/runbook.md", "--in", "orders-service"), "| true; echo ${PIPESTATUS[1]}"])
    done = subprocess.run(
        ["bash", "-c", line], env=clean_environment(indexed), capture_output=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert (done.stdout, done.stderr) == (b"0\n", b"")
