"""The vocabulary of the language tables: how a node of a grammar becomes a symbol. Data and small pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tree_sitter import Node

from indexer.chunking.languages.line_rules import LineRules

if TYPE_CHECKING:
    from indexer.chunking.definitions import Definition
    from indexer.chunking.line_nodes import LineNode

NodeText = Callable[[Node], str | None]
NodeKind = Callable[[Node], str | None]
NodeBody = Callable[[Node], Node | None]
NodeNames = Callable[[Node], Sequence[str]]


def text_of(node: Node) -> str:
    """Return the source text of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def by_field(*names: str) -> NodeText:
    """Name a definition by following these grammar fields one after the other: `by_field("declarator", "name")`."""

    def name_of(node: Node) -> str | None:
        current: Node | None = node
        for name in names:
            current = current.child_by_field_name(name) if current is not None else None
        return text_of(current) if current is not None else None

    return name_of


def by_child(*types: str) -> NodeText:
    """Name a definition by its first named child of one of these types."""

    def name_of(node: Node) -> str | None:
        return next((text_of(child) for child in node.named_children if child.type in types), None)

    return name_of


def child_text(node: Node | None, name: str) -> str | None:
    """Return the text of a node's field, None where it has none."""
    child = node.child_by_field_name(name) if node is not None else None
    return text_of(child) if child is not None else None


def bare_type(written: str | None) -> str | None:
    """Reduce a written type to its last name: `&'a x::Client<T>` -> Client."""
    if not written:
        return None
    plain = "".join(written.split("<", 1)[0].split())
    name = plain.rstrip("*&").rsplit("::", 1)[-1].rsplit(".", 1)[-1]
    return name.lstrip("&*") or None


@dataclass(frozen=True, slots=True)
class Rule:
    """How one node type of a grammar becomes a symbol.

    kind: `function`, `method`, `class`, `struct`, `interface`, `trait`, `enum`, `module`, `namespace`, `type`,
        `constant`, `variable`, `macro`, `property`, `field`, `constructor`, `impl`, `test`, `prototype`, ... A callable
        may return None: not a definition after all (a call that is no `defmodule`). A class's `function` is a method.
    name: the simple name; None: not a definition.
    scope: a further qualifier that stands before the name, for definitions written outside their owner (`Client` for
        Go's `func (c *Client) Retry`, C++'s `void Client::retry`). None: only the enclosing containers qualify it.
    container: its members are definitions of their own, qualified by this one's name (class, module, namespace, impl).
    transparent: it only qualifies and groups its members and is no symbol itself when it is large (namespace, `impl`
        block, Elixir's or Ruby's outer module as you see fit). A transparent node still becomes a symbol chunk for the
        lines that belong to no member.
    body: the field that holds the members or statements, or a path of fields (`value.body`); the signature ends where
        it starts. A callable finds it in grammars without fields. None: the engine takes the last named child with
        children.
    also: further names of the same lines (a C struct's tag beside its typedef name, Ruby's `attr_reader :a, :b`).
    local: also searched for inside functions and expressions; False: only where members stand.
    minor: stays in its owner's lines while it is short (a field, a prototype): no chunk of its own.
    needs: a field without which `kind` is None. It says nothing new: nodes without it are not looked at one by one.
    """

    kind: str | NodeKind
    name: NodeText = field(default_factory=lambda: by_field("name"))
    scope: NodeText | None = None
    container: bool = False
    transparent: bool = False
    body: str | NodeBody | None = "body"
    also: NodeNames | None = None
    local: bool = True
    minor: bool = False
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class OwnReader:
    """How a language is read that neither a grammar nor lines can tell: by a function of its own.

    kinds: what it can find. read: a text's definitions, ordered by (start line, widest first), and a node for all of
        it; total on any text.
    """

    kinds: frozenset[str]
    read: Callable[[str], tuple[list[Definition], LineNode]]


@dataclass(frozen=True, slots=True)
class Language:
    """One language: which files, which grammar, which nodes define something.

    name: lower case, as metadata shows it (`python`, `csharp`, `cpp`, `objective-c`).
    grammar: its name in tree-sitter-language-pack; empty for one that is read by `lines` or `reader`.
    extensions: with the dot, lower case. filenames: exact, lower case. interpreters: of a `#!` line (`bash`, `python`).
    rules: node type -> Rule.
    descend: node types without a rule that may hold definitions and must be walked into (`export_statement`,
        `declaration_list`, `preproc_ifdef`, `template_declaration`, `block`). ERROR nodes are always walked into.
    wrappers: node types that wrap exactly one definition and belong to it as a whole (`decorated_definition`,
        `export_statement`, `template_declaration`): the symbol's lines are the wrapper's.
    comments: comment node types; a run of them directly above a definition, with no blank line between, belongs to it.
    attached: other sibling node types directly above a definition that belong to it (Rust's `attribute_item`, Haskell's
        `signature`, Elixir's `@doc`/`@spec` calls are decided by `is_attached`).
    is_attached: for nodes that only sometimes belong to the definition below them.
    continues: says whether a definition node continues the symbol of the previous sibling (Haskell equations, Erlang
        clauses, Elixir multi-clause functions are each given the same name): adjacent siblings for which
        it holds are one symbol.
    repair: for text whose tree has errors: the same number of bytes and lines with what the grammar cannot read
        (macros, half branches of the preprocessor) blanked out. None: nothing to repair.
    prepare: changes any text before it is parsed, with the same number of bytes and lines: for what parses without an
        error and yet wrongly, or takes far too long. None: nothing to prepare.
    lines: how the language is read line by line instead of by a tree.
    reader: what reads the language instead of a tree or lines.
    repairs_always: repair also what parses without an error (Haskell reads a whole #else branch as one directive).
    """

    name: str
    grammar: str
    extensions: tuple[str, ...]
    rules: Mapping[str, Rule]
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    descend: frozenset[str] = frozenset()
    wrappers: frozenset[str] = frozenset()
    comments: frozenset[str] = frozenset({"comment", "line_comment", "block_comment"})
    attached: frozenset[str] = frozenset()
    is_attached: Callable[[Node], bool] | None = None
    continues: Callable[[Node, Node], bool] | None = None
    repair: Callable[[bytes], bytes | None] | None = None
    repairs_always: bool = False
    prepare: Callable[[bytes], bytes] | None = None
    lines: LineRules | None = None
    reader: OwnReader | None = None
