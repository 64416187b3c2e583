"""Records of definitions that are too long for one: they say where they belong, and neighbours come back as one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service import Service, create_key, run_cli
from tests.unit.indexer.conftest import Repository

Record = dict[str, Any]

SIGNATURE = "def settle_accounts(accounts, rates, today):"
# Blank lines of blanks, line ends of Windows: what is joined must have them.
STEPS = [
    f"    # Step {number} of the settlement.\n    rate_{number} = rates.find({number}, today)\n   \n"
    f"    if rate_{number} is None:\r\n        raise LookupError('no rate {number} for that day')\n\n\n"
    f"    accounts.apply({number}, rate_{number})\n"
    for number in range(90)
]
LONG = f"import decimal\n\n\n{SIGNATURE}\n{''.join(STEPS)}    return accounts\n\n\ndef close():\n    return None\n"
METHOD = "".join(f"        self.total_{number} = self.total_{number} + amount * {number}\n" for number in range(40))
FIELDS = "".join(f"    limit_of_kind_{number} = {number}\n" for number in range(12))
CLASS = (
    f'class Ledger(Base):\n    """Keeps totals."""\n\n    def add(self, amount):\n{METHOD}\n{FIELDS}\n'
    f"    def take(self, amount):\n{METHOD}"
)
MANY = 130


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pieces")
    Repository(folder / "bank").commit({"settle.py": LONG, "ledger.py": CLASS})
    (folder / "many").mkdir()
    for number in range(MANY):
        steps = "".join(f"    step_{step} = plan(area_{number}, {step})\n" for step in range(45))
        (folder / "many" / f"area{number}.py").write_text(f"def lay_out_{number}(plan):\n{steps}    return plan\n")
    data_dir = folder / "data"
    outcome = run_cli(data_dir, "index", str(folder / "bank"), str(folder / "many"), index_workers="1")
    assert outcome.status == 0, outcome.err
    return data_dir


@pytest.fixture(scope="module")
def admin_key(data_dir: Path) -> str:
    return create_key(data_dir, "owner", "--admin")


@pytest.fixture(scope="module")
def service(data_dir: Path, admin_key: str) -> Iterator[Service]:
    with Service(data_dir, admin_key) as running:
        yield running


def of_symbol(records: list[Record], symbol: str) -> list[Record]:
    return [record for record in records if record["metadata"].get("symbol") == symbol]


def lines_of(text: str, record: Record) -> str:
    metadata = record["metadata"]
    return "\n".join(text.split("\n")[metadata["start_line"] - 1 : metadata["end_line"]])


def belonging(record: Record) -> dict[str, Any]:
    names = ("symbol_start_line", "symbol_end_line", "signature")
    return {name: record["metadata"][name] for name in names if name in record["metadata"]}


# Records that hardly answer come as excerpts, unless a condition is on their lines.
WHOLE = {"name": "start_line", "comparison_operator": ">", "value": 0}


def ask_whole(service: Service, knowledge_id: str, query: str, top_k: int = 100) -> list[Record]:
    return service.records(knowledge_id, query, top_k=top_k, metadata_condition={"conditions": [WHOLE]})


def test_pieces_say_where_they_belong(service: Service) -> None:
    records = ask_whole(service, "bank", "no rate 77 for that day")
    pieces = of_symbol(records, "settle_accounts")
    last_line = LONG[: LONG.index("\n\n\ndef close")].count("\n") + 1
    whole = {"symbol_start_line": 4, "symbol_end_line": last_line}
    assert len(pieces) > 2
    assert "no rate 77" in pieces[0]["content"]
    for piece in pieces:
        holds_head = piece["metadata"]["start_line"] == 4
        assert belonging(piece) == (whole if holds_head else {**whole, "signature": SIGNATURE})
        assert piece["metadata"]["description"] == "function settle_accounts in settle.py from bank"
    assert belonging(of_symbol(records, "close")[0]) == {}


def test_neighbours_come_back_as_one_record_of_the_files_own_lines(service: Service) -> None:
    pieces = of_symbol(ask_whole(service, "bank", "settle accounts"), "settle_accounts")
    rows: list[int] = []
    for piece in pieces:
        assert piece["content"] == lines_of(LONG, piece)
        assert len(piece["content"]) <= 5_000
        rows += range(piece["metadata"]["start_line"], piece["metadata"]["end_line"] + 1)
    assert sorted(rows) == list(range(4, max(rows) + 1)), "each line of it in one record"
    sizes = [piece["metadata"]["end_line"] - piece["metadata"]["start_line"] + 1 for piece in pieces]
    assert max(sizes) > 60, "more than one chunk holds"
    assert len({piece["metadata"]["document_id"] for piece in pieces}) == len(pieces)
    again = of_symbol(ask_whole(service, "bank", "settle accounts"), "settle_accounts")
    assert again == pieces


def test_for_dify_the_location_says_what_it_is_a_part_of(service: Service) -> None:
    plain = service.records("bank", "no rate 77 for that day")
    located = service.records("bank", "no rate 77 for that day", path="/dify/retrieval")
    assert len(plain) == len(located)
    for record, shown in zip(plain, located, strict=True):
        metadata = record["metadata"]
        place = f"{metadata['path']}:{metadata['start_line']}-{metadata['end_line']}"
        location, empty, content = shown["content"].split("\n", 2)
        assert (empty, content) == ("", record["content"])
        symbol = metadata.get("symbol")
        if "signature" in metadata:
            lines = f"{metadata['symbol_start_line']}-{metadata['symbol_end_line']}"
            assert location == f"{place} ({symbol}, part of lines {lines}: {metadata['signature']})"
        else:
            assert location == (f"{place} ({symbol})" if symbol else place)
    assert any("signature" in record["metadata"] for record in plain)


def test_fields_of_a_class_without_its_head_show_the_class(service: Service) -> None:
    records = of_symbol(service.records("bank", "limit of kind 7"), "Ledger")
    fields = next(record for record in records if "limit_of_kind_7" in record["content"])
    assert "class Ledger" not in fields["content"]
    assert belonging(fields) == {
        "symbol_start_line": 1,
        "symbol_end_line": CLASS.count("\n"),
        "signature": "class Ledger(Base):",
    }
    located = service.records("bank", "limit of kind 7", path="/dify/retrieval")
    shown = next(record["content"] for record in located if "limit_of_kind_7 =" in record["content"])
    start, end = fields["metadata"]["start_line"], fields["metadata"]["end_line"]
    place = f"ledger.py:{start}-{end} (Ledger, part of lines 1-{CLASS.count(chr(10))}: class Ledger(Base):)"
    assert shown == f"{place}\n\n{fields['content']}"


def test_only_what_satisfies_the_conditions_is_joined(service: Service) -> None:
    conditions = {"name": "start_line", "comparison_operator": "<", "value": 60}
    pieces = of_symbol(service.filtered("bank", conditions), "settle_accounts")
    everything = of_symbol(service.records("bank", "how does it work"), "settle_accounts")
    assert max(piece["metadata"]["end_line"] for piece in pieces) < max(
        piece["metadata"]["end_line"] for piece in everything
    )
    assert all(piece["content"] == lines_of(LONG, piece) for piece in pieces)


@pytest.mark.parametrize("top_k", [1, 5, 60, 100])
def test_as_many_records_come_as_are_asked_for(service: Service, top_k: int) -> None:
    """Each of the 130 functions is two chunks and one record: 100 records take more than 100 chunks."""
    records = ask_whole(service, "many", "lay out", top_k)
    assert len(records) == top_k
    assert all(belonging(record) == {} for record in records[:60])
    assert len({record["metadata"]["document_id"] for record in records}) == top_k


def test_a_threshold_leaves_records_out_and_changes_none(service: Service) -> None:
    records = service.records("bank", "settle accounts")
    threshold = records[1]["score"]
    body = service.ask("bank", "settle accounts", retrieval_setting={"top_k": 100, "score_threshold": threshold})
    assert body.json()["records"] == [record for record in records if record["score"] >= threshold]


def test_a_joined_record_is_explained(service: Service) -> None:
    response = service.ask("bank", "settle accounts", explain=True)
    records = response.json()["records"]
    assert records[0]["metadata"]["symbol"] == "settle_accounts"
    assert records[0]["explain"]["features"]
    assert records[0]["explain"]["factor"] == 1


def test_the_command_line_says_what_a_record_is_a_part_of(data_dir: Path) -> None:
    out = run_cli(data_dir, "search", "bank", "no rate 77 for that day", "--top-k", "1").out
    assert f"settle_accounts, part of lines 4-{LONG[: LONG.index('def close')].count(chr(10)) - 2}: {SIGNATURE}" in out


def test_what_hardly_answers_comes_as_an_excerpt(service: Service) -> None:
    records, whole = service.records("many", "lay out"), ask_whole(service, "many", "lay out")
    assert len(records) == len(whole) == 100
    excerpts = [record for record in records if record["score"] < 0.1]
    assert excerpts
    assert all(len(record["content"]) <= 1_000 for record in excerpts)
    assert all(belonging(record).keys() >= {"symbol_start_line", "symbol_end_line"} for record in excerpts[:60])
    assert len({record["metadata"]["document_id"] for record in records}) == 100
