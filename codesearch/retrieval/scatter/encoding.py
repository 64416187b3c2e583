"""What services tell one another, as bytes: named arrays and one JSON object. Nothing in it is run when it is read."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.errors import InvalidRequestError
from codesearch.core.predicates import And, Comparison, InTest, Not, Operator, Or, Predicate
from codesearch.retrieval.lexical import Rarity
from codesearch.retrieval.query.phrases import Phrase
from codesearch.retrieval.query.places import Place
from codesearch.retrieval.query.quotations import Quotation
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.scatter.gathering import Cut, Figures, Plan

UNREADABLE: Final = "The message of another service cannot be read."
_LENGTH = struct.Struct("<Q")
_ALIGNMENT = 16
# Numbers, and texts of a fixed length: nothing that refers to objects.
_KINDS = frozenset("biufSU")


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """Arrays by name, and whatever is no array."""

    arrays: Mapping[str, NDArray[Any]]
    said: Mapping[str, Any]


def write_message(message: Message) -> bytes:
    """Return a message as bytes: how long a head of JSON is, the head, then the arrays' own bytes one after the other.

    A question has some thousands of arrays, of a few numbers each: the files of numpy take a tenth of a millisecond
    for each.
    """
    listed: list[list[Any]] = []
    parts: list[bytes] = []
    place = 0
    for name, array in message.arrays.items():
        content = array.tobytes()
        listed.append([name, array.dtype.str, list(array.shape), place])
        padding = -len(content) % _ALIGNMENT
        parts += [content, bytes(padding)]
        place += len(content) + padding
    head = json.dumps({"said": message.said, "arrays": listed}).encode()
    head += b" " * (-(len(head) + _LENGTH.size) % _ALIGNMENT)
    return b"".join([_LENGTH.pack(len(head)), head, *parts])


def read_message(content: bytes) -> Message:
    """Return the message of these bytes, whose arrays cannot be changed. Raises InvalidRequestError for others."""
    try:
        (length,) = _LENGTH.unpack_from(content)
        begin = _LENGTH.size + length
        if begin > len(content):
            raise ValueError("it is cut off")
        head = json.loads(content[_LENGTH.size : begin])
        arrays = {str(name): _read_array(content, begin, *described) for name, *described in head["arrays"]}
        said = head["said"]
        if not isinstance(said, dict):
            raise ValueError("it says nothing")
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, struct.error) as error:
        raise InvalidRequestError(UNREADABLE) from error
    return Message(arrays, said)


def _read_array(content: bytes, begin: int, kind: str, shape: Sequence[int], place: int) -> NDArray[Any]:
    """Return an array of numbers or texts. Raises ValueError, TypeError."""
    dtype = np.dtype(kind)
    if dtype.kind not in _KINDS or place < 0 or any(length < 0 for length in shape):
        raise ValueError("no such array is sent")
    count = math.prod(shape)
    if not count:
        return np.zeros(shape, dtype)
    if not dtype.itemsize:
        raise ValueError("no such array is sent")
    array: NDArray[Any] = np.frombuffer(content, dtype, count, begin + place).reshape(shape)
    return array


def write_predicate(predicate: Predicate) -> Any:
    """Return a predicate as JSON."""
    match predicate:
        case Comparison(field=field, operator=operator, values=values):
            return ["is", field, operator.value, list(values)]
        case InTest():
            return ["in_test"]
        case Not(operand=operand):
            return ["not", write_predicate(operand)]
        case And(operands=operands):
            return ["and", *map(write_predicate, operands)]
        case Or(operands=operands):
            return ["or", *map(write_predicate, operands)]


def read_predicate(written: Any) -> Predicate:
    """Return the predicate of this JSON. Raises ValueError: never a wider one."""
    match written:
        case ["is", str(field), str(operator), list(values)]:
            return Comparison(field, Operator(operator), tuple(values))
        case ["in_test"]:
            return InTest()
        case ["not", operand]:
            return Not(read_predicate(operand))
        case ["and", *operands]:
            return And(tuple(map(read_predicate, operands)))
        case ["or", *operands]:
            return Or(tuple(map(read_predicate, operands)))
    raise ValueError("no predicate")


def write_terms(terms: QueryTerms) -> dict[str, Any]:
    """Return as JSON what candidates are brought up by."""
    return {
        "terms": terms.terms.tolist(),
        "alternatives": [of_term.tolist() for of_term in terms.alternatives],
        "compounds": terms.compounds.tolist(),
        "names": sorted(terms.simple_names),
        "places": [[place.path, place.line, place.is_module] for place in terms.places],
        "phrases": [[list(phrase.words), phrase.has_values] for phrase in terms.phrases],
        "quotation": None if terms.quotation is None else terms.quotation.text,
    }


def read_terms(written: Mapping[str, Any]) -> QueryTerms:
    """Return terms with what `write_terms` writes. Raises KeyError, ValueError, TypeError."""
    quoted = written["quotation"]
    text = None if quoted is None else quoted.replace("\r\n", "\n")
    return QueryTerms(
        tokens=(),
        terms=np.array(written["terms"], np.uint32),
        words=(),
        compounds=np.array(written["compounds"], np.uint32),
        written_names=(),
        names=frozenset(),
        simple_names=frozenset(written["names"]),
        asked=frozenset(),
        places=tuple(Place(path, line, is_module) for path, line, is_module in written["places"]),
        phrases=tuple(Phrase(tuple(words), has_values) for words, has_values in written["phrases"]),
        texts=(),
        is_name=False,
        is_place=False,
        is_task=False,
        quotation=None if text is None else Quotation(quoted, text.encode("utf-8", "replace"), text.lower()),
        alternatives=tuple(np.array(of_term, np.uint32) for of_term in written["alternatives"]),
    )


def write_figures(figures: Sequence[Figures]) -> Message:
    """Return figures of data sources as a message."""
    arrays = {name: np.array([getattr(part, name) for part in figures]) for name in ("rows", "files", "distances")}
    return Message(arrays, {"counts": [[part.row_count, part.file_count, part.allowed] for part in figures]})


def read_figures(message: Message) -> list[Figures]:
    """Return the figures of a message. Raises KeyError, ValueError, TypeError."""
    arrays = [message.arrays[name] for name in ("rows", "files", "distances")]
    return [
        Figures(rows, files, row_count, file_count, allowed, distances)
        for rows, files, distances, (row_count, file_count, allowed) in zip(
            *arrays, message.said["counts"], strict=True
        )
    ]


def write_plan(plan: Plan, cuts: Sequence[Cut | None]) -> Message:
    """Return the part of a plan that tells of these data sources as a message."""
    said = {
        "limits": [plan.lexical, plan.nearest, plan.first],
        "cuts": [None if cut is None else [cut.bits, cut.equal] for cut in cuts],
    }
    return Message({"row_rarity": plan.rarity.rows, "file_rarity": plan.rarity.files}, said)


def read_plan(message: Message) -> Plan:
    """Return the plan of a message. Raises KeyError, ValueError, TypeError."""
    lexical, nearest, first = message.said["limits"]
    cuts = [None if cut is None else Cut(*cut) for cut in message.said["cuts"]]
    rarity = Rarity(message.arrays["row_rarity"], message.arrays["file_rarity"])
    return Plan(rarity, lexical, nearest, first, cuts)
