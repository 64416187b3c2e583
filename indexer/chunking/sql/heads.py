"""Reads the heads of CREATE and ALTER statements: what kind of thing they define, and its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from indexer.chunking.sql.tokens import Scanner, Token

KINDS = {
    "TABLE": "table",
    "VIEW": "view",
    "INDEX": "index",
    "TRIGGER": "trigger",
    "FUNCTION": "function",
    "AGGREGATE": "function",
    "MACRO": "macro",
    "PROCEDURE": "procedure",
    "PROC": "procedure",
    "PACKAGE": "package",
    "TYPE": "type",
    "DOMAIN": "type",
    "SEQUENCE": "sequence",
    "SCHEMA": "schema",
    "DATABASE": "database",
    "EVENT": "event",
    "POLICY": "policy",
    "SYNONYM": "synonym",
    "RULE": "rule",
    "TASK": "task",
    "STREAM": "stream",
    "STAGE": "stage",
    "PIPE": "pipe",
    "MODEL": "model",
}
ROUTINES = frozenset({"trigger", "function", "procedure", "package", "event"})
# What an ALTER may define anew; others change what is there.
_ALTERED = frozenset({"trigger", "function", "procedure", "view"})
_MODIFIERS = frozenset(
    "OR REPLACE ALTER EDITIONABLE NONEDITIONABLE EDITIONING FORCE NOFORCE NO GLOBAL LOCAL TEMP TEMPORARY "
    "UNLOGGED EXTERNAL FOREIGN UNIQUE CONSTRAINT MATERIALIZED RECURSIVE CLUSTERED NONCLUSTERED COLUMNSTORE "
    "BITMAP FULLTEXT SPATIAL SEARCH VECTOR PRIVATE PUBLIC TRANSIENT VOLATILE SECURE DYNAMIC VIRTUAL HYBRID "
    "ICEBERG SHARDED DUPLICATED IMMUTABLE PERSISTENT BLOCKCHAIN LIVE STREAMING DEFINER ALGORITHM UNDEFINED "
    "MERGE TEMPTABLE SQL SECURITY INVOKER SET MULTISET COLUMN ROW LOGGED SNAPSHOT PERMISSIVE RESTRICTIVE "
    "TRUSTED".split()
)
_TWO_WORDS = frozenset({("AGGREGATE", "FUNCTION"), ("EVENT", "TRIGGER"), ("TABLE", "FUNCTION"), ("TABLE", "MACRO")})
_MAX_TOKENS = 24
_GAP = r"(?:\s|--[^\n]*\n|/\*!\d*|\*/|/\*(?!!)(?:[^*]|\*(?!/))*\*/)*"
_PART = (
    r"(?:\"(?:[^\"\n]|\"\")+\"|`[^`\n]+`|\[(?:[^\]\n]|\]\])+\]|\$\{[^}\n]*\}|\$\([^)\n]*\)|\{\{[^}\n]*\}\}"
    r"|&&?\w+\.?|:?[\w$#@-]*[\w$#@])"
)
_NAME = re.compile(rf"{_GAP}(?P<name>{_PART}(?:\s*\.\s*{_PART})*)")
_PARTS = re.compile(_PART)
_BETWEEN = re.compile(rf"{_GAP}(BODY|CONCURRENTLY|AUTHORIZATION|IF\s+NOT\s+EXISTS)\b", re.IGNORECASE)
_NO_NAMES = frozenset({"ON", "AS", "IS", "FOR", "USING", "LINK", "IDENTIFIER"})
# A head at the beginning of a line, for finding the end of a statement that has none.
NEXT_HEAD = re.compile(r"(?:CREATE|ALTER)\s+(?:\w+\s+){0,4}?(?:" + "|".join(KINDS) + r")\b", re.IGNORECASE)
NEXT_ROUTINE = re.compile(
    r"(?:CREATE|ALTER)\s+(?:OR\s+(?:ALTER|REPLACE)\s+)?(?:PROC(?:EDURE)?|FUNCTION|TRIGGER|VIEW)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Head:
    """What a statement defines: `path` is its name with the schema before it. Offsets are characters.

    `has_body`: the body of a package or of an object type, whose members are defined here.
    `is_altered`: only with a body is it a definition. `is_replaced`: it says OR REPLACE, which T-SQL does not know.
    """

    kind: str
    path: tuple[str, ...]
    start: int
    name_end: int
    has_body: bool
    is_altered: bool
    is_replaced: bool


def read_head(scanner: Scanner, first: Token) -> Head | None:
    """Read the head that begins with `first`, CREATE or ALTER; for other things return None, the scanner unmoved."""
    position = scanner.position
    head = _read(scanner, first)
    if head is None:
        scanner.position = position
    return head


def read_name(scanner: Scanner) -> tuple[str, ...]:
    """Read a name with what qualifies it, quoted or not; empty where none stands. The scanner goes behind it."""
    found = _NAME.match(scanner.text, scanner.position)
    if found is None or found["name"].upper() in _NO_NAMES:
        return ()
    scanner.position = found.end()
    parts: list[str] = []
    for written in _PARTS.findall(found["name"]):
        # BigQuery quotes a path as a whole.
        parts.extend(written.strip("`").split(".") if written[0] == "`" else [_bare(written)])
    return tuple(part for part in parts if part)


def _bare(written: str) -> str:
    if written[0] == "[":
        return written[1:-1].replace("]]", "]")
    if written[0] == '"':
        return written[1:-1].replace('""', '"')
    return written.rstrip(".")


def _read(scanner: Scanner, first: Token) -> Head | None:
    word, replaced = _read_object(scanner)
    if word is None:
        return None
    has_body = False
    while (found := _BETWEEN.match(scanner.text, scanner.position)) is not None:
        has_body = has_body or found[1].upper() == "BODY"
        scanner.position = found.end()
    path = read_name(scanner)
    kind = KINDS[word]
    is_altered = first.text == "ALTER"
    if not path or (is_altered and kind not in _ALTERED):
        return None
    return Head(kind, path, first.start, scanner.position, has_body, is_altered, replaced)


def _read_object(scanner: Scanner) -> tuple[str | None, bool]:
    """Read up to the word that says what is created."""
    replaced = naming_definer = False
    for _ in range(_MAX_TOKENS):
        token = scanner.next()
        if token is None or token.kind in ("end", "delimiter", "batch", "slash", "open"):
            return None, replaced
        if token.kind != "word":
            continue
        replaced = replaced or token.text == "REPLACE"
        if token.text in KINDS:
            position = scanner.position
            after = scanner.next()
            if after is not None and (token.text, after.text) in _TWO_WORDS:
                return after.text, replaced
            scanner.position = position
            return token.text, replaced
        if token.text == "DEFINER":
            naming_definer = True
        elif token.text not in _MODIFIERS and not naming_definer:
            return None, replaced
    return None, replaced
