"""D: functions, aggregates, templates and enumerations."""

from __future__ import annotations

from indexer.chunking.languages.one_line_tables import shorten_tables
from indexer.chunking.languages.rules import Language, Rule, by_child
from indexer.chunking.languages.surroundings import child_body, child_of_type, constant_name, no_body, whole_node
from indexer.chunking.languages.wide_characters import hide_wide_characters

_named = by_child("identifier")
_members = child_body("aggregate_body")


def _aggregate(kind: str) -> Rule:
    return Rule(kind, _named, container=True, body=_members)


LANGUAGE = Language(
    name="d",
    grammar="d",
    extensions=(".d", ".di"),
    interpreters=("rdmd", "dub", "dmd", "ldc"),
    rules={
        "function_declaration": Rule("function", _named, body=child_body("function_body")),
        "constructor": Rule("constructor", constant_name("this"), body=child_body("function_body"), local=False),
        "destructor": Rule("constructor", constant_name("~this"), body=child_body("function_body"), local=False),
        "class_declaration": _aggregate("class"),
        "interface_declaration": _aggregate("interface"),
        "struct_declaration": _aggregate("struct"),
        "union_declaration": _aggregate("union"),
        "enum_declaration": Rule("enum", _named, body=no_body),
        "template_declaration": Rule("template", _named, container=True, body=whole_node),
        "manifest_constant": Rule(
            "constant",
            lambda node: _named(found) if (found := child_of_type(node, "manifest_declarator")) is not None else None,
            body=no_body,
            local=False,
            minor=True,
        ),
        "alias_declaration": Rule(
            "type",
            lambda node: _named(found) if (found := child_of_type(node, "alias_initializer")) is not None else None,
            body=no_body,
            local=False,
            minor=True,
        ),
    },
    descend=frozenset({"module_def", "conditional_declaration", "aggregate_body"}),
    wrappers=frozenset({"mixin_template_declaration"}),
    comments=frozenset({"comment"}),
    attached=frozenset({"at_attribute", "linkage_attribute"}),
    prepare=lambda source: shorten_tables(hide_wide_characters(source)),
)
