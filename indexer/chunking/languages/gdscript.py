"""GDScript: a file is a class, and may hold further ones."""

from __future__ import annotations

from indexer.chunking.languages.rules import Language, Rule
from indexer.chunking.languages.surroundings import constant_name, no_body

LANGUAGE = Language(
    name="gdscript",
    grammar="gdscript",
    extensions=(".gd",),
    interpreters=("godot",),
    rules={
        "class_name_statement": Rule("class", local=False),
        "class_definition": Rule("class", container=True),
        "function_definition": Rule("function"),
        "constructor_definition": Rule("constructor", constant_name("_init")),
        "signal_statement": Rule("event", body=no_body, local=False, minor=True),
        "enum_definition": Rule("enum", local=False),
        "const_statement": Rule("constant", body=no_body, local=False, minor=True),
        "variable_statement": Rule("variable", body=no_body, local=False, minor=True),
    },
    descend=frozenset({"class_body"}),
    comments=frozenset({"comment"}),
    attached=frozenset({"annotation"}),
)
