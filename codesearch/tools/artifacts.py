"""An identifier to what it names: the text of a file, of a definition or of lines."""

from __future__ import annotations

from dataclasses import dataclass

from codesearch.core.errors import AccessDeniedError, NotFoundError, UnreadableIdentifierError
from codesearch.core.types import DataSource
from codesearch.retrieval.condition_values import show
from codesearch.tools.definitions import Definition
from codesearch.tools.file_text import FileText
from codesearch.tools.filters import clean_path
from codesearch.tools.identifiers import Reading, read_identifier
from codesearch.tools.lookups.artifacts import RESOLVE, ResolveAsked
from codesearch.tools.lookups.asking import look_in
from codesearch.tools.lookups.files import READ_FILE, LinesOfFile
from codesearch.tools.missing import explain_missing
from codesearch.tools.tool import ToolContext

_FORMS = "repository::path, repository::path::symbol or repository::path::start-end"


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
        asked = ResolveAsked(source.name, clean_path(reading.path), reading.tail)
        found = look_in(context, source, RESOLVE, asked)
        if found.problem is not None:
            raise NotFoundError(found.problem)
        if found.text is not None:
            lines = found.start_line, found.end_line
            return Artifact(identifier, source, found.text, *lines, found.definition, found.note)
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
            path = clean_path(reading.path)
            told = look_in(context, source, READ_FILE, LinesOfFile(path, most_lines=0))
            return NotFoundError(explain_missing(context, source, path, told.absence))
    return reasons[0]
