"""Clojure: every definition is a list whose first symbol says what it defines."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of

_KINDS = {
    "ns": "module",
    "def": "constant",
    "defonce": "constant",
    "defn": "function",
    "defn-": "function",
    "defmacro": "macro",
    "defmulti": "function",
    "defmethod": "method",
    "defprotocol": "protocol",
    "definterface": "interface",
    "defrecord": "struct",
    "deftype": "struct",
    "defstruct": "struct",
    "deftest": "test",
    "deftest-": "test",
    "extend-type": "impl",
    "extend-protocol": "impl",
}
_METHOD_OWNERS = frozenset(
    {"defprotocol", "definterface", "defrecord", "deftype", "extend-type", "extend-protocol", "reify", "proxy"}
)
_NO_DEFINITIONS = frozenset({"default", "deferred", "defer", "deflate", "deref"})


def _symbol(node: Node | None) -> str | None:
    """Return a symbol without its metadata and namespace."""
    if node is None or node.type != "sym_lit":
        return None
    name = node.child_by_field_name("name")
    return text_of(name) if name is not None else None


def _values(node: Node) -> list[Node]:
    return node.children_by_field_name("value")


def _head(node: Node | None) -> str:
    values = _values(node) if node is not None and node.type == "list_lit" else []
    return (_symbol(values[0]) or "") if values else ""


def _is_method(node: Node) -> bool:
    """Say whether a list is `(area [this] ...)` in a protocol, record or extension."""
    values = _values(node)
    return len(values) > 1 and values[1].type in ("vec_lit", "list_lit") and _head(node.parent) in _METHOD_OWNERS


def _kind(node: Node) -> str | None:
    if _is_method(node):
        return "method"
    head = _head(node)
    values = _values(node)
    if head in _KINDS:
        return _KINDS[head] if len(values) > 1 and values[0].child_by_field_name("namespace") is None else None
    if not head.startswith("def") or head in _NO_DEFINITIONS or len(values) < 3:
        return None
    # A macro of the project or a library that defines: `defroutes`, `defstate`, `defcomponent`.
    return "function" if any(value.type == "vec_lit" for value in values[2:4]) else "constant"


def _name(node: Node) -> str | None:
    values = _values(node)
    return _symbol(values[0] if _is_method(node) else values[1])


LANGUAGE = Language(
    name="clojure",
    grammar="clojure",
    extensions=(".clj", ".cljs", ".cljc", ".bb"),
    interpreters=("bb", "clojure", "clj"),
    rules={"list_lit": Rule(_kind, _name, container=True)},
    descend=frozenset({"list_lit", "read_cond_lit", "splicing_read_cond_lit"}),
    comments=frozenset({"comment"}),
)
