"""TypeScript: JavaScript, and interfaces, types, enums, namespaces and signatures."""

from __future__ import annotations

from indexer.chunking.languages.ecmascript import (
    CLASS_RULE,
    ECMASCRIPT_COMMENTS,
    ECMASCRIPT_DESCEND,
    ECMASCRIPT_RULES,
    field_kind,
    key_name,
)
from indexer.chunking.languages.rules import Language, Rule

_RULES = {
    **{node: rule for node, rule in ECMASCRIPT_RULES.items() if node != "field_definition"},
    "abstract_class_declaration": CLASS_RULE,
    "interface_declaration": Rule("interface", container=True),
    "type_alias_declaration": Rule("type", body="value"),
    "enum_declaration": Rule("enum"),
    "function_signature": Rule("function"),
    "method_signature": Rule("method", key_name, local=False),
    "abstract_method_signature": Rule("method", key_name),
    "property_signature": Rule("field", key_name, local=False, minor=True),
    "public_field_definition": Rule(field_kind, key_name, body="value.body", minor=True),
    "internal_module": Rule("namespace", key_name, container=True, transparent=True),
    "module": Rule("module", key_name, container=True, transparent=True),
}

LANGUAGE = Language(
    name="typescript",
    grammar="typescript",
    extensions=(".ts", ".mts", ".cts"),
    interpreters=("deno", "ts-node", "tsx"),
    rules=_RULES,
    descend=ECMASCRIPT_DESCEND,
    wrappers=frozenset({"export_statement", "ambient_declaration"}),
    comments=ECMASCRIPT_COMMENTS,
    attached=frozenset({"decorator"}),
)
