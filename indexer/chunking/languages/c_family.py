"""C and C++: what defines a symbol in their grammars, whose names sit deep inside declarators."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from indexer.chunking.languages.c_repair import repair_c, repair_cpp
from indexer.chunking.languages.rules import Language, Rule, bare_type, child_text, text_of

_NAMES = frozenset(
    {
        "identifier",
        "field_identifier",
        "type_identifier",
        "destructor_name",
        "operator_name",
        "qualified_identifier",
        "template_function",
        "template_method",
        "operator_cast",
        "primitive_type",
    }
)
_SPECIFIERS = {
    "struct_specifier": "struct",
    "union_specifier": "union",
    "enum_specifier": "enum",
    "class_specifier": "class",
}


def _declared(node: Node | None) -> Node | None:
    """Follow declarators (pointers, arrays, functions, parentheses) to the node that holds the name."""
    while node is not None and node.type not in _NAMES:
        inner = node.child_by_field_name("declarator")
        if inner is None:
            inner = next(
                (child for child in node.named_children if child.type in _NAMES or _is_declarator(child)), None
            )
        node = inner
    return node


def _is_declarator(node: Node) -> bool:
    return node.type.endswith("_declarator")


def _name_of(node: Node | None) -> str | None:
    """Simple name of a declared node: the last part of a qualified one, without template arguments."""
    declared = _declared(node)
    while declared is not None and declared.type == "qualified_identifier":
        inner = declared.child_by_field_name("name")
        declared = _declared(inner) if inner is not None else None
    if declared is None:
        return None
    if declared.type in ("template_function", "template_method", "template_type"):
        return child_text(declared, "name")
    if declared.type == "operator_cast":
        # `operator const Char*() const`: all that stands before the parentheses.
        return " ".join(text_of(declared).split("(", 1)[0].split())
    name = " ".join(text_of(declared).split())
    return (
        name.replace("operator ", "operator", 1)
        if declared.type == "operator_name" and not name[9:10].isalpha()
        else name
    )


def _scope_of(node: Node | None) -> str | None:
    """What stands before the name: `ns::Client<T>::retry` -> ns.Client."""
    declared = _declared(node)
    parts: list[str] = []
    while declared is not None and declared.type == "qualified_identifier":
        part = bare_type(child_text(declared, "scope"))
        if part:
            parts.append(part)
        declared = declared.child_by_field_name("name")
    return ".".join(parts) or None


def _declarator_name(node: Node) -> str | None:
    return _name_of(node.child_by_field_name("declarator"))


def _declarator_scope(node: Node) -> str | None:
    return _scope_of(node.child_by_field_name("declarator"))


def _other_declarators(node: Node) -> Sequence[str]:
    names = [_name_of(child) for child in node.children_by_field_name("declarator")[1:]]
    return [name for name in names if name]


def _is_prototype(node: Node | None) -> bool:
    """Say whether a declarator declares a function; a pointer to a function is a variable."""
    while node is not None and node.type in ("pointer_declarator", "reference_declarator"):
        node = next((child for child in node.named_children if _is_declarator(child)), None)
    if node is None or node.type not in ("function_declarator", "operator_cast"):
        return False
    inner = node.child_by_field_name("declarator")
    return inner is not None and inner.type != "parenthesized_declarator"


def _declaration_kind(node: Node) -> str | None:
    declarator = node.child_by_field_name("declarator")
    if declarator is None:
        return None
    if _is_prototype(declarator):
        return "prototype"
    is_constant = any(
        child.type == "type_qualifier" and child.text in (b"const", b"constexpr") for child in node.children
    )
    return "constant" if is_constant else "variable"


def _member_kind(node: Node) -> str | None:
    declarator = node.child_by_field_name("declarator")
    if declarator is None:
        return None
    return "method" if _is_prototype(declarator) else "field"


def _typedef_kind(node: Node) -> str:
    kind = node.child_by_field_name("type")
    if kind is None or kind.child_by_field_name("body") is None:
        return "type"
    return _SPECIFIERS.get(kind.type, "type")


def _typedef_others(node: Node) -> Sequence[str]:
    """The tag of a typedef's own struct and further declarators."""
    kind = node.child_by_field_name("type")
    has_body = kind is not None and kind.child_by_field_name("body") is not None
    tag = child_text(kind, "name") if kind is not None and has_body else None
    return [*([tag] if tag else []), *_other_declarators(node)]


def _has_body(kind: str) -> Rule:
    """A specifier defines something only with a body: `struct client *next` does not."""
    return Rule(
        lambda node: kind if node.child_by_field_name("body") is not None and not _is_typedef_tag(node) else None,
        lambda node: _tag_name(node),
        scope=lambda node: _scope_of(node.child_by_field_name("name")),
        container=True,
    )


def _is_typedef_tag(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "type_definition"


def _tag_name(node: Node) -> str | None:
    name = node.child_by_field_name("name")
    while name is not None and name.type in ("qualified_identifier", "template_type"):
        name = name.child_by_field_name("name")
    return text_of(name) if name is not None else None


def _macro_kind(node: Node) -> str | None:
    """Include guards and flags without a value define nothing that anyone searches for."""
    return "macro" if node.child_by_field_name("value") is not None else None


_RULES = {
    "function_definition": Rule("function", _declarator_name, _declarator_scope),
    "declaration": Rule(
        _declaration_kind,
        _declarator_name,
        _declarator_scope,
        body="declarator.value",
        also=_other_declarators,
        local=False,
    ),
    "type_definition": Rule(_typedef_kind, _declarator_name, body="type.body", also=_typedef_others),
    "struct_specifier": _has_body("struct"),
    "union_specifier": _has_body("union"),
    "enum_specifier": _has_body("enum"),
    "preproc_def": Rule(_macro_kind, body="value", local=False),
    "preproc_function_def": Rule("macro", body="value", local=False),
}
_DESCEND = frozenset(
    {
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
        "preproc_elif",
        "preproc_elifdef",
        "linkage_specification",
        "declaration_list",
        "compound_statement",
    }
)

C = Language(
    name="c",
    grammar="c",
    extensions=(".c", ".h"),
    rules=_RULES,
    descend=_DESCEND,
    comments=frozenset({"comment"}),
    attached=frozenset({"attribute_declaration"}),
    repair=repair_c,
)
CPP = Language(
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
        ".cu",
        ".cuh",
        ".ino",
    ),
    rules={
        **_RULES,
        "field_declaration": Rule(_member_kind, _declarator_name, body=None, local=False, minor=True),
        "class_specifier": _has_body("class"),
        "namespace_definition": Rule("namespace", container=True, transparent=True),
        "alias_declaration": Rule("type", body="type"),
        "concept_definition": Rule("concept"),
    },
    descend=_DESCEND | {"field_declaration_list", "export_declaration"},
    wrappers=frozenset({"template_declaration"}),
    comments=frozenset({"comment"}),
    attached=frozenset({"attribute_declaration"}),
    repair=repair_cpp,
)

LANGUAGES: tuple[Language, ...] = (C, CPP)
