"""PHP: functions, types and their members."""

from __future__ import annotations

from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, child_text

LANGUAGE = Language(
    name="php",
    grammar="php",
    extensions=(".php", ".phtml", ".php3", ".php4", ".php5", ".phps", ".inc"),
    interpreters=("php",),
    rules={
        "function_definition": Rule("function"),
        "class_declaration": Rule("class", container=True),
        "interface_declaration": Rule("interface", container=True),
        "trait_declaration": Rule("trait", container=True),
        "enum_declaration": Rule("enum", container=True),
        "method_declaration": Rule("method"),
        "const_element": Rule("constant", by_child("name"), body=None, minor=True),
        "property_element": Rule("field", by_field("name"), body=None, minor=True),
        "property_promotion_parameter": Rule("field", by_field("name"), body=None, minor=True),
        "namespace_definition": Rule(
            lambda node: "namespace" if node.child_by_field_name("body") is not None else None,
            lambda node: (child_text(node, "name") or "").replace("\\", ".") or None,
            container=True,
            transparent=True,
        ),
    },
    descend=frozenset({"if_statement", "compound_statement", "else_clause", "colon_block", "declaration_list"}),
    wrappers=frozenset({"const_declaration", "property_declaration"}),
    comments=frozenset({"comment"}),
)
