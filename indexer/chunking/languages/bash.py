"""The Bourne shells: functions, and the variables and aliases that a script sets itself."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type, is_upper_case


def _assignment(node: Node) -> Node | None:
    return node if node.type == "variable_assignment" else child_of_type(node, "variable_assignment")


def _variable_name(node: Node) -> str | None:
    assignment = _assignment(node)
    return by_field("name")(assignment) if assignment is not None else None


def _variable_kind(node: Node) -> str | None:
    """Only what the script itself sets counts, and plain assignments only where written in capitals."""
    name = _variable_name(node)
    if name is None or node.parent is None or node.parent.type != "program":
        return None
    if node.type == "variable_assignment":
        return "variable" if is_upper_case(name) else None
    is_constant = text_of(node).startswith("readonly") or " -r" in text_of(node).split("=")[0]
    return "constant" if is_constant else "variable"


def _alias_kind(node: Node) -> str | None:
    command = node.child_by_field_name("name")
    return "alias" if command is not None and text_of(command) == "alias" and "=" in text_of(node) else None


def _alias_name(node: Node) -> str | None:
    argument = node.child_by_field_name("argument")
    return text_of(argument).split("=")[0] if argument is not None else None


LANGUAGE = Language(
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
        "declaration_command": Rule(_variable_kind, _variable_name, local=False, minor=True),
        "variable_assignment": Rule(_variable_kind, _variable_name, local=False, minor=True),
        "command": Rule(_alias_kind, _alias_name, local=False, minor=True),
    },
    descend=frozenset(
        {"if_statement", "elif_clause", "else_clause", "case_statement", "case_item", "list", "redirected_statement"}
        | {"compound_statement"}
    ),
    comments=frozenset({"comment"}),
)
