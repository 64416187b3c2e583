"""F#, Elm, Nim, Solidity and PowerShell: small tables for languages met less often."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, text_of
from indexer.chunking.languages.surroundings import ancestor_of_type, child_of_type, first_named, kind_by_parent

# --- F# -------------------------------------------------------------------------------------------------------------

_FSHARP_TYPES = (
    "anon_type_defn",
    "union_type_defn",
    "record_type_defn",
    "enum_type_defn",
    "interface_type_defn",
    "delegate_type_defn",
    "type_abbrev_defn",
)


def _fsharp_binding_name(node: Node) -> str | None:
    left = child_of_type(node, "function_declaration_left", "value_declaration_left")
    if left is None:
        return None
    words = text_of(left).replace("inline ", "").replace("mutable ", "").replace("private ", "").split()
    return words[0].strip("()`").split(":")[0].split("<")[0] if words else None


def _fsharp_binding_kind(node: Node) -> str | None:
    """Functions anywhere, values only at the level of modules."""
    if child_of_type(node, "function_declaration_left") is not None:
        return "function"
    owner = node.parent.parent if node.parent is not None else None
    return "constant" if owner is not None and owner.type in ("named_module", "module_defn", "file") else None


def _fsharp_type_name(node: Node) -> str | None:
    name = child_of_type(node, "type_name")
    return text_of(name).split("<")[0].split()[-1] if name is not None else None


def _fsharp_member_name(node: Node) -> str | None:
    """Name `member this.Retry(times) = ...` by what stands behind the last dot of its head."""
    head = text_of(node).split("=")[0].split("(")[0].split(":")[0].strip()
    return head.split()[-1].rsplit(".", 1)[-1].strip("`") if head.split() else None


FSHARP = Language(
    name="fsharp",
    grammar="fsharp",
    extensions=(".fs", ".fsx"),
    rules={
        "named_module": Rule("module", transparent=True, container=True),
        "module_defn": Rule("module", by_child("identifier"), container=True),
        "function_or_value_defn": Rule(_fsharp_binding_kind, _fsharp_binding_name),
        **dict.fromkeys(_FSHARP_TYPES, Rule("type", _fsharp_type_name, container=True)),
        "member_defn": Rule("method", _fsharp_member_name, local=False),
        "exception_definition": Rule("exception", by_field("exception_name")),
    },
    descend=frozenset({"type_extension_elements", "type_definition", "declaration_expression"}),
    comments=frozenset({"line_comment", "block_comment", "xml_doc"}),
    attached=frozenset({"attributes"}),
)

# --- Elm ------------------------------------------------------------------------------------------------------------


def _elm_value_kind(node: Node) -> str:
    left = node.child_by_field_name("functionDeclarationLeft")
    return "function" if left is not None and left.named_child_count > 1 else "constant"


def _elm_value_name(node: Node) -> str | None:
    name = first_named(node.child_by_field_name("functionDeclarationLeft"))
    return text_of(name) if name is not None and name.type == "lower_case_identifier" else None


ELM = Language(
    name="elm",
    grammar="elm",
    extensions=(".elm",),
    rules={
        "module_declaration": Rule("module", minor=True),
        "value_declaration": Rule(_elm_value_kind, _elm_value_name),
        "type_declaration": Rule("type"),
        "type_alias_declaration": Rule("type", body="typeExpression"),
        "port_annotation": Rule("function"),
    },
    comments=frozenset({"line_comment", "block_comment"}),
    attached=frozenset({"type_annotation"}),
)

# --- Nim ------------------------------------------------------------------------------------------------------------


def _nim_name(node: Node) -> str | None:
    name = by_field("name")(node) or by_child("type_symbol_declaration", "symbol_declaration_list")(node)
    return name.split(",")[0].split("[")[0].strip("*` ") if name else None


def _nim_variable_kind(node: Node) -> str | None:
    """Constants of a file; variables and locals define nothing."""
    section = node.parent
    is_outer = section is not None and section.parent is not None and section.parent.type == "source_file"
    return "constant" if is_outer and section is not None and section.type == "const_section" else None


_nim_function = Rule("function", _nim_name)

NIM = Language(
    name="nim",
    grammar="nim",
    extensions=(".nim", ".nims"),
    rules={
        "proc_declaration": _nim_function,
        "func_declaration": _nim_function,
        "iterator_declaration": _nim_function,
        "converter_declaration": _nim_function,
        "method_declaration": Rule("method", _nim_name),
        "template_declaration": Rule("macro", _nim_name),
        "macro_declaration": Rule("macro", _nim_name),
        "type_declaration": Rule("type", _nim_name),
        "variable_declaration": Rule(_nim_variable_kind, _nim_name, minor=True),
    },
    descend=frozenset({"type_section", "const_section", "when", "statement_list"}),
    comments=frozenset({"comment", "block_comment", "documentation_comment", "block_documentation_comment"}),
)

# --- Solidity -------------------------------------------------------------------------------------------------------


def _solidity_special(node: Node) -> str | None:
    """Name `constructor`, `receive` and `fallback` by their keyword."""
    return node.children[0].type if node.children else None


SOLIDITY = Language(
    name="solidity",
    grammar="solidity",
    extensions=(".sol",),
    rules={
        "contract_declaration": Rule("class", container=True),
        "interface_declaration": Rule("interface", container=True),
        "library_declaration": Rule("module", container=True),
        "struct_declaration": Rule("struct"),
        "enum_declaration": Rule("enum"),
        "function_definition": Rule(kind_by_parent(("contract_body",), "method", "function")),
        "modifier_definition": Rule("method"),
        "constructor_definition": Rule("constructor", _solidity_special),
        "fallback_receive_definition": Rule("method", _solidity_special),
        "event_definition": Rule("event", minor=True),
        "error_declaration": Rule("type", minor=True),
        "user_defined_type_definition": Rule("type", minor=True),
        "state_variable_declaration": Rule("field", minor=True, local=False),
        "constant_variable_declaration": Rule("constant", minor=True, local=False),
    },
    comments=frozenset({"comment"}),
)

# --- PowerShell -----------------------------------------------------------------------------------------------------


def _powershell_method_kind(node: Node) -> str:
    owner = ancestor_of_type(node, "class_statement")
    own_name = by_child("simple_name")(node)
    return "constructor" if owner is not None and by_child("simple_name")(owner) == own_name else "method"


def _powershell_function_name(node: Node) -> str | None:
    """Name a function without the scope of `function global:Invoke-Retry`."""
    name = by_child("function_name")(node)
    return name.rsplit(":", 1)[-1] if name else None


POWERSHELL = Language(
    name="powershell",
    grammar="powershell",
    extensions=(".ps1", ".psm1"),
    interpreters=("pwsh",),
    rules={
        "function_statement": Rule("function", _powershell_function_name, body=None),
        "class_statement": Rule("class", by_child("simple_name"), container=True),
        "class_method_definition": Rule(_powershell_method_kind, by_child("simple_name"), body=None),
        "enum_statement": Rule("enum", by_child("simple_name")),
    },
    descend=frozenset({"statement_list"}),
    comments=frozenset({"comment"}),
)

LANGUAGES: tuple[Language, ...] = (FSHARP, ELM, NIM, SOLIDITY, POWERSHELL)
