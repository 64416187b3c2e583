"""An identifier to what it names: the text of a file, of a definition or of lines."""

from __future__ import annotations

from dataclasses import dataclass

from codesearch.core.counts import say_count
from codesearch.core.errors import AccessDeniedError, NotFoundError, UnreadableIdentifierError
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.types import DataSource
from codesearch.retrieval.condition_values import show
from codesearch.tools.definitions import Definition, list_definitions
from codesearch.tools.file_text import FileText, read_file_text
from codesearch.tools.filters import clean_path
from codesearch.tools.identifiers import Reading, identify_lines, read_identifier, read_lines
from codesearch.tools.missing import explain_missing
from codesearch.tools.tool import ToolContext

_FORMS = "repository::path, repository::path::symbol or repository::path::start-end"
_SHOWN_SYMBOLS = 8


@dataclass(frozen=True, slots=True)
class Artifact:
    """What an identifier names: lines of a file, and whose definition they are. `note` says what was ambiguous."""

    identifier: str
    source: DataSource
    text: FileText
    start_line: int
    end_line: int
    definition: Definition | None = None
    note: str | None = None

    @property
    def symbol(self) -> str | None:
        """The qualified name of the definition."""
        return self.definition.symbol if self.definition is not None else None

    @property
    def kind(self) -> str | None:
        """The kind of the definition."""
        return self.definition.kind if self.definition is not None else None

    @property
    def content(self) -> str:
        """The lines."""
        return "\n".join(self.text.lines(self.start_line, self.end_line))


def resolve_identifier(context: ToolContext, identifier: str, data_source: str | None = None) -> Artifact:
    """Return what an identifier names; without a repository in it, one of `data_source`.

    Raises NotFoundError with what there is instead, AccessDeniedError, NotIndexedError, and
    UnreadableIdentifierError.
    """
    own = read_identifier(identifier)
    readings = [*own, *read_identifier(f"{data_source}::{identifier}")] if data_source is not None else own
    if not readings:
        raise UnreadableIdentifierError(f"{show(identifier)} is no identifier; it is {_FORMS}.")
    sources: dict[str, DataSource | NotFoundError | AccessDeniedError] = {}
    reasons: list[NotFoundError | AccessDeniedError] = []
    for reading in readings:
        if reading.repository not in sources:
            sources[reading.repository] = _find_source(context, reading.repository)
        source = sources[reading.repository]
        if not isinstance(source, DataSource):
            reasons.append(source)
            continue
        file = context.open_index(source).find_file(clean_path(reading.path))
        if file is not None:
            with context.take_turn():
                return _resolve_tail(identifier, source, *file, reading)
    # What an identifier says of its repository comes before what is said beside it.
    raise _explain(context, [*readings[len(own) :], *own], sources, reasons)


def _find_source(context: ToolContext, repository: str) -> DataSource | NotFoundError | AccessDeniedError:
    try:
        workspace, sources = context.retriever.find_readable(context.principal, repository)
    except (NotFoundError, AccessDeniedError) as error:
        return error
    if workspace is not None:
        return NotFoundError(f"{workspace!r} is a workspace: an identifier begins with a repository's name.")
    return sources[0]


def _resolve_tail(identifier: str, source: DataSource, segment: SearchIndex, file: int, reading: Reading) -> Artifact:
    text = read_file_text(segment, file)
    if reading.tail is None:
        return Artifact(identifier, source, text, 1, text.last_line)
    definitions = list_definitions(segment, file)
    named = [item for item in definitions if item.symbol == reading.tail]
    named = named or [item for item in definitions if item.symbol.rpartition(".")[2] == reading.tail]
    if named:
        return _to_artifact(identifier, source, text, named)
    lines = read_lines(reading.tail)
    if lines is not None and lines[0] <= text.last_line:
        return Artifact(identifier, source, text, lines[0], min(lines[1], text.last_line))
    known = ", ".join(dict.fromkeys(item.symbol for item in definitions[:_SHOWN_SYMBOLS])) or "none"
    more = ", …" if len(definitions) > _SHOWN_SYMBOLS else ""
    raise NotFoundError(
        f"{text.path} of {source.name} has {say_count(text.last_line, 'line')} and no symbol {show(reading.tail)}; "
        f"its symbols: {known}{more}. outline lists them."
    )


def _to_artifact(identifier: str, source: DataSource, text: FileText, named: list[Definition]) -> Artifact:
    """Return the definition, of several the first with a note on where the others are."""
    first, *others = named
    note = None
    if others:
        places = ", ".join(identify_lines(source.name, text.path, item.start_line, item.end_line) for item in others)
        note = f"{first.symbol} is ambiguous: it is also defined at {places}."
    return Artifact(identifier, source, text, first.start_line, first.end_line, first, note)


def _explain(
    context: ToolContext,
    readings: list[Reading],
    sources: dict[str, DataSource | NotFoundError | AccessDeniedError],
    reasons: list[NotFoundError | AccessDeniedError],
) -> NotFoundError | AccessDeniedError:
    """Return the error for an identifier of which no reading leads to a file."""
    for reading in reversed(readings):
        source = sources[reading.repository]
        if isinstance(source, DataSource):
            with context.take_turn() as turn:
                path = clean_path(reading.path)
                return NotFoundError(explain_missing(context, source, context.open_index(source), path, turn.check))
    return reasons[0]
