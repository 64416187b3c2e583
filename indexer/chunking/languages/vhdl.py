"""VHDL: design units, and the subprograms, processes and types in them."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, child_text, text_of
from indexer.chunking.languages.surroundings import child_of_type, no_body, whole_node


def _label(node: Node) -> str | None:
    """Name a process by what stands before its colon; one without a label defines nothing to look for."""
    label = child_of_type(node, "label")
    return text_of(label).rstrip(": \t") if label is not None else None


def _first_name(node: Node) -> str | None:
    listed = child_of_type(node, "identifier_list")
    return by_child("identifier")(listed) if listed is not None else None


_body = Rule("function", by_field("designator"))
_prototype = Rule("prototype", by_field("designator"), minor=True)

LANGUAGE = Language(
    name="vhdl",
    grammar="vhdl",
    extensions=(".vhd", ".vhdl", ".vho"),
    rules={
        "entity_declaration": Rule("entity", container=True, body=whole_node),
        "architecture_body": Rule(
            "architecture", scope=lambda node: child_text(node, "entity"), container=True, body=whole_node
        ),
        "package_declaration": Rule("package", container=True, body=whole_node),
        "package_body": Rule("package", by_field("package"), container=True, body=whole_node),
        "configuration_declaration": Rule("configuration", body=no_body),
        "context_declaration": Rule("package", body=no_body),
        "function_body": _body,
        "procedure_body": _body,
        "function_declaration": _prototype,
        "procedure_declaration": _prototype,
        "process_statement": Rule("process", _label, local=False),
        "component_declaration": Rule("component", local=False),
        "full_type_declaration": Rule("type", local=False, minor=True),
        "subtype_declaration": Rule("type", local=False, minor=True),
        "constant_declaration": Rule("constant", _first_name, local=False, minor=True),
    },
    descend=frozenset(
        {
            "design_unit",
            "declarative_part",
            "concurrent_statement_part",
            "block_statement",
            "for_generate_statement",
            "if_generate_statement",
            "generate_statement_body",
        }
    ),
    comments=frozenset({"comment"}),
)
