"""Ada: packages, subprograms, tasks, protected objects and types."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, child_text
from indexer.chunking.languages.surroundings import child_of_type, no_body, whole_node

_SPECIFICATIONS = ("procedure_specification", "function_specification")
_INNER = ("task_type_declaration", "protected_type_declaration")


def _subprogram_name(node: Node) -> str | None:
    specification = child_of_type(node, *_SPECIFICATIONS)
    name = child_text(specification if specification is not None else node, "name")
    return name.strip('"') if name else None


def _type_name(node: Node) -> str | None:
    inner = child_of_type(node, *_INNER)
    return by_child("identifier")(inner if inner is not None else node)


def _type_kind(node: Node) -> str:
    if child_of_type(node, *_INNER) is not None:
        return "class"
    if child_of_type(node, "record_type_definition", "derived_type_definition") is not None:
        return "struct"
    return "enum" if child_of_type(node, "enumeration_type_definition") is not None else "type"


def _constant_kind(node: Node) -> str | None:
    return "constant" if any(child.type == "constant" for child in node.children) else None


_prototype = Rule("prototype", _subprogram_name, body=no_body, minor=True)

LANGUAGE = Language(
    name="ada",
    grammar="ada",
    extensions=(".adb", ".ads", ".ada"),
    rules={
        "package_declaration": Rule("package", container=True, body=whole_node),
        "package_body": Rule("package", container=True, body=whole_node),
        "subprogram_body": Rule("function", _subprogram_name),
        "expression_function_declaration": Rule("function", _subprogram_name),
        "null_procedure_declaration": Rule("function", _subprogram_name),
        "subprogram_declaration": _prototype,
        "generic_subprogram_declaration": _prototype,
        "subprogram_renaming_declaration": _prototype,
        "generic_instantiation": Rule("package", by_field("name"), body=no_body, minor=True),
        "full_type_declaration": Rule(_type_kind, _type_name, body=no_body, local=False),
        "private_type_declaration": Rule("type", by_child("identifier"), body=no_body, local=False, minor=True),
        "subtype_declaration": Rule("type", by_child("identifier"), body=no_body, local=False, minor=True),
        "single_task_declaration": Rule("class", by_child("identifier"), body=no_body),
        "single_protected_declaration": Rule("class", by_child("identifier"), body=no_body),
        "task_body": Rule("class", by_child("identifier"), container=True, body=whole_node),
        "protected_body": Rule("class", by_child("identifier"), container=True, body=whole_node),
        "entry_body": Rule("method", by_child("identifier")),
        "exception_declaration": Rule("exception", by_child("identifier"), body=no_body, local=False, minor=True),
        "object_declaration": Rule(_constant_kind, by_field("name"), body=no_body, local=False, minor=True),
    },
    descend=frozenset({"compilation_unit", "non_empty_declarative_part", "subunit", "generic_package_declaration"}),
    wrappers=frozenset({"generic_package_declaration"}),
    comments=frozenset({"comment"}),
)
