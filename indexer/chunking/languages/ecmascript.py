"""What JavaScript and TypeScript both have: named functions and classes, tests."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Rule, child_text, text_of

_FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function", "function"})
_TESTS = frozenset({"it", "test", "describe", "suite", "specify", "context"})
_TRANSPARENT_OWNERS = frozenset(
    {"exports", "module.exports", "this", "module", "window", "globalThis", "self", "global"}
)


def _value_kind(node: Node | None) -> str | None:
    """Kind of a named value: function, class, or None for plain data."""
    if node is None:
        return None
    if node.type in _FUNCTIONS:
        return "function"
    if node.type == "class":
        return "class"
    if node.type in ("parenthesized_expression", "as_expression", "satisfies_expression") and node.named_children:
        return _value_kind(node.named_children[0]) if node.named_children[0].type != node.type else None
    return None


def _variable_name(node: Node) -> str | None:
    name = node.child_by_field_name("name")
    return text_of(name) if name is not None and name.type == "identifier" else None


def _variable_kind(node: Node) -> str | None:
    kind = _value_kind(node.child_by_field_name("value"))
    if kind is not None:
        return kind
    parent = node.parent
    is_constant = parent is not None and parent.children and parent.children[0].type == "const"
    return "constant" if is_constant else "variable"


def _assignment_kind(node: Node) -> str | None:
    return _value_kind(node.child_by_field_name("right"))


def _assignment_path(node: Node) -> list[str]:
    """`exports.retry` -> retry; `Client.prototype.retry` -> Client, retry."""
    left = node.child_by_field_name("left")
    if left is None or left.type not in ("member_expression", "identifier"):
        return []
    path = "".join(text_of(left).split())
    if path == "module.exports":
        return []
    for owner in sorted(_TRANSPARENT_OWNERS, key=len, reverse=True):
        path = path.removeprefix(owner + ".")
    parts = [part for part in path.split(".") if part != "prototype"]
    return parts if all(part.lstrip("#").isidentifier() or "$" in part for part in parts) else []


def _assignment_name(node: Node) -> str | None:
    path = _assignment_path(node)
    if path:
        return path[-1]
    right = node.child_by_field_name("right")
    return child_text(right, "name") if right is not None else None


def _assignment_scope(node: Node) -> str | None:
    return ".".join(_assignment_path(node)[:-1]) or None


def _pair_kind(node: Node) -> str | None:
    return _value_kind(node.child_by_field_name("value"))


def key_name(node: Node) -> str | None:
    """Return the name of a member or property; None for a computed one."""
    key = node.child_by_field_name("key") or node.child_by_field_name("name") or node.child_by_field_name("property")
    if key is None or key.type in ("computed_property_name", "number"):
        return None
    return text_of(key).strip("'\"`")


def field_kind(node: Node) -> str:
    """Return `method` for a field that holds a function, else `field`."""
    return "method" if _value_kind(node.child_by_field_name("value")) == "function" else "field"


def _test_call_kind(node: Node) -> str | None:
    """`describe("client", () => ...)`, `test.each(...)("...", () => ...)` are no definitions in the grammar's eyes."""
    function = node.child_by_field_name("function")
    if function is None or function.type not in ("identifier", "member_expression", "call_expression"):
        return None
    callee = function if function.type == "identifier" else function.named_children[0]
    if callee.type != "identifier" or callee.text is None or callee.text.decode("utf-8", "replace") not in _TESTS:
        return None
    return "test" if _test_call_name(node) is not None else None


def _test_call_name(node: Node) -> str | None:
    arguments = node.child_by_field_name("arguments")
    values = arguments.named_children if arguments is not None else []
    if len(values) < 2 or values[0].type not in ("string", "template_string"):
        return None
    if not any(value.type in _FUNCTIONS for value in values[1:]):
        return None
    return text_of(values[0]).strip("'\"`")


CLASS_RULE = Rule("class", container=True)
ECMASCRIPT_RULES = {
    "function_declaration": Rule("function"),
    "generator_function_declaration": Rule("function"),
    "class_declaration": CLASS_RULE,
    "class": CLASS_RULE,
    "method_definition": Rule("method", key_name),
    "field_definition": Rule(field_kind, key_name, body="value.body", minor=True),
    "variable_declarator": Rule(_variable_kind, _variable_name, body="value.body"),
    "assignment_expression": Rule(_assignment_kind, _assignment_name, _assignment_scope, body="right.body"),
    "pair": Rule(_pair_kind, key_name, body="value.body", minor=True),
    "call_expression": Rule(_test_call_kind, _test_call_name, body="arguments"),
}
ECMASCRIPT_DESCEND = frozenset({"lexical_declaration", "variable_declaration", "expression_statement"})
ECMASCRIPT_COMMENTS = frozenset({"comment", "html_comment"})
