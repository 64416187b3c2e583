"""Java: types and their members, enum constants and annotation elements."""

from __future__ import annotations

from indexer.chunking.languages.rules import Language, Rule
from indexer.chunking.languages.variable_declarators import declared_names, first_name

_names_of = declared_names()
_FIELD = Rule("field", first_name(_names_of), body=None, also=_names_of, minor=True)

LANGUAGE = Language(
    name="java",
    grammar="java",
    extensions=(".java",),
    interpreters=("java", "jbang"),
    rules={
        "class_declaration": Rule("class", container=True),
        "interface_declaration": Rule("interface", container=True),
        "annotation_type_declaration": Rule("interface", container=True),
        "enum_declaration": Rule("enum", container=True),
        "record_declaration": Rule("record", container=True),
        "method_declaration": Rule("method"),
        "constructor_declaration": Rule("constructor"),
        "compact_constructor_declaration": Rule("constructor"),
        "annotation_type_element_declaration": Rule("method", minor=True),
        "field_declaration": _FIELD,
        "constant_declaration": _FIELD,
        "enum_constant": Rule("field", minor=True),
    },
    descend=frozenset({"enum_body_declarations"}),
    comments=frozenset({"line_comment", "block_comment"}),
)
