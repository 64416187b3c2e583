"""Scala 2 and 3: objects, traits, givens, and methods of extensions under the extended type."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.one_line_tables import shorten_tables
from indexer.chunking.languages.rules import Language, Rule, text_of
from indexer.chunking.languages.surroundings import child_of_type

_BODIES = ("template_body", "with_template_body", "enum_body")
_SINGLE = frozenset({"object_definition", "package_object", "compilation_unit", "package_clause"})
_OWNERS = _SINGLE | {"class_definition", "trait_definition", "enum_definition", "given_definition"}


def _function_kind(node: Node) -> str:
    if text_of(node.child_by_field_name("name") or node) == "this":
        return "constructor"
    parent = node.parent
    if parent is not None and parent.type == "extension_definition":
        return "method"
    return "method" if parent is not None and parent.type in _BODIES else "function"


def _value_name(node: Node) -> str | None:
    pattern = node.child_by_field_name("pattern") or node.child_by_field_name("name")
    return text_of(pattern) if pattern is not None and pattern.type in ("identifier", "operator_identifier") else None


def _value_kind(node: Node) -> str | None:
    """Values of objects and files are constants, those of classes properties; locals define nothing."""
    parent = node.parent
    owner = parent.parent if parent is not None and parent.type in _BODIES else parent
    if owner is None or owner.type not in _OWNERS:
        return None
    if owner.type not in _SINGLE:
        return "property"
    return "variable" if node.type.startswith("var") else "constant"


def _given_name(node: Node) -> str | None:
    """Name a given; the compiler's own name for one without: `given_Ord_Int`."""
    name = node.child_by_field_name("name")
    if name is not None:
        return text_of(name)
    returned = node.child_by_field_name("return_type")
    if returned is None:
        return None
    words = text_of(returned).replace("[", " ").replace("]", " ").replace(",", " ").split()
    return "_".join(["given", *words])


def _extended_type(node: Node) -> str | None:
    """Qualify a method of an `extension (c: Circle)` by the extended type."""
    owner = node.parent
    if owner is not None and owner.type in _BODIES:
        owner = owner.parent
    if owner is None or owner.type != "extension_definition":
        return None
    parameters = child_of_type(owner, "parameters")
    parameter = child_of_type(parameters, "parameter") if parameters is not None else None
    type_node = parameter.child_by_field_name("type") if parameter is not None else None
    return text_of(type_node).split("[")[0] if type_node is not None else None


_function = Rule(_function_kind, scope=_extended_type)
_value = Rule(_value_kind, _value_name, container=True, body="value", minor=True)

LANGUAGE = Language(
    name="scala",
    grammar="scala",
    extensions=(".scala", ".sc", ".sbt"),
    interpreters=("scala", "scala-cli", "amm"),
    rules={
        "class_definition": Rule("class", container=True),
        "trait_definition": Rule("trait", container=True),
        "object_definition": Rule("object", container=True),
        "package_object": Rule("object", container=True),
        "enum_definition": Rule("enum", container=True),
        "given_definition": Rule("given", _given_name, container=True),
        "function_definition": _function,
        "function_declaration": _function,
        "type_definition": Rule("type", body="type", minor=True),
        "val_definition": _value,
        "var_definition": _value,
    },
    descend=frozenset({"package_clause", "extension_definition", "instance_expression", *_BODIES}),
    comments=frozenset({"comment", "block_comment"}),
    prepare=shorten_tables,
)
