"""Where sections begin in configuration that is read line by line: YAML, JSON, TOML, INI, Dockerfile, Makefile.

Nesting in YAML and JSON is read from the indentation: sections are whole lines, so what shares a line stays together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from indexer.chunking.sections.documents import mark_paragraphs
from indexer.chunking.sections.grouping import Mark, clean_name

_YAML_LINE = re.compile(
    r"( *)((?:- +)*)"
    r"(?:(\"[^\"\n]{1,120}\"|'[^'\n]{1,120}'|[^\s:#\"'{\[&*!|>%@`-][^:#\n]{0,120}?|-[^\s:][^:\n]{0,80}):(?=\s|$)(.*)"
    r"|(-)(?:\s|$))"
)
_YAML_BLOCK_SCALAR = re.compile(r"(?:.*\s)?[|>][+-]?\d?[+-]?\s*(?:#.*)?$")
_YAML_NAMING_KEYS = frozenset({"name", "id", "key", "title", "alert", "record", "job_name", "uses", "path", "url"})
_YAML_KIND = re.compile(r"kind:\s*([\w.-]{1,80})")
_YAML_NAME = re.compile(r"  ?  ?name:\s*[\"']?([\w.{}$ -]{1,80})")
_JSON_LINE = re.compile(r"([ \t]*)(?:\"((?:[^\"\\\n]|\\.){0,160})\"\s*:|([{\[])\s*$)")
_TOML_TOKEN = re.compile(
    r"\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)|#[^\n]*"
    r"|^[ \t]*(?P<table>\[\[?)[ \t]*(?P<name>[^\[\]\n]{1,200}?)[ \t]*\](?=[\s\]#]|\Z)"
    r"|^(?P<key>[\w.\"'-]{1,120})[ \t]*=",
    re.DOTALL | re.MULTILINE,
)
_INI_TABLE = re.compile(r"\s*\[([^\]\n]{1,200})\]\s*(?:[#;].*)?$")
_PROPERTY = re.compile(r"\s*(?:export\s+)?([\w.$\[\]{}-]{1,160})\s*[=:\s]")
_INSTRUCTION = re.compile(
    r"\s*(from|run|cmd|label|maintainer|expose|env|add|copy|entrypoint|volume|user|workdir|arg|onbuild|stopsignal"
    r"|healthcheck|shell)\s+(\S.*)",
    re.IGNORECASE,
)
_STAGE = re.compile(r"(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?", re.IGNORECASE)
_MAKE_VARIABLE = re.compile(r"(?:export\s+|override\s+|unexport\s+)*([\w.$(){}/-]{1,120})\s*(?:::?:?|\?|\+|!)?=")
_MAKE_TARGET = re.compile(r"([^\s#:=][^#:=\n]{0,300}?)\s*(?:&?::?)(?!=)")


def mark_yaml(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per document, key and list item, outside block scalars; a Kubernetes object is named `Kind name`."""
    starts = [number for number, line in enumerate(lines) if line.startswith("---") and line[3:4] in ("", " ", "\r")]
    for start, end in zip([0, *starts], [*starts, len(lines)], strict=True):
        name = _yaml_object_name(lines[start : min(end, start + 60)])
        if name or lines[start].startswith("---"):
            yield Mark(start, -1, name)
        yield from _mark_yaml_keys(lines, start, end)


def _yaml_object_name(lines: Sequence[str]) -> str | None:
    kind = next((found[1] for line in lines if (found := _YAML_KIND.match(line))), None)
    if kind is None:
        return None
    name = next((found[1] for line in lines if (found := _YAML_NAME.match(line))), "")
    return clean_name(f"{kind} {name}")


def _mark_yaml_keys(lines: Sequence[str], start: int, end: int) -> Iterator[Mark]:
    scalar_indent: int | None = None
    for number in range(start, end):
        line = lines[number]
        indent = len(line) - len(line.lstrip(" "))
        if scalar_indent is not None:
            if indent > scalar_indent or not line.strip():
                continue
            scalar_indent = None
        if not (found := _YAML_LINE.match(line)):
            continue
        dashes, key, value = found[2], found[3], found[4] or ""
        if value and _YAML_BLOCK_SCALAR.match(value[:200]):
            scalar_indent = indent
        name = None if key is None else key.strip("\"' ")
        if dashes or key is None:
            named = name in _YAML_NAMING_KEYS and value.strip(" \"'\r")
            name = clean_name(value.strip(" \"'\r")) if named else None
        # A list may stand at its key's own indentation, yet lies below it.
        yield Mark(number, 2 * indent + (1 if dashes or key is None else 0), name)


def mark_json(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per line that begins with a key, or that only opens an object or a list."""
    for number, line in enumerate(lines):
        if found := _JSON_LINE.match(line):
            # The outermost bracket is nobody's head: as a mark it would only be one more level.
            if found[3] and not found[1]:
                continue
            yield Mark(number, len(found[1]), None if found[2] is None else clean_name(found[2]))


def mark_toml(text: str) -> Iterator[tuple[int, Mark]]:
    """Yield an offset and a mark per table (nested by its dots) and per key, outside multi-line strings."""
    for found in _TOML_TOKEN.finditer(text):
        if found["table"]:
            yield found.start("table"), Mark(0, 1, clean_name(found["name"]))
        elif found["key"]:
            yield found.start("key"), Mark(0, 2, clean_name(found["key"].strip("\"'")))


def mark_ini(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per bracketed table and, below it, per paragraph."""
    for number, line in enumerate(lines):
        if found := _INI_TABLE.match(line):
            yield Mark(number, 1, clean_name(found[1]))
    yield from mark_paragraphs(lines, level=2)


def mark_properties(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per property that begins a line, outside continued values."""
    continued = False
    for number, line in enumerate(lines):
        if not continued and line.lstrip()[:1] not in ("", "#", "!") and (found := _PROPERTY.match(line + " ")):
            yield Mark(number, 1, clean_name(found[1]))
        continued = line.rstrip("\r").endswith("\\")


def mark_dockerfile(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per stage, named by its alias or its image, and below it one per instruction."""
    continued = False
    for number, line in enumerate(lines):
        if not continued and (found := _INSTRUCTION.match(line)):
            if found[1].lower() == "from":
                stage = _STAGE.match(found[2])
                yield Mark(number, 1, clean_name(stage[2] or stage[1]) if stage else None)
            else:
                yield Mark(number, 2, found[1].upper())
        if line.strip() and not line.lstrip().startswith("#"):
            continued = line.rstrip().endswith(("\\", "`"))


def mark_make(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per target, variable and `define`."""
    continued = defining = False
    for number, line in enumerate(lines):
        if defining:
            defining = not line.startswith("endef")
        elif not continued and line[:1] not in ("\t", " ", "#", ""):
            if line.startswith("define "):
                defining = True
                yield Mark(number, 1, clean_name(line[7:]))
            elif found := _MAKE_VARIABLE.match(line) or _MAKE_TARGET.match(line):
                yield Mark(number, 1, clean_name(found[1]))
        continued = line.rstrip("\r").endswith("\\")
