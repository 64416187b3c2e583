"""F#: modules, bindings, types and their members."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type, whole_node

_TYPES = (
    "anon_type_defn",
    "union_type_defn",
    "record_type_defn",
    "enum_type_defn",
    "interface_type_defn",
    "delegate_type_defn",
    "type_abbrev_defn",
)


def _binding_name(node: Node) -> str | None:
    left = child_of_type(node, "function_declaration_left", "value_declaration_left")
    if left is None:
        return None
    words = text_of(left).replace("inline ", "").replace("mutable ", "").replace("private ", "").split()
    return words[0].strip("()`").split(":")[0].split("<")[0] if words else None


def _binding_kind(node: Node) -> str | None:
    """Functions anywhere, values only at the level of modules."""
    if child_of_type(node, "function_declaration_left") is not None:
        return "function"
    owner = node.parent.parent if node.parent is not None else None
    return "constant" if owner is not None and owner.type in ("named_module", "module_defn", "file") else None


def _type_name(node: Node) -> str | None:
    name = child_of_type(node, "type_name")
    return text_of(name).split("<")[0].split()[-1] if name is not None else None


def _member_name(node: Node) -> str | None:
    """Name `member this.Retry times = ...` by what stands behind the instance; constructors are `new`."""
    member = child_of_type(node, "method_or_prop_defn", "property_or_ident", "member_signature", "identifier")
    if member is None:
        return "new" if child_of_type(node, "additional_constr_defn") is not None else None
    name = member.child_by_field_name("name") or member
    if name.type == "member_signature":
        name = name.named_children[0]
    elif name.named_children:
        name = name.named_children[-1]
    return text_of(name).strip("`() ")


LANGUAGE = Language(
    name="fsharp",
    grammar="fsharp",
    extensions=(".fs", ".fsx"),
    interpreters=("fsi", "fsharpi"),
    rules={
        "namespace": Rule("namespace", transparent=True, container=True, body=whole_node),
        "named_module": Rule("module", transparent=True, container=True),
        "module_defn": Rule("module", by_child("identifier"), container=True),
        "function_or_value_defn": Rule(_binding_kind, _binding_name),
        **dict.fromkeys(_TYPES, Rule("type", _type_name, container=True)),
        "member_defn": Rule("method", _member_name, local=False),
        "exception_definition": Rule("exception", by_field("exception_name")),
    },
    descend=frozenset({"type_extension_elements", "type_definition", "declaration_expression"}),
    comments=frozenset({"line_comment", "block_comment", "xml_doc"}),
    attached=frozenset({"attributes"}),
)
