"""Parses source for the chunker: a parser for each grammar, a budget per file, a second try for broken trees."""

from __future__ import annotations

from tree_sitter import Parser, Range, Tree

from indexer.chunking.budget import ParseBudget, ParseLimits
from indexer.chunking.grammars import grammar_of
from indexer.chunking.languages.rules import Language
from indexer.chunking.parsed_text import ParsedText
from indexer.chunking.tree_edits import edit_tree


class SourceParser:
    """Parses files of any language, one at a time; keeps a parser for each grammar.

    `budget` is what is left for the file at hand; `parse` begins a new one.
    """

    def __init__(self, limits: ParseLimits | None = None) -> None:
        self._limits = limits or ParseLimits()
        self._parsers: dict[str, Parser] = {}
        self.budget = ParseBudget(self._limits)

    def parse(self, language: Language, source: bytes) -> Tree | None:
        """Return the tree of a text, repaired where the language knows how; None when it costs too much."""
        self.budget = ParseBudget(self._limits.of(len(source)))
        parser = self._parser_of(language)
        if language.prepare is not None:
            source = language.prepare(source)
        tree = _parse(parser, source, self.budget)
        if tree is None or language.repair is None or not (language.repairs_always or tree.root_node.has_error):
            return tree
        return _repaired(parser, language, source, tree, self.budget)

    def parse_span(self, language: Language, source: bytes, start: int, end: int) -> Tree | None:
        """Parse the bytes `start`..`end` alone, for what is left of the budget; positions stay those of the whole."""
        parser = self._parser_of(language)
        if language.prepare is not None:
            source = language.prepare(source)
        parser.included_ranges = [Range(_point(source, start), _point(source, end), start, end)]
        try:
            return _parse(parser, source, self.budget)
        finally:
            del parser.included_ranges

    def _parser_of(self, language: Language) -> Parser:
        parser = self._parsers.get(language.grammar)
        if parser is None:
            parser = self._parsers.setdefault(language.grammar, Parser(grammar_of(language.grammar)))
        return parser


def _point(source: bytes, offset: int) -> tuple[int, int]:
    return (source.count(b"\n", 0, offset), offset - (source.rfind(b"\n", 0, offset) + 1))


def _parse(parser: Parser, source: bytes, budget: ParseBudget, edited: Tree | None = None) -> Tree | None:
    """Parse a text; what `edited` has of it is not read again. None when it costs too much."""
    text = ParsedText(source)
    try:
        if edited is None:
            return parser.parse(text, progress_callback=budget.is_spent)
        return parser.parse(text, edited, progress_callback=budget.is_spent)
    except ValueError:
        parser.reset()
        return None
    finally:
        text.end_parsing()


def _repaired(parser: Parser, language: Language, source: bytes, tree: Tree, budget: ParseBudget) -> Tree:
    """Parse once more without what the grammar cannot read; keep the tree with fewer bytes in error."""
    repaired = language.repair(source) if language.repair is not None else None
    if repaired is None or repaired == source or len(repaired) != len(source):
        return tree
    again = _parse(parser, repaired, budget, edit_tree(tree, source, repaired))
    if again is None:
        return tree
    return again if bytes_in_error(again) <= bytes_in_error(tree) else tree


def bytes_in_error(tree: Tree) -> int:
    """Return how many bytes are in error, and how many errors there are; only looks where there are some."""
    found = 0
    pending = [tree.root_node] if tree.root_node.has_error else []
    while pending:
        node = pending.pop()
        if node.is_error:
            found += 1 + node.end_byte - node.start_byte
        pending.extend(child for child in node.children if child.has_error or child.is_error)
    return found
