"""Perl: a package statement rules what follows it, so it qualifies by position."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.one_line_tables import shorten_tables
from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type


def _package(node: Node) -> str | None:
    """Return the package whose statement stands before this node; a package with a block qualifies by itself."""
    outer: Node | None = node
    while outer is not None and outer.parent is not None and outer.parent.type != "source_file":
        outer = outer.parent
        if outer.type == "package_statement":
            return None
    if outer is None or outer.parent is None:
        return None
    package: str | None = None
    for sibling in outer.parent.named_children:
        if sibling.start_byte >= outer.start_byte:
            break
        if sibling.type == "package_statement" and child_of_type(sibling, "block") is None:
            package = by_field("name")(sibling)
    return package


def _constant_kind(node: Node) -> str | None:
    return "constant" if by_field("module")(node) == "constant" else None


def _constant_names(node: Node) -> list[str]:
    """Return the keys of `use constant A => 1` and of `use constant { A => 1, B => 2 }`."""
    listed = child_of_type(node, "list_expression")
    if listed is not None:
        name = by_child("autoquoted_bareword", "bareword")(listed)
        return [name] if name else []
    pairs = child_of_type(node, "anonymous_hash_expression")
    listed = child_of_type(pairs, "list_expression") if pairs is not None else None
    children = listed.named_children if listed is not None else []
    return [text_of(child) for child in children if child.type == "autoquoted_bareword"]


def _constant_name(node: Node) -> str | None:
    return next(iter(_constant_names(node)), None)


def _variable_name(node: Node) -> str | None:
    """Name `our $VERSION = ...` without its sigil; `my` variables define nothing."""
    assignment = child_of_type(node, "assignment_expression")
    declared = child_of_type(assignment if assignment is not None else node, "variable_declaration")
    if declared is None or not text_of(declared).startswith("our"):
        return None
    variable = declared.child_by_field_name("variable")
    return text_of(variable).lstrip("$@%") if variable is not None else None


LANGUAGE = Language(
    name="perl",
    grammar="perl",
    extensions=(".pl", ".pm", ".t", ".psgi", ".cgi"),
    filenames=("makefile.pl", "build.pl", "cpanfile"),
    interpreters=("perl",),
    rules={
        "package_statement": Rule("module", container=True, body=None),
        "class_statement": Rule("class", container=True, body=None),
        "role_statement": Rule("trait", container=True, body=None),
        "subroutine_declaration_statement": Rule("function", scope=_package),
        "method_declaration_statement": Rule("method", scope=_package),
        "use_statement": Rule(_constant_kind, _constant_name, _package, also=_constant_names, local=False, minor=True),
        "expression_statement": Rule("variable", _variable_name, _package, local=False, minor=True),
    },
    descend=frozenset({"phaser_statement", "block_statement", "block", "conditional_statement"}),
    comments=frozenset({"comment", "pod"}),
    prepare=shorten_tables,
)
