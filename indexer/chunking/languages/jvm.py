"""Kotlin and Scala: what defines a symbol in their grammars."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, text_of
from indexer.chunking.languages.surroundings import (
    child_body,
    child_of_type,
    constant_name,
    keyword_kind,
    kind_by_parent,
)

# --- Kotlin ---------------------------------------------------------------------------------------------------------

_KOTLIN_MEMBER_OF = ("class_body", "enum_class_body")
_KOTLIN_ACCESSORS = ("getter", "setter")


def _kotlin_receiver(node: Node) -> str | None:
    """Qualify a top-level extension by the type it extends: `String.words`."""
    receiver = node.child_by_field_name("receiver")
    if receiver is None or (node.parent is not None and node.parent.type in _KOTLIN_MEMBER_OF):
        return None
    return text_of(receiver).split("<")[0].strip("()? ") or None


def _kotlin_property_name(node: Node) -> str | None:
    variable = child_of_type(node, "variable_declaration")
    return by_child("simple_identifier")(variable) if variable is not None else None


def _kotlin_property_kind(node: Node) -> str | None:
    parent = node.parent
    if parent is None or parent.type == "statements":
        return None
    is_constant = "const" in text_of(node).split("val", 1)[0].split()
    if parent.type in _KOTLIN_MEMBER_OF:
        return "constant" if is_constant else "property"
    if node.child_by_field_name("receiver") is not None:
        return "property"
    binding = child_of_type(node, "binding_pattern_kind")
    return "variable" if binding is not None and text_of(binding) == "var" else "constant"


def _kotlin_owner(node: Node) -> Node | None:
    """Return the property that a getter or setter stands behind: the grammar makes them siblings."""
    owner = node.prev_named_sibling
    while owner is not None and owner.type in (*_KOTLIN_ACCESSORS, "multiline_comment", "line_comment"):
        owner = owner.prev_named_sibling
    return owner if owner is not None and owner.type == "property_declaration" else None


def _is_kotlin_accessor(node: Node) -> bool:
    """At the top of a file the grammar may read `get() = ...` as an assignment."""
    return node.type in _KOTLIN_ACCESSORS or text_of(node)[:16].replace(" ", "").startswith(("get()=", "set("))


def _kotlin_accessor_name(node: Node) -> str | None:
    owner = _kotlin_owner(node) if _is_kotlin_accessor(node) else None
    return _kotlin_property_name(owner) if owner is not None else None


def _kotlin_accessor_scope(node: Node) -> str | None:
    owner = _kotlin_owner(node)
    return _kotlin_receiver(owner) if owner is not None else None


_kotlin_type = Rule(
    keyword_kind({"interface": "interface", "enum": "enum"}, "class"),
    by_child("type_identifier"),
    container=True,
    body=child_body("class_body", "enum_class_body"),
)
_kotlin_accessor = Rule("property", _kotlin_accessor_name, _kotlin_accessor_scope, local=False, minor=True)

KOTLIN = Language(
    name="kotlin",
    grammar="kotlin",
    extensions=(".kt", ".kts"),
    rules={
        "class_declaration": _kotlin_type,
        "object_declaration": Rule(
            "object", by_child("type_identifier"), container=True, body=child_body("class_body")
        ),
        # Members of an unnamed companion are called as members of the class: only a named one qualifies.
        "companion_object": Rule("object", by_child("type_identifier"), container=True, body=child_body("class_body")),
        "function_declaration": Rule(
            kind_by_parent(_KOTLIN_MEMBER_OF, "method", "function"),
            by_child("simple_identifier"),
            _kotlin_receiver,
            body=child_body("function_body"),
        ),
        "secondary_constructor": Rule("constructor", constant_name("constructor"), body=child_body("statements")),
        "property_declaration": Rule(_kotlin_property_kind, _kotlin_property_name, _kotlin_receiver, minor=True),
        "getter": _kotlin_accessor,
        "setter": _kotlin_accessor,
        "assignment": _kotlin_accessor,
        "type_alias": Rule("type", by_child("type_identifier"), minor=True),
    },
    descend=frozenset({"companion_object", "class_body", "enum_class_body", "enum_entry", "statements"}),
    comments=frozenset({"line_comment", "multiline_comment"}),
    continues=lambda previous, node: _kotlin_accessor_name(node) is not None,
)

# --- Scala ----------------------------------------------------------------------------------------------------------

_SCALA_BODIES = ("template_body", "with_template_body", "enum_body")
_SCALA_SINGLE = frozenset({"object_definition", "package_object", "compilation_unit", "package_clause"})
_SCALA_OWNERS = _SCALA_SINGLE | {"class_definition", "trait_definition", "enum_definition", "given_definition"}


def _scala_function_kind(node: Node) -> str:
    if text_of(node.child_by_field_name("name") or node) == "this":
        return "constructor"
    parent = node.parent
    if parent is not None and parent.type == "extension_definition":
        return "method"
    return "method" if parent is not None and parent.type in _SCALA_BODIES else "function"


def _scala_value_name(node: Node) -> str | None:
    pattern = node.child_by_field_name("pattern") or node.child_by_field_name("name")
    return text_of(pattern) if pattern is not None and pattern.type in ("identifier", "operator_identifier") else None


def _scala_value_kind(node: Node) -> str | None:
    """Values of objects and files are constants, those of classes properties; locals define nothing."""
    parent = node.parent
    owner = parent.parent if parent is not None and parent.type in _SCALA_BODIES else parent
    if owner is None or owner.type not in _SCALA_OWNERS:
        return None
    if owner.type not in _SCALA_SINGLE:
        return "property"
    return "variable" if node.type.startswith("var") else "constant"


def _scala_given_name(node: Node) -> str | None:
    """Name a given; the compiler's own name for one without: `given_Ord_Int`."""
    name = node.child_by_field_name("name")
    if name is not None:
        return text_of(name)
    returned = node.child_by_field_name("return_type")
    if returned is None:
        return None
    words = text_of(returned).replace("[", " ").replace("]", " ").replace(",", " ").split()
    return "_".join(["given", *words])


def _scala_extended_type(node: Node) -> str | None:
    """Qualify a method of an `extension (c: Circle)` by the extended type."""
    owner = node.parent
    if owner is not None and owner.type in _SCALA_BODIES:
        owner = owner.parent
    if owner is None or owner.type != "extension_definition":
        return None
    parameters = child_of_type(owner, "parameters")
    parameter = child_of_type(parameters, "parameter") if parameters is not None else None
    type_node = parameter.child_by_field_name("type") if parameter is not None else None
    return text_of(type_node).split("[")[0] if type_node is not None else None


_scala_function = Rule(_scala_function_kind, scope=_scala_extended_type)
_scala_value = Rule(_scala_value_kind, _scala_value_name, container=True, body="value", minor=True)

SCALA = Language(
    name="scala",
    grammar="scala",
    extensions=(".scala", ".sc", ".sbt"),
    interpreters=("scala", "scala-cli"),
    rules={
        "class_definition": Rule("class", container=True),
        "trait_definition": Rule("trait", container=True),
        "object_definition": Rule("object", container=True),
        "package_object": Rule("object", container=True),
        "enum_definition": Rule("enum", container=True),
        "given_definition": Rule("given", _scala_given_name, container=True),
        "function_definition": _scala_function,
        "function_declaration": _scala_function,
        "type_definition": Rule("type", body="type", minor=True),
        "val_definition": _scala_value,
        "var_definition": _scala_value,
    },
    descend=frozenset({"package_clause", "extension_definition", "instance_expression", *_SCALA_BODIES}),
    comments=frozenset({"comment", "block_comment"}),
)

LANGUAGES: tuple[Language, ...] = (KOTLIN, SCALA)
