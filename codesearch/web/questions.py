"""The search form's fields -> a request as the API takes it, and where in the form a refusal belongs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from codesearch.api.retrieval_request import DEFAULT_TOP_K
from codesearch.core.errors import AccessDeniedError, CodesearchError, NotFoundError
from codesearch.retrieval.condition_operators import RULES
from codesearch.web.addresses import search_address
from codesearch.web.fields import first_of

DEFAULT_OPERATOR: Final = "is"
_WITHOUT_VALUE: Final = ("empty", "not empty")
# Where what the API says of its own fields is shown, by how that begins.
_FIELDS: Final = (
    ("query", "q"),
    ("retrieval_setting.top_k", "top_k"),
    ("retrieval_setting.score_threshold", "score_threshold"),
    ("knowledge_id", "source"),
)
_POSITION = re.compile(r"metadata_condition\.conditions\[(\d+)\]: ")


@dataclass(frozen=True, slots=True)
class Row:
    """One condition as it stands in the form."""

    field: str = ""
    operator: str = DEFAULT_OPERATOR
    value: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What the form holds, as texts."""

    text: str
    source: str
    top_k: str
    score_threshold: str
    joined: str
    rows: tuple[Row, ...]
    why: bool

    def request(self, knowledge_id: str, *, explain: bool = False) -> dict[str, Any]:
        """Return the body of the same request to the API; without what would be its default."""
        body: dict[str, Any] = {"knowledge_id": knowledge_id, "query": self.text}
        setting = {"top_k": _number(self.top_k), "score_threshold": _number(self.score_threshold)}
        given = {name: value for name, value in setting.items() if value is not None}
        # Dify always sends it.
        body["retrieval_setting"] = {"top_k": DEFAULT_TOP_K, "score_threshold": 0, **given}
        conditions = [_condition(row) for row in self.rows if row.field]
        if conditions:
            body["metadata_condition"] = {"logical_operator": self.joined, "conditions": conditions}
        if explain:
            body["explain"] = True
        return body

    def address(self, *, why: bool = False) -> str:
        """Return the address that asks the same."""
        values = [
            ("source", self.source),
            ("q", self.text),
            ("top_k", self.top_k),
            ("score_threshold", self.score_threshold),
            ("joined", "" if self.joined == "and" else self.joined),
        ]
        for row in self.rows:
            # Three fields a row, also the empty ones: rows are told apart by their order.
            values += [("field", row.field), ("op", row.operator), ("value", row.value or " ")]
        return search_address([*values, ("why", "1" if why else "")])


def read_question(fields: Mapping[str, Sequence[str]]) -> Question:
    """Return what an address asks; rows without a field are left out."""
    names, operators, values = (fields.get(name) or () for name in ("field", "op", "value"))
    rows = [
        Row(name.strip(), _at(operators, place) or DEFAULT_OPERATOR, _at(values, place))
        for place, name in enumerate(names)
        if name.strip()
    ]
    joined = "or" if first_of(fields, "joined").strip().lower() == "or" else "and"
    return Question(
        text=first_of(fields, "q"),
        source=first_of(fields, "source").strip(),
        top_k=first_of(fields, "top_k").strip(),
        score_threshold=first_of(fields, "score_threshold").strip(),
        joined=joined,
        rows=tuple(rows),
        why=first_of(fields, "why") == "1",
    )


def locate(error: CodesearchError) -> tuple[str, str]:
    """Return the field of the form that an error is about, and what it says in the words of the form."""
    if isinstance(error, (NotFoundError, AccessDeniedError)):
        return "source", error.message
    for start, field in _FIELDS:
        if error.message.startswith(start):
            return field, error.message.removeprefix("retrieval_setting.")
    position = _POSITION.match(error.message)
    if position is not None:
        return "conditions", f"Condition {int(position[1]) + 1}: {error.message[position.end() :]}"
    return ("conditions" if "metadata_condition" in error.message else "q"), error.message


def operators() -> tuple[str, ...]:
    """Return every operator that a condition may have."""
    return tuple(RULES)


def _condition(row: Row) -> dict[str, Any]:
    condition: dict[str, Any] = {"name": row.field, "comparison_operator": row.operator}
    if row.operator not in _WITHOUT_VALUE:
        condition["value"] = row.value
    return condition


def _at(values: Sequence[str], place: int) -> str:
    return values[place].strip() if place < len(values) else ""


def _number(text: str) -> int | float | str | None:
    """Return a number, the text itself where it is none, None for no text."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    if value != value or value in (float("inf"), float("-inf")):
        return text
    return int(value) if value == int(value) else value
