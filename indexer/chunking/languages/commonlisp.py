"""Common Lisp: every list at the top of a file that begins with a word of definition."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of
from indexer.chunking.languages.surroundings import child_of_type, first_named, whole_node

_KINDS = {
    "defun": "function",
    "defgeneric": "function",
    "defsetf": "function",
    "defmacro": "macro",
    "define-compiler-macro": "macro",
    "defmethod": "method",
    "defclass": "class",
    "define-condition": "class",
    "defstruct": "struct",
    "defpackage": "module",
    "defsystem": "module",
    "defvar": "variable",
    "defparameter": "variable",
    "defconstant": "constant",
    "deftype": "type",
    "deftest": "test",
}
_DEFINES = re.compile(r"def[a-z]|define-[a-z]")


def _word(node: Node) -> str:
    """Return what a list begins with, without its package."""
    defun = child_of_type(node, "defun")
    header = child_of_type(defun, "defun_header") if defun is not None else None
    first = header.child_by_field_name("keyword") if header is not None else first_named(node)
    return text_of(first).rsplit(":", 1)[-1].lower() if first is not None else ""


def _kind(node: Node) -> str | None:
    word = _word(node)
    return _KINDS.get(word) or ("function" if _DEFINES.match(word) else None)


def _name(node: Node) -> str | None:
    defun = child_of_type(node, "defun")
    header = child_of_type(defun, "defun_header") if defun is not None else None
    if header is not None:
        named = header.child_by_field_name("function_name")
        return text_of(named) if named is not None else None
    if node.named_child_count < 2:
        return None
    named = node.named_children[1]
    # `(defstruct (posting (:conc-name p-)) ...)` names by the first of a list.
    while named.type == "list_lit" and named.named_child_count:
        named = named.named_children[0]
    text = text_of(named).lstrip("#:'").strip('"')
    is_name = named.type in ("sym_lit", "kwd_lit", "str_lit", "package_lit") or text_of(named).startswith("#:")
    return text if is_name else None


LANGUAGE = Language(
    name="commonlisp",
    grammar="commonlisp",
    extensions=(".lisp", ".lsp", ".asd", ".ros"),
    interpreters=("sbcl", "clisp", "ecl", "ccl", "cl", "ros"),
    rules={"list_lit": Rule(_kind, _name, body=whole_node, local=False)},
    descend=frozenset({"list_lit"}),
    wrappers=frozenset({"include_reader_macro"}),
    comments=frozenset({"comment", "block_comment"}),
)
