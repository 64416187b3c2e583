"""Haskell and OCaml: equations under their signatures, bindings under their `let`."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.directives import HASKELL_DIRECTIVES, blank_lines
from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type, kind_by_parent, one_line

# --- Haskell --------------------------------------------------------------------------------------------------------

_HASKELL_FUNCTIONS = frozenset({"function", "bind", "signature", "pattern_synonym", "foreign_import"})
_HASKELL_BODIES = ("class_declarations", "instance_declarations")
_HASKELL_ARROWS = ("function", "forall", "context", "linear_function")


def _haskell_name(node: Node) -> str | None:
    """Name an equation by its variable or operator, a synonym or import by its signature."""
    name = node.child_by_field_name("name") or node.child_by_field_name("synonym")
    if name is not None:
        return text_of(name).strip("() ").split(" ")[0]
    infix = child_of_type(node, "infix")
    if infix is not None:
        operator = infix.child_by_field_name("operator")
        return text_of(operator).strip("`") if operator is not None else None
    inner = child_of_type(node, "signature", "equation")
    return _haskell_name(inner) if inner is not None else None


def _haskell_binding_kind(node: Node) -> str | None:
    """A binding without arguments is a constant unless the signature above it has an arrow."""
    parent = node.parent
    if parent is None or parent.type == "local_binds":
        return "function" if node.type == "function" else None
    if parent.type in _HASKELL_BODIES:
        return "method"
    signature = node.prev_named_sibling
    if node.type == "function" or signature is None or signature.type != "signature":
        return "function"
    written = signature.child_by_field_name("type")
    return "function" if written is None or written.type in _HASKELL_ARROWS else "constant"


def _haskell_instance_name(node: Node) -> str | None:
    """Name an instance by class and type: `Shape Client`."""
    name = node.child_by_field_name("name")
    patterns = node.child_by_field_name("patterns")
    if name is None:
        return None
    return f"{text_of(name)} {one_line(patterns)}" if patterns is not None else text_of(name)


def _haskell_fields(node: Node) -> list[str]:
    return [text_of(name) for name in node.children_by_field_name("name")]


def _haskell_attached(node: Node) -> bool:
    """Signatures and pragmas belong to the equation below, but in a class a signature is the definition itself."""
    if node.type == "signature":
        return node.parent is None or node.parent.type != "class_declarations"
    return node.type == "pragma" and "LANGUAGE" not in text_of(node)


def _continues_equation(previous: Node, node: Node) -> bool:
    if previous.type not in _HASKELL_FUNCTIONS or node.type not in _HASKELL_FUNCTIONS:
        return False
    name = _haskell_name(node)
    return name is not None and name == _haskell_name(previous)


_haskell_binding = Rule(_haskell_binding_kind, _haskell_name, body="match")
_haskell_data = Rule("type", body="constructors", container=True)

HASKELL = Language(
    name="haskell",
    grammar="haskell",
    extensions=(".hs", ".hs-boot", ".hsc"),
    interpreters=("runghc", "runhaskell", "stack"),
    rules={
        "header": Rule("module", by_field("module"), body="exports", minor=True),
        "data_type": _haskell_data,
        "newtype": Rule("type", body="constructor", container=True),
        "type_synomym": Rule("type", body="type"),
        "type_family": Rule("type", body="closed_family"),
        "data_family": Rule("type"),
        "type_instance": Rule("type", _haskell_instance_name),
        "data_instance": Rule("type", _haskell_instance_name, body="constructors"),
        "field": Rule("field", also=_haskell_fields, local=False, minor=True),
        "class": Rule("class", container=True, body="declarations"),
        "instance": Rule("instance", _haskell_instance_name, container=True, body="declarations"),
        "signature": Rule(kind_by_parent(("class_declarations",), "method", None), _haskell_name, local=False),
        "function": _haskell_binding,
        "bind": _haskell_binding,
        "pattern_synonym": Rule("pattern", _haskell_name),
        "foreign_import": Rule("function", _haskell_name),
    },
    descend=frozenset(
        {"declarations", "class_declarations", "instance_declarations", "record", "fields"}
        | {"data_constructor", "newtype_constructor", "gadt_constructor"}
    ),
    comments=frozenset({"comment", "haddock"}),
    is_attached=_haskell_attached,
    continues=_continues_equation,
    # The grammar reads a whole #else branch as one directive.
    repair=blank_lines(HASKELL_DIRECTIVES),
    repairs_always=True,
)

# --- OCaml ----------------------------------------------------------------------------------------------------------

_OCAML_MODULE_LEVEL = ("compilation_unit", "structure", "signature")


def _ocaml_name(node: Node) -> str | None:
    """Name a value; operators without their parentheses, and no name for `_`."""
    name = child_of_type(node, "value_name", "parenthesized_operator", "method_name")
    text = text_of(name).strip("() ") if name is not None else None
    return text if text and text != "_" else None


def _ocaml_binding_name(node: Node) -> str | None:
    pattern = node.child_by_field_name("pattern")
    if pattern is not None and pattern.type == "string":
        return text_of(pattern).strip('"')
    return _ocaml_name(node)


def _ocaml_binding_kind(node: Node) -> str | None:
    definition = node.parent
    if definition is None or definition.parent is None:
        return None
    is_local = definition.parent.type not in _OCAML_MODULE_LEVEL
    pattern = node.child_by_field_name("pattern")
    if pattern is not None and pattern.type == "string":
        return "test"
    body = node.child_by_field_name("body")
    is_function = child_of_type(node, "parameter") is not None or (
        body is not None and body.type in ("fun_expression", "function_expression")
    )
    if is_function:
        return "function"
    return None if is_local else "constant"


def _ocaml_value_kind(node: Node) -> str:
    written = node.child_by_field_name("type")
    return "function" if written is not None and written.type == "function_type" else "constant"


def _ocaml_exception_name(node: Node) -> str | None:
    declaration = child_of_type(node, "constructor_declaration")
    return by_child("constructor_name")(declaration) if declaration is not None else None


_OCAML_RULES = {
    "let_binding": Rule(_ocaml_binding_kind, _ocaml_binding_name),
    "external": Rule("function", _ocaml_name),
    "value_specification": Rule(_ocaml_value_kind, _ocaml_name),
    "type_binding": Rule("type"),
    "exception_definition": Rule("exception", _ocaml_exception_name),
    "module_binding": Rule("module", by_child("module_name"), container=True, body=None),
    "module_type_definition": Rule("interface", by_child("module_type_name"), container=True),
    "class_binding": Rule("class", by_child("class_name"), container=True, body=None),
    "class_type_binding": Rule("interface", by_child("class_type_name"), container=True),
    "method_definition": Rule("method", by_child("method_name")),
    "method_specification": Rule("method", by_child("method_name"), minor=True),
}
_OCAML_WRAPPERS = frozenset(
    {"value_definition", "type_definition", "module_definition", "class_definition", "class_type_definition"}
)
_OCAML_DESCEND = frozenset(
    {
        "structure",
        "signature",
        "object_expression",
        "class_function",
        "class_body_type",
        "class_function_type",
        "parenthesized_module_expression",
        "functor",
        "include_module",
        "include_module_type",
    }
)

OCAML = Language(
    name="ocaml",
    grammar="ocaml",
    extensions=(".ml", ".eliom"),
    interpreters=("ocaml",),
    rules=_OCAML_RULES,
    descend=_OCAML_DESCEND,
    wrappers=_OCAML_WRAPPERS,
    comments=frozenset({"comment"}),
)
OCAML_INTERFACE = Language(
    name="ocaml",
    grammar="ocaml_interface",
    extensions=(".mli", ".eliomi"),
    rules=_OCAML_RULES,
    descend=_OCAML_DESCEND,
    wrappers=_OCAML_WRAPPERS,
    comments=frozenset({"comment"}),
)

LANGUAGES: tuple[Language, ...] = (HASKELL, OCAML, OCAML_INTERFACE)
