"""C++ and its dialects: C, and classes, namespaces, templates and concepts."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.c_declarators import declarator_name, is_prototype
from indexer.chunking.languages.c_family import C_FAMILY_DESCEND, C_FAMILY_RULES, rule_with_body
from indexer.chunking.languages.c_repair import repair_cpp
from indexer.chunking.languages.rules import Language, Rule


def _member_kind(node: Node) -> str | None:
    declarator = node.child_by_field_name("declarator")
    if declarator is None:
        return None
    return "method" if is_prototype(declarator) else "field"


LANGUAGE = Language(
    name="cpp",
    grammar="cpp",
    extensions=(
        ".cc",
        ".cpp",
        ".cxx",
        ".c++",
        ".hpp",
        ".hh",
        ".hxx",
        ".h++",
        ".ipp",
        ".inl",
        ".tpp",
        ".ino",
        ".cppm",
        ".cxxm",
        ".c++m",
        ".ccm",
        ".ixx",
        ".mpp",
    ),
    rules={
        **C_FAMILY_RULES,
        "field_declaration": Rule(_member_kind, declarator_name, body=None, local=False, minor=True),
        "class_specifier": rule_with_body("class"),
        "namespace_definition": Rule("namespace", container=True, transparent=True),
        "alias_declaration": Rule("type", body="type"),
        "concept_definition": Rule("concept"),
    },
    descend=C_FAMILY_DESCEND | {"field_declaration_list", "export_declaration"},
    wrappers=frozenset({"template_declaration"}),
    comments=frozenset({"comment"}),
    attached=frozenset({"attribute_declaration"}),
    repair=repair_cpp,
)
