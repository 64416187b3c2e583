"""Erlang: clauses of one function are one symbol, qualified by the file's module."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_field, text_of

# How far down a file its `-module` attribute is looked for.
_MODULE_WITHIN = 60


def _module(node: Node) -> str | None:
    """Qualify a form by the file's module, as callers write it: `client:retry`."""
    form: Node | None = node
    while form is not None and form.parent is not None and form.parent.type != "source_file":
        form = form.parent
    root = form.parent if form is not None else None
    for index in range(min(root.child_count, _MODULE_WITHIN) if root is not None else 0):
        child = root.child(index) if root is not None else None
        if child is not None and child.type == "module_attribute":
            return by_field("name")(child)
    return None


def _function_name(node: Node) -> str | None:
    clause = node.child_by_field_name("clause")
    name = clause.child_by_field_name("name") if clause is not None else None
    return text_of(name).strip("'") if name is not None else None


def _continues_function(previous: Node, node: Node) -> bool:
    """The grammar makes each clause a declaration; all but the last end with a semicolon."""
    if previous.type != "fun_decl" or node.type != "fun_decl" or not text_of(previous).rstrip().endswith(";"):
        return False
    return _function_name(previous) == _function_name(node)


LANGUAGE = Language(
    name="erlang",
    grammar="erlang",
    extensions=(".erl", ".hrl", ".escript"),
    filenames=("rebar.config", "rebar.config.script"),
    interpreters=("escript",),
    rules={
        "module_attribute": Rule("module", minor=True),
        "fun_decl": Rule("function", _function_name, _module, local=False),
        "record_decl": Rule("struct", scope=_module),
        "type_alias": Rule("type", by_field("name", "name"), _module),
        "opaque": Rule("type", by_field("name", "name"), _module),
        "nominal": Rule("type", by_field("name", "name"), _module),
        "callback": Rule("callback", by_field("fun"), _module, minor=True),
        "pp_define": Rule("macro", by_field("lhs", "name"), _module, minor=True),
    },
    comments=frozenset({"comment"}),
    attached=frozenset({"spec"}),
    continues=_continues_function,
)
