"""Cuts one file into chunks: definitions by its syntax tree, sections by heading, the rest by lines.

Third stage of indexing, between walk and embed. Every non-blank line of the file is in some chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tree_sitter import Node

from codesearch.core.types import NOTEBOOK_LANGUAGE, ArtifactKind, Chunk, SourceFile
from indexer.chunking.alternatives import parse_better
from indexer.chunking.budget import ParseLimits, Unparsed
from indexer.chunking.definitions import Definition, find_definitions
from indexer.chunking.embedded.formats import format_of
from indexer.chunking.embedded.pieces import plan_parts
from indexer.chunking.languages.rules import Language
from indexer.chunking.languages.table import language_name_of, language_of
from indexer.chunking.line_nodes import LineNode
from indexer.chunking.line_reading import read_definitions
from indexer.chunking.notebooks import plan_notebook
from indexer.chunking.parsing import SourceParser
from indexer.chunking.pieces import Piece, close_gaps
from indexer.chunking.planning import Plan
from indexer.chunking.recovery import recover_definitions
from indexer.chunking.schemas.finding import SYNTAXES, find_schema
from indexer.chunking.schemas.pieces import plan_schema
from indexer.chunking.schemas.recognition import may_be_schema
from indexer.chunking.sections.finding import DEFINING_LANGUAGES, find_sections, section_language_of
from indexer.chunking.sections.names import section_language_named
from indexer.chunking.splitting import Lines, Range, lines_to_count, split_lines

# Characters of text per token, about: what sections aim at.
_CHARACTERS_PER_TOKEN = 3.5


class Chunker:
    """Cuts files into chunks of at most `max_tokens` of the model's own tokens. For one thread at a time.

    `unparsed` says why the last file was cut at lines in spite of its language; None where it was not.
    """

    def __init__(
        self, count_tokens: Callable[[Sequence[str]], list[int]], max_tokens: int, limits: ParseLimits | None = None
    ) -> None:
        if max_tokens < 1:
            raise ValueError("max_tokens must be at least 1")
        self._count_tokens = count_tokens
        self._max_tokens = max_tokens
        self._parser = SourceParser(limits)
        self.unparsed: Unparsed | None = None

    def chunk(self, file: SourceFile, *, only_lines: bool = False, counted: list[str] | None = None) -> list[Chunk]:
        """Return the chunks of a file in order of (start line, widest first); none for a blank file.

        `content` is the file's own lines, those of more than MAX_LINE_CHARACTERS cut. Only a single line that is longer
        than `max_tokens` makes a longer chunk.
        Accepts any text. With `only_lines`, neither tree nor sections are looked for. `counted` is what
        `lines_to_count` returns of the text, where that is known.
        """
        self.unparsed = None
        lines = Lines(lines_to_count(file.text) if counted is None else counted, self._count_tokens)
        whole = lines.trimmed(1, len(lines))
        if whole is None:
            return []
        budget = max(1, self._max_tokens - lines.added_tokens)
        if file.path.lower().endswith(".ipynb"):
            cells = self._pieces_of_notebook(file.text, budget, only_lines)
            if cells is not None:
                return [_to_chunk(file, NOTEBOOK_LANGUAGE, piece, content) for piece, content in cells]
        form = format_of(file.path)
        language = language_of(file.path, file.text) if form is None else None
        if language is not None and not only_lines:
            language, pieces = self._pieces_of_code(language, file, lines, budget)
            if pieces is not None:
                return _to_chunks(file, language.name, lines, pieces)
        elif form is not None and not only_lines:
            parts = plan_parts(form, file.path, file.text, lines, budget, _target_characters(budget), self._read)
            if parts is not None:
                return _to_chunks(file, form.name, lines, parts)
        known = form or language
        name = known.name if known is not None else language_name_of(file.path, file.text)
        section_language = form.sections if form is not None else section_language_of(file.path)
        section_language = section_language or section_language_named(name)
        if language is None and section_language in SYNTAXES and not only_lines:
            schema = self._pieces_of_schema(section_language, file, lines, budget)
            if schema is not None:
                return _to_chunks(file, name or section_language, lines, schema)
        if lines.tokens(1, len(lines)) <= budget:
            if language is None and section_language in DEFINING_LANGUAGES and not only_lines:
                chunks = _section_chunks(file, name or section_language, section_language, lines, budget)
                if any(chunk.symbol is not None for chunk in chunks):
                    return chunks
            return [_whole_file(file, name, lines, whole)]
        if language is None and section_language is not None and not only_lines:
            return _section_chunks(file, name or section_language, section_language, lines, budget)
        pieces = [Piece(*part) for part in split_lines(lines, 1, len(lines), budget, {})]
        return _to_chunks(file, name, lines, pieces)

    def _pieces_of_code(
        self, language: Language, file: SourceFile, lines: Lines, budget: int
    ) -> tuple[Language, list[Piece] | None]:
        """Plan the chunks of a file by its tree, and say in which language it was read.

        No plan without a tree, or without definitions when one chunk will do.
        """
        language, read = self._read_better(language, file.path, file.text)
        if read is None:
            return language, None
        found, root = read
        if not found and lines.tokens(1, len(lines)) <= budget:
            return language, None
        pieces = Plan(language, root, lines, budget, found).pieces()
        for definition in found:
            # Else owners and members would hold one another, and the tree, until the garbage is collected.
            definition.members.clear()
        return language, pieces

    def _pieces_of_schema(self, syntax: str, file: SourceFile, lines: Lines, budget: int) -> list[Piece] | None:
        """Plan the chunks of YAML or JSON that is a schema; None for any other, and for one that cannot be read."""
        if not may_be_schema(file.path, syntax, file.text):
            return None
        tree = self._parser.parse(SYNTAXES[syntax], file.text.encode("utf-8", "replace"))
        schema = find_schema(syntax, file.path, file.text, tree.root_node) if tree is not None else None
        if tree is None or schema is None:
            return None
        return plan_schema(schema, syntax, tree.root_node, file.text, lines, budget, _target_characters(budget))

    def _pieces_of_notebook(self, text: str, budget: int, only_lines: bool) -> list[tuple[Piece, str]] | None:
        """Plan the chunks of a notebook; after a cell that took too long no other is parsed."""

        def read(language: Language, code: str) -> tuple[list[Definition], Node | LineNode] | None:
            return None if only_lines or self.unparsed is not None else self._read(language, code)

        return plan_notebook(text, budget, _target_characters(budget), self._count_tokens, read)

    def _read(self, language: Language, text: str) -> tuple[list[Definition], Node | LineNode] | None:
        """Return the definitions of a text and the root of its tree; None when parsing takes too long."""
        return self._read_better(language, "", text)[1]

    def _read_better(
        self, language: Language, path: str, text: str
    ) -> tuple[Language, tuple[list[Definition], Node | LineNode] | None]:
        """Read a text as `_read` does, in the language that suits it better where its path leaves two."""
        if language.lines is not None:
            return language, read_definitions(language.lines, text)
        if language.reader is not None:
            return language, language.reader.read(text)
        # Lone surrogates cannot be encoded; what replaces them keeps the lines, which is all that counts here.
        source = text.encode("utf-8", "replace")
        language, tree = parse_better(self._parser, path, language, source)
        if tree is None:
            self.unparsed = self._parser.budget.shortfall
            return language, None
        found = find_definitions(language, tree.root_node, source)
        if tree.root_node.has_error and language.repair is None:
            found = recover_definitions(language, self._parser, source, tree.root_node, found)
        return language, (found, tree.root_node)


def _target_characters(budget: int) -> int:
    return int(budget * _CHARACTERS_PER_TOKEN)


def _to_chunks(file: SourceFile, language: str | None, lines: Lines, pieces: Iterable[Piece]) -> list[Chunk]:
    return [_to_chunk(file, language, piece, lines.content(piece.start, piece.end)) for piece in pieces]


def _to_chunk(file: SourceFile, language: str | None, piece: Piece, content: str) -> Chunk:
    definition = piece.definition
    return Chunk(
        path=file.path,
        start_line=piece.start,
        end_line=piece.end,
        content=content,
        artifact_kind=ArtifactKind.CHUNK if definition is None else ArtifactKind.SYMBOL,
        language=language,
        symbol=definition.symbol if definition is not None else None,
        symbol_kind=definition.kind if definition is not None else None,
        signature=(definition.signature or None) if definition is not None else piece.title,
        outline=piece.outline,
        symbol_lines=piece.symbol_lines,
        holds_head=piece.holds_head,
    )


def _whole_file(file: SourceFile, language: str | None, lines: Lines, whole: Range) -> Chunk:
    return Chunk(
        path=file.path,
        start_line=whole[0],
        end_line=whole[1],
        content=lines.content(*whole),
        artifact_kind=ArtifactKind.FILE,
        language=language,
    )


def _section_chunks(file: SourceFile, language: str, section_language: str, lines: Lines, budget: int) -> list[Chunk]:
    """Chunk a document or configuration file by its sections; the title is searched as the signature."""
    chunks: list[Chunk] = []
    for section in find_sections(section_language, file.text, _target_characters(budget)):
        parts = split_lines(lines, section.start_line, min(section.end_line, len(lines)), budget, {})
        is_definition = section.kind is not None and section.title is not None
        if is_definition:
            parts = close_gaps(parts, [section.title] * len(parts), lines, budget)
        for number, (start, end) in enumerate(parts):
            chunks.append(
                Chunk(
                    path=file.path,
                    start_line=start,
                    end_line=end,
                    content=lines.content(start, end),
                    artifact_kind=ArtifactKind.SYMBOL if is_definition else ArtifactKind.CHUNK,
                    language=language,
                    symbol=section.title if is_definition else None,
                    symbol_kind=section.kind if is_definition else None,
                    signature=section.title,
                    symbol_lines=(parts[0][0], parts[-1][1]) if is_definition and len(parts) > 1 else None,
                    holds_head=not is_definition or number == 0,
                )
            )
    return chunks
