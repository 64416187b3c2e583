"""Metadata conditions as values: a tree over the fields of a record, built by retrieval, read by the indexes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class FieldType(str, Enum):
    """How a field compares: as lower-cased text, as a whole number, or as Unix seconds."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"


# The fields that conditions may name, as the contract lists them.
FIELD_TYPES: dict[str, FieldType] = {
    "path": FieldType.TEXT,
    "title": FieldType.TEXT,
    "file_extension": FieldType.TEXT,
    "language": FieldType.TEXT,
    "data_source_id": FieldType.TEXT,
    "data_source_name": FieldType.TEXT,
    "data_source_type": FieldType.TEXT,
    "artifact_kind": FieldType.TEXT,
    "symbol": FieldType.TEXT,
    "symbol_kind": FieldType.TEXT,
    "start_line": FieldType.NUMBER,
    "end_line": FieldType.NUMBER,
    "commit": FieldType.TEXT,
    "last_modified": FieldType.TIME,
    "content": FieldType.TEXT,
}
# These belong to the data source, not to the row: search decides them per data source, before any index is asked.
SOURCE_FIELDS = frozenset({"data_source_id", "data_source_name", "data_source_type", "commit"})


class Operator(str, Enum):
    """The positive comparisons; every negative operator is a Not around one of them."""

    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IN = "in"
    GREATER = "greater"
    LESS = "less"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    WITHIN = "within"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field against values. An absent value satisfies EMPTY and nothing else.

    `values` are lower-cased strings for text fields, ints or floats for the others. IN takes any number of them (none:
    never true), EMPTY none, WITHIN of numbers where each span begins and where it is over, in ascending order, every
    other operator exactly one. A file_extension value has its dot.
    """

    field: str
    operator: Operator
    values: tuple[str | int | float, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """True where the operand is not, absent values included."""

    operand: Predicate


@dataclass(frozen=True, slots=True)
class And:
    """True where every operand is; without operands, everywhere."""

    operands: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where any operand is; without operands, nowhere."""

    operands: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class InTest:
    """True of the rows of files that are tests by their paths, as the ranking sees it. No condition says it."""


Predicate: TypeAlias = Comparison | Not | And | Or | InTest

EVERYTHING = And(())
NOTHING = Or(())


def weigh_predicate(predicate: Predicate) -> int:
    """Return about how many bytes a predicate's values take, a number counting as one value of a few."""
    match predicate:
        case Comparison(values=values):
            return 32 + sum(len(value) if isinstance(value, str) else 8 for value in values)
        case InTest():
            return 32
        case Not(operand=operand):
            return weigh_predicate(operand)
        case And(operands=operands) | Or(operands=operands):
            return sum(map(weigh_predicate, operands))


def fields_of(predicate: Predicate) -> frozenset[str]:
    """Return the fields that a predicate compares."""
    match predicate:
        case Comparison(field=field):
            return frozenset({field})
        case InTest():
            return frozenset({"path"})
        case Not(operand=operand):
            return fields_of(operand)
        case And(operands=operands) | Or(operands=operands):
            return frozenset().union(*map(fields_of, operands))
