"""Requests that a hostile or broken client may send, made by rule: what is heavy, what is malformed, what is huge."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator, Sequence

TEXT_FIELDS = ("path", "title", "file_extension", "language", "artifact_kind", "symbol", "symbol_kind")
TEXT_OPERATORS = ("contains", "not contains", "start with", "end with", "is", "is not", "in", "not in", "empty", "=")
_LETTERS = string.ascii_lowercase + string.digits + "/._-"
_DAY = "2026-01-31"
Body = Callable[[random.Random], bytes]


def _condition(name: object, operator: object, value: object) -> dict[str, object]:
    return {"name": name, "comparison_operator": operator, "value": value}


def _letters(chance: random.Random, count: int) -> str:
    return "".join(chance.choices(_LETTERS, k=count))


def make_heavy(knowledge_id: str, words: Sequence[str]) -> dict[str, Body]:
    """Return kinds of requests that are allowed and as much work as the limits let them be; `words` are known names."""

    def ask(chance: random.Random, conditions: list[dict[str, object]] | None = None, query: str = "") -> bytes:
        filters = None if conditions is None else {"logical_operator": "or", "conditions": conditions}
        text = query or " ".join(chance.sample(words, 4))
        body = {"knowledge_id": knowledge_id, "query": text, "metadata_condition": filters}
        return json.dumps({**body, "retrieval_setting": {"top_k": 100}}).encode()

    def of_letters(chance: random.Random) -> bytes:
        return ask(chance, [_condition(list(TEXT_FIELDS), "contains", _letters(chance, 1)) for _ in range(100)])

    def of_lists(chance: random.Random) -> bytes:
        values = [_letters(chance, 12) for _ in range(140)]
        return ask(chance, [_condition(list(TEXT_FIELDS), "in", values) for _ in range(10)])

    def of_days(chance: random.Random) -> bytes:
        days = [f"{chance.randint(1990, 2030)}-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 28)]
        return ask(chance, [_condition("last_modified", "in", days) for _ in range(30)])

    def of_names(chance: random.Random) -> bytes:
        return ask(
            chance, query=" ".join(f"{word}()" for word in chance.sample(words, min(len(words), 1_800)))[:32_000]
        )

    return {
        "plain queries": ask,
        "100 conditions of letters on seven fields": of_letters,
        "`in` lists on seven fields": of_lists,
        "days": of_days,
        "queries of known names": of_names,
    }


def generate(knowledge_id: str, words: Sequence[str], count: int, seed: int) -> Iterator[bytes]:
    """Yield bodies of all kinds: heavy, valid, nearly valid, no JSON, huge. The same for the same seed."""
    chance = random.Random(seed)
    heavy = list(make_heavy(knowledge_id, words).values())
    for _ in range(count):
        kind = chance.random()
        if kind < 0.1:
            yield chance.choice(heavy)(chance)
        elif kind < 0.5:
            yield json.dumps(_make_fields(chance, knowledge_id, words)).encode()
        elif kind < 0.8:
            yield _spoil(chance, json.dumps(_make_fields(chance, knowledge_id, words)).encode())
        elif kind < 0.97:
            yield json.dumps(_make_value(chance, 4)).encode()
        else:
            yield _make_huge(chance)


def _make_fields(chance: random.Random, knowledge_id: str, words: Sequence[str]) -> dict[str, object]:
    """Return a request, most of it valid."""
    conditions = [
        _condition(
            chance.choice([*TEXT_FIELDS, "start_line", "last_modified", list(TEXT_FIELDS), "nothing"]),
            chance.choice([*TEXT_OPERATORS, ">", "before", "like"]),
            chance.choice(
                [_letters(chance, 2), chance.randint(-5, 500), None, [_letters(chance, 3)] * 3, "2026-01-31"]
            ),
        )
        for _ in range(chance.choice([0, 0, 1, 2, 5, 101]))
    ]
    return {
        "knowledge_id": chance.choice([knowledge_id] * 8 + ["", "none"]),
        "query": chance.choice([" ".join(chance.sample(words, chance.randint(1, 40))), "", _letters(chance, 3_000)]),
        "retrieval_setting": chance.choice([None, {}, {"top_k": chance.randint(-1, 110), "score_threshold": 0.2}]),
        "metadata_condition": {"logical_operator": chance.choice(["and", "or", None, "xor"]), "conditions": conditions},
    }


def _spoil(chance: random.Random, body: bytes) -> bytes:
    """Change, cut or double some bytes."""
    spoilt = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(spoilt))
        chance.choice([spoilt.insert, spoilt.__setitem__])(place, chance.randrange(256))
    return bytes(spoilt[: chance.randint(1, len(spoilt))] if chance.random() < 0.5 else spoilt)


def _make_value(chance: random.Random, depth: int) -> object:
    leaves: list[object] = [None, True, -1, 1e300, 2**70, "", _letters(chance, 20), "\0", "\ud800", "ẞ" * 50]
    if depth == 0 or chance.random() < 0.3:
        return chance.choice(leaves)
    if chance.random() < 0.5:
        return [_make_value(chance, depth - 1) for _ in range(chance.randint(0, 4))]
    names = ["knowledge_id", "query", "retrieval_setting", "metadata_condition", "conditions", "name", "value", "x"]
    return {chance.choice(names): _make_value(chance, depth - 1) for _ in range(chance.randint(0, 4))}


def _make_huge(chance: random.Random) -> bytes:
    size = chance.choice([200_000, 1_000_000, 1_048_577])
    unit = chance.choice([b"[", b"1,", b'{"a":', b"\xff", b'"a",', b" "])
    return (chance.choice([b"", b"["]) + unit * (size // len(unit)))[:size]
