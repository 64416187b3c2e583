"""What holds for every schema file, whatever its text; and what the documentation says of the kinds."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from indexer.chunking.schemas.recognition import may_be_schema
from tests.unit.indexer.chunking.schemas.test_apis import ASYNCAPI, OPENAPI, SWAGGER
from tests.unit.indexer.chunking.schemas.test_avro import ORDER, SHOP
from tests.unit.indexer.chunking.schemas.test_json_schemas import ORDER as ORDER_SCHEMA
from tests.unit.indexer.chunking.test_chunker import chunk

_SAMPLES = {
    "a.yaml": OPENAPI,
    "a.json": SWAGGER,
    "b.yaml": ASYNCAPI,
    "a.avsc": ORDER,
    "a.avpr": SHOP,
    "b.schema.json": ORDER_SCHEMA,
}
_LINES = st.sampled_from(
    [line for text in _SAMPLES.values() for line in text.split("\n")] + ["---", "\t", "  é: &a", "]"]
)


@given(st.sampled_from(sorted(_SAMPLES)), st.lists(_LINES, max_size=25), st.integers(1, 60))
def test_any_lines_are_covered_within_bounds(path: str, lines: list[str], max_tokens: int) -> None:
    first = "openapi: 3.0.0" if path.endswith("yaml") else "{"
    chunk(path, "\n".join([first, *lines]), max_tokens)


@given(st.sampled_from(sorted(_SAMPLES)), st.data())
def test_any_part_of_a_schema_is_covered_within_bounds(path: str, data: st.DataObject) -> None:
    lines = _SAMPLES[path].split("\n")
    first = data.draw(st.integers(0, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    chunk(path, "\n".join(lines[:first] + lines[last:]), data.draw(st.integers(1, 100)))


def test_only_the_head_of_other_files_is_looked_at() -> None:
    assert may_be_schema("a.yaml", "yaml", "a: 1\n" * 10 + "openapi: 3.0.0\n")
    assert not may_be_schema("a.yaml", "yaml", "a: 1\n" * 10_000 + "openapi: 3.0.0\n")
    assert not may_be_schema("a.json", "json", '{"a": [' + "1, " * 10_000 + '], "openapi": "3.0.0"}')


def test_every_kind_is_documented() -> None:
    page = (Path(__file__).parents[5] / "docs/languages.md").read_text(encoding="utf-8")
    table = page.partition("## Schemas in YAML and JSON")[2].partition("\n## ")[0]
    documented = {kind for row in re.findall(r"\| ([a-z, ]+) \|$", table, re.MULTILINE) for kind in row.split(", ")}
    found = {one.symbol_kind for path, text in _SAMPLES.items() for one in chunk(path, text, 400)} - {None}
    assert len(found) >= 12
    assert found <= documented
