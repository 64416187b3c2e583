"""Tells from a bounded look at a file's head whether it may be a schema, so that other YAML and JSON costs nothing."""

from __future__ import annotations

import re

_HEAD_CHARACTERS = 8192
_API_KEYS = ("openapi", "swagger", "asyncapi")
_YAML_CLUE = re.compile(
    r"^[\"']?(?:(?:openapi|swagger|asyncapi)[\"']?[ \t]*:[ \t]*[\"']?\d|\$schema[\"']?[ \t]*:[^\n]*json-schema\.org"
    r"|\$defs[\"']?[ \t]*:)",
    re.MULTILINE,
)
_YAML_FIRST_KEY = re.compile(r"^[\"']?([A-Za-z_$][\w$-]{0,40})[\"']?[ \t]*:", re.MULTILINE)
_JSON_CLUE = re.compile(
    r"\"(?:(?:openapi|swagger|asyncapi)\"\s*:\s*\"\d|\$schema\"\s*:\s*\"[^\"\n]{0,40}json-schema\.org"
    r"|(?:\$defs|definitions)\"\s*:\s*\{|type\"\s*:\s*\"(?:record|error)\"|protocol\"\s*:)"
)
_JSON_FIRST_KEY = re.compile(r"\s*\{\s*\"([A-Za-z_$][\w$-]{0,40})\"")
# What an API's description may begin with when its keys are sorted.
_SORTED_FIRST = frozenset(
    "basePath channels components consumes definitions defaultContentType externalDocs host id info".split()
)
_ENDINGS = (".avsc", ".avpr", ".schema.json", ".schema.yaml", ".schema.yml")


def may_be_schema(path: str, syntax: str, text: str) -> bool:
    """Say whether a file of this syntax, `yaml` or `json`, is worth a tree: by its name's end or its first lines."""
    if path.lower().endswith(_ENDINGS):
        return True
    head = text[:_HEAD_CHARACTERS]
    if syntax == "json" or head.lstrip()[:1] == "{":
        clue, first = _JSON_CLUE.search(head), _JSON_FIRST_KEY.match(head)
        keys = [f'"{key}"' for key in _API_KEYS]
    else:
        clue, first = _YAML_CLUE.search(head), _YAML_FIRST_KEY.search(head)
        keys = [f"\n{key}:" for key in _API_KEYS]
    if clue is not None:
        return True
    return first is not None and first[1] in _SORTED_FIRST and any(key in text for key in keys)
