"""C#: types and their members; operators, indexers and destructors by the names C# gives them."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.csharp_extensions import blank_extension_blocks
from indexer.chunking.languages.rules import Language, Rule, child_text
from indexer.chunking.languages.variable_declarators import declared_names, first_name

# What a program of one file says to `dotnet run`: `#:package Humanizer@2.14.1`.
_FILE_DIRECTIVE = re.compile(rb"^#:[^\r\n]*", re.MULTILINE)
_names_of = declared_names("variable_declaration")


def _as_read(source: bytes) -> bytes:
    """Return C# source as its grammar reads it: without directives for one file, members of extension blocks plain."""
    if b"#:" in source:
        source = _FILE_DIRECTIVE.sub(lambda found: b" " * len(found.group()), source)
    return blank_extension_blocks(source)


def _operator(node: Node) -> str | None:
    """`operator +`, `operator int`, `this[]`, `~Client`: what C# itself calls members without an identifier."""
    if node.type == "indexer_declaration":
        return "this[]"
    if node.type == "destructor_declaration":
        return "~" + (child_text(node, "name") or "")
    if node.type == "conversion_operator_declaration":
        return "operator " + (child_text(node, "type") or "")
    return "operator " + (child_text(node, "operator") or "")


def _record(node: Node) -> str:
    return "struct" if any(child.type == "struct" for child in node.children[:6]) else "record"


LANGUAGE = Language(
    name="csharp",
    grammar="csharp",
    extensions=(".cs", ".csx"),
    interpreters=("dotnet", "dotnet-script"),
    rules={
        "namespace_declaration": Rule("namespace", container=True, transparent=True),
        "class_declaration": Rule("class", container=True),
        "struct_declaration": Rule("struct", container=True),
        "interface_declaration": Rule("interface", container=True),
        "enum_declaration": Rule("enum"),
        "record_declaration": Rule(_record, container=True),
        "record_struct_declaration": Rule("struct", container=True),
        "delegate_declaration": Rule("delegate"),
        "method_declaration": Rule("method"),
        "constructor_declaration": Rule("constructor"),
        "destructor_declaration": Rule("method", _operator),
        "operator_declaration": Rule("method", _operator),
        "conversion_operator_declaration": Rule("method", _operator),
        "indexer_declaration": Rule("property", _operator, body="accessors", minor=True),
        "property_declaration": Rule("property", body="accessors", minor=True),
        "event_declaration": Rule("event", body="accessors", minor=True),
        "event_field_declaration": Rule("event", first_name(_names_of), body=None, also=_names_of, minor=True),
        "field_declaration": Rule("field", first_name(_names_of), body=None, also=_names_of, minor=True),
        "local_function_statement": Rule("function"),
    },
    descend=frozenset(
        {"declaration_list", "preproc_if", "preproc_else", "preproc_elif", "preproc_region", "global_statement"}
    ),
    comments=frozenset({"comment"}),
    prepare=_as_read,
)
