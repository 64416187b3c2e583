"""Go, Java, C# and Rust: what defines a symbol in their grammars."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, bare_type, child_text, text_of


def _go_receiver(node: Node) -> str | None:
    """`func (c *Client[T]) Retry` -> Client."""
    receiver = node.child_by_field_name("receiver")
    if receiver is None:
        return None
    parameter = next((child for child in receiver.named_children if child.type == "parameter_declaration"), None)
    kind = child_text(parameter, "type") if parameter is not None else None
    return bare_type(kind.lstrip("*( ").split("[")[0].rstrip(") ")) if kind else None


def _go_type_kind(node: Node) -> str:
    kind = node.child_by_field_name("type")
    return {"struct_type": "struct", "interface_type": "interface"}.get(kind.type if kind is not None else "", "type")


def _named_type_kind(node: Node) -> str | None:
    """Structs and interfaces count inside functions too; other types do not (see DATA_KINDS)."""
    return _go_type_kind(node)


def _other_names(node: Node) -> Sequence[str]:
    return [text_of(child) for child in node.children_by_field_name("name") if child.is_named][1:]


GO = Language(
    name="go",
    grammar="go",
    extensions=(".go",),
    rules={
        "function_declaration": Rule("function"),
        "method_declaration": Rule("method", scope=_go_receiver),
        "type_spec": Rule(_named_type_kind, container=True, body="type"),
        "type_alias": Rule("type", body="type"),
        "method_elem": Rule("method", local=False),
        "method_spec": Rule("method", local=False),
        "const_spec": Rule("constant", body=None, also=_other_names),
        "var_spec": Rule("variable", body="value", also=_other_names),
    },
    descend=frozenset({"var_spec_list"}),
    wrappers=frozenset({"type_declaration", "const_declaration", "var_declaration"}),
    comments=frozenset({"comment"}),
)


def _declared(*path: str) -> Callable[[Node], list[str]]:
    """All names that a declaration with several declarators gives, in order."""

    def names_of(node: Node) -> list[str]:
        holder = node
        for step in path:
            found = next((child for child in holder.named_children if child.type == step), None)
            if found is None:
                return []
            holder = found
        declarators = [child for child in holder.named_children if child.type == "variable_declarator"]
        names = [child_text(declarator, "name") for declarator in declarators]
        return [name for name in names if name]

    return names_of


def _first(names: Callable[[Node], list[str]]) -> Callable[[Node], str | None]:
    return lambda node: next(iter(names(node)), None)


_java_names = _declared()
_JAVA_FIELD = Rule("field", _first(_java_names), body=None, also=_java_names, minor=True)

JAVA = Language(
    name="java",
    grammar="java",
    extensions=(".java",),
    rules={
        "class_declaration": Rule("class", container=True),
        "interface_declaration": Rule("interface", container=True),
        "annotation_type_declaration": Rule("interface", container=True),
        "enum_declaration": Rule("enum", container=True),
        "record_declaration": Rule("record", container=True),
        "method_declaration": Rule("method"),
        "constructor_declaration": Rule("constructor"),
        "compact_constructor_declaration": Rule("constructor"),
        "annotation_type_element_declaration": Rule("method", minor=True),
        "field_declaration": _JAVA_FIELD,
        "constant_declaration": _JAVA_FIELD,
        "enum_constant": Rule("field", minor=True),
    },
    descend=frozenset({"enum_body_declarations"}),
    comments=frozenset({"line_comment", "block_comment"}),
)

_csharp_names = _declared("variable_declaration")


def _csharp_operator(node: Node) -> str | None:
    """`operator +`, `operator int`, `this[]`, `~Client`: what C# itself calls members without an identifier."""
    if node.type == "indexer_declaration":
        return "this[]"
    if node.type == "destructor_declaration":
        return "~" + (child_text(node, "name") or "")
    if node.type == "conversion_operator_declaration":
        return "operator " + (child_text(node, "type") or "")
    return "operator " + (child_text(node, "operator") or "")


def _csharp_record(node: Node) -> str:
    return "struct" if any(child.type == "struct" for child in node.children[:6]) else "record"


CSHARP = Language(
    name="csharp",
    grammar="csharp",
    extensions=(".cs", ".csx"),
    rules={
        "namespace_declaration": Rule("namespace", container=True, transparent=True),
        "class_declaration": Rule("class", container=True),
        "struct_declaration": Rule("struct", container=True),
        "interface_declaration": Rule("interface", container=True),
        "enum_declaration": Rule("enum"),
        "record_declaration": Rule(_csharp_record, container=True),
        "record_struct_declaration": Rule("struct", container=True),
        "delegate_declaration": Rule("delegate"),
        "method_declaration": Rule("method"),
        "constructor_declaration": Rule("constructor"),
        "destructor_declaration": Rule("method", _csharp_operator),
        "operator_declaration": Rule("method", _csharp_operator),
        "conversion_operator_declaration": Rule("method", _csharp_operator),
        "indexer_declaration": Rule("property", _csharp_operator, body="accessors", minor=True),
        "property_declaration": Rule("property", body="accessors", minor=True),
        "event_declaration": Rule("event", body="accessors", minor=True),
        "event_field_declaration": Rule("event", _first(_csharp_names), body=None, also=_csharp_names, minor=True),
        "field_declaration": Rule("field", _first(_csharp_names), body=None, also=_csharp_names, minor=True),
        "local_function_statement": Rule("function"),
    },
    descend=frozenset(
        {"declaration_list", "preproc_if", "preproc_else", "preproc_elif", "preproc_region", "global_statement"}
    ),
    comments=frozenset({"comment"}),
)


def _rust_impl_type(node: Node) -> str | None:
    """`impl<T> Trait for x::Client<T>` -> Client."""
    return bare_type(child_text(node, "type"))


RUST = Language(
    name="rust",
    grammar="rust",
    extensions=(".rs",),
    interpreters=("rust-script",),
    rules={
        "function_item": Rule("function"),
        "function_signature_item": Rule("function"),
        "struct_item": Rule("struct"),
        "union_item": Rule("union"),
        "enum_item": Rule("enum"),
        "trait_item": Rule("trait", container=True),
        "impl_item": Rule("impl", _rust_impl_type, container=True, transparent=True),
        "mod_item": Rule(
            lambda node: "module" if node.child_by_field_name("body") is not None else None,
            container=True,
            transparent=True,
        ),
        "const_item": Rule("constant", body="value", minor=True),
        "static_item": Rule("variable", body="value", minor=True),
        "type_item": Rule("type", body="type", minor=True),
        "associated_type": Rule("type", body=None, minor=True),
        "macro_definition": Rule("macro", body=None),
    },
    descend=frozenset({"foreign_mod_item", "declaration_list", "expression_statement"}),
    comments=frozenset({"line_comment", "block_comment"}),
    attached=frozenset({"attribute_item"}),
)

LANGUAGES: tuple[Language, ...] = (GO, JAVA, CSHARP, RUST)
