"""Lua and the Bourne shells: functions, and the constants at the top of a file."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type, first_named, is_upper_case

# --- Lua ------------------------------------------------------------------------------------------------------------


def _lua_path(node: Node | None) -> list[str]:
    """Split `Client.deep.nested` and `Client:send` at their separators; nothing for computed targets."""
    if node is None or node.type not in ("identifier", "dot_index_expression", "method_index_expression"):
        return []
    text = text_of(node).replace(":", ".")
    return text.split(".") if "(" not in text and "[" not in text else []


def _lua_target(node: Node) -> Node | None:
    """Return what a function declaration names or an assignment of one value sets."""
    if node.type == "function_declaration":
        return node.child_by_field_name("name")
    targets = child_of_type(node, "variable_list")
    return first_named(targets) if targets is not None and targets.named_child_count == 1 else None


def _lua_value(node: Node) -> Node | None:
    return first_named(child_of_type(node, "expression_list"))


def _lua_name(node: Node) -> str | None:
    path = _lua_path(_lua_target(node))
    return path[-1] if path else None


def _lua_scope(node: Node) -> str | None:
    return ".".join(_lua_path(_lua_target(node))[:-1]) or None


def _wraps_function(value: Node) -> bool:
    """`H.update = vim.schedule_wrap(function() ... end)` and `f = f or function() ... end` define functions too."""
    if value.type == "binary_expression":
        return child_of_type(value, "function_definition") is not None
    arguments = value.child_by_field_name("arguments") if value.type == "function_call" else None
    return arguments is not None and child_of_type(arguments, "function_definition") is not None


def _lua_assignment_kind(node: Node) -> str | None:
    """Functions anywhere; at the top of a file names in capitals and tables longer than a line."""
    value = _lua_value(node)
    if value is None:
        return None
    if value.type == "function_definition" or _wraps_function(value):
        return "function"
    owner = node.parent
    if owner is not None and owner.type == "variable_declaration":
        owner = owner.parent
    if owner is None or owner.type != "chunk":
        return None
    is_table = value.type == "table_constructor" and value.start_point[0] != value.end_point[0]
    return "constant" if is_table or is_upper_case(_lua_name(node) or "") else None


def _lua_field_kind(node: Node) -> str | None:
    value = node.child_by_field_name("value")
    return "function" if value is not None and value.type == "function_definition" else None


def _lua_field_name(node: Node) -> str | None:
    name = node.child_by_field_name("name")
    return text_of(name).strip("\"'") if name is not None and name.type in ("identifier", "string") else None


LUA = Language(
    name="lua",
    grammar="lua",
    extensions=(".lua", ".rockspec"),
    filenames=(".luacheckrc",),
    interpreters=("lua", "luajit", "texlua"),
    rules={
        "function_declaration": Rule("function", _lua_name, _lua_scope),
        "assignment_statement": Rule(_lua_assignment_kind, _lua_name, _lua_scope),
        "field": Rule(_lua_field_kind, _lua_field_name, body="value.body"),
    },
    descend=frozenset(
        {"block", "do_statement", "if_statement", "else_statement", "elseif_statement", "return_statement"}
    ),
    wrappers=frozenset({"variable_declaration"}),
    comments=frozenset({"comment"}),
)

# --- Bash -----------------------------------------------------------------------------------------------------------


def _bash_assignment(node: Node) -> Node | None:
    return node if node.type == "variable_assignment" else child_of_type(node, "variable_assignment")


def _bash_variable_name(node: Node) -> str | None:
    assignment = _bash_assignment(node)
    return by_field("name")(assignment) if assignment is not None else None


def _bash_variable_kind(node: Node) -> str | None:
    """Only what the script itself sets counts, and plain assignments only where written in capitals."""
    name = _bash_variable_name(node)
    if name is None or node.parent is None or node.parent.type != "program":
        return None
    if node.type == "variable_assignment":
        return "variable" if is_upper_case(name) else None
    is_constant = text_of(node).startswith("readonly") or " -r" in text_of(node).split("=")[0]
    return "constant" if is_constant else "variable"


def _bash_alias_kind(node: Node) -> str | None:
    command = node.child_by_field_name("name")
    return "alias" if command is not None and text_of(command) == "alias" and "=" in text_of(node) else None


def _bash_alias_name(node: Node) -> str | None:
    argument = node.child_by_field_name("argument")
    return text_of(argument).split("=")[0] if argument is not None else None


BASH = Language(
    name="bash",
    grammar="bash",
    extensions=(".sh", ".bash", ".zsh", ".ksh", ".bats", ".ebuild", ".eclass"),
    filenames=(
        *(".bashrc", ".bash_profile", ".bash_aliases", ".bash_logout", ".profile", ".zshrc", ".zshenv", ".zprofile"),
        *("apkbuild", "pkgbuild", "gradlew", "configure.sh"),
    ),
    interpreters=("bash", "sh", "dash", "zsh", "ksh", "ash", "bats"),
    rules={
        "function_definition": Rule("function"),
        "declaration_command": Rule(_bash_variable_kind, _bash_variable_name, local=False, minor=True),
        "variable_assignment": Rule(_bash_variable_kind, _bash_variable_name, local=False, minor=True),
        "command": Rule(_bash_alias_kind, _bash_alias_name, local=False, minor=True),
    },
    descend=frozenset(
        {"if_statement", "elif_clause", "else_clause", "case_statement", "case_item", "list", "redirected_statement"}
        | {"compound_statement"}
    ),
    comments=frozenset({"comment"}),
)

LANGUAGES: tuple[Language, ...] = (LUA, BASH)
