"""The comparison operators of metadata conditions: their names, what each means, which fields take it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from codesearch.core.errors import InvalidRequestError
from codesearch.core.predicates import FieldType, Operator
from codesearch.retrieval.condition_values import show


@dataclass(frozen=True, slots=True)
class Rule:
    """What an operator's name means. `is_list`: takes many values, `is_negative`: a Not around the comparison."""

    operator: Operator
    is_negative: bool = False
    is_list: bool = False


RULES = {
    "contains": Rule(Operator.CONTAINS),
    "not contains": Rule(Operator.CONTAINS, is_negative=True),
    "start with": Rule(Operator.STARTS_WITH),
    "end with": Rule(Operator.ENDS_WITH),
    "is": Rule(Operator.IN),
    "is not": Rule(Operator.IN, is_negative=True),
    "in": Rule(Operator.IN, is_list=True),
    "not in": Rule(Operator.IN, is_negative=True, is_list=True),
    "empty": Rule(Operator.EMPTY),
    "not empty": Rule(Operator.EMPTY, is_negative=True),
    "=": Rule(Operator.IN),
    "≠": Rule(Operator.IN, is_negative=True),
    ">": Rule(Operator.GREATER),
    "<": Rule(Operator.LESS),
    "≥": Rule(Operator.AT_LEAST),
    "≤": Rule(Operator.AT_MOST),
    "before": Rule(Operator.LESS),
    "after": Rule(Operator.GREATER),
}
_SYNONYMS = {
    "starts with": "start with",
    "ends with": "end with",
    "==": "=",
    "!=": "≠",
    "<>": "≠",
    ">=": "≥",
    "<=": "≤",
    "‹": "<",
    "›": ">",
}
EQUALITY = ("is", "is not", "in", "not in", "empty", "not empty", "=", "≠")
_ORDER = (">", "<", "≥", "≤")
VALID_OPERATORS: dict[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: ("contains", "not contains", "start with", "end with", *EQUALITY),
    FieldType.NUMBER: (*EQUALITY, *_ORDER),
    FieldType.TIME: (*EQUALITY, *_ORDER, "before", "after"),
}


def parse_operator(raw: object) -> str:
    """Return the operator's name as the contract spells it, for any JSON value; raises InvalidRequestError."""
    word = " ".join(raw.replace("_", " ").lower().split()) if isinstance(raw, str) else ""
    name = _SYNONYMS.get(word, word)
    if name not in RULES:
        problem = "comparison_operator is missing" if raw is None else f"unknown comparison_operator {show(raw)}"
        raise InvalidRequestError(f"{problem}. Valid operators: {', '.join(RULES)}.")
    return name
