"""Options by which commands that search leave files out, the same as the tools have them, and how they print."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

from codesearch.core.types import ArtifactKind, DataSource

if TYPE_CHECKING:
    from codesearch.cli.scopes import Scope
    from codesearch.core.predicates import Predicate

Command = TypeVar("Command", bound=Callable[..., object])
# Returns those of some paths that are a file of one of some data sources.
FindFiles = Callable[[Sequence[DataSource], Sequence[str]], Collection[str]]

_OPTIONS = (
    click.option("--path", "paths", multiple=True, metavar="PREFIX", help="Only files below; may be repeated."),
    click.option("--ext", "extensions", multiple=True, metavar="EXT", help="Only files that end so; may be repeated."),
    click.option("--lang", "languages", multiple=True, metavar="NAME", help="Only this language; may be repeated."),
    click.option(
        "--kind",
        "kinds",
        multiple=True,
        metavar="KIND",
        help="Only symbol, chunk or file, or a kind of symbol such as class; may be repeated.",
    ),
    click.option("--no-tests", is_flag=True, help="Leave tests out."),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is left after these options; empty ones leave everything in."""

    paths: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    no_tests: bool = False

    def predicate(self, scope: Scope, find_files: FindFiles) -> Predicate:
        """Return what rows have to satisfy. Raises UsageError where no path lies in what is asked."""
        from codesearch.core.predicates import EVERYTHING, And, Comparison, Operator, Or

        if self == Filters() and not scope.limits:
            return EVERYTHING
        from codesearch.tools.filters import build_filter, clean_path, read_word

        parts: list[Predicate] = []
        for sources, paths in scope.group(self.paths):
            files = find_files(sources, [clean_path(path) for path in paths]) if paths else ()
            part = build_filter(paths, self.extensions, self.languages, exclude_tests=self.no_tests, files=files)
            ids = tuple(source.id for source in sources)
            parts.append(And((Comparison("data_source_id", Operator.IN, ids), part)) if scope.limits else part)
        filtered = parts[0] if len(parts) == 1 else Or(tuple(parts))
        if not self.kinds:
            return filtered
        values = tuple(map(read_word, self.kinds))
        artifacts = tuple(value for value in values if value in {kind.value for kind in ArtifactKind})
        symbols = tuple(value for value in values if value not in artifacts)
        either = Or(
            (Comparison("artifact_kind", Operator.IN, artifacts), Comparison("symbol_kind", Operator.IN, symbols))
        )
        return And((filtered, either))


def filter_options(command: Command) -> Command:
    """Give a command --path, --ext, --lang, --kind and --no-tests."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def text_filter_options(command: Command) -> Command:
    """Give a command --path, --ext, --lang and --no-tests."""
    for option in (_OPTIONS[4], *reversed(_OPTIONS[:3])):
        command = option(command)
    return command


def path_options(command: Command) -> Command:
    """Give a command --path and --ext alone."""
    for option in reversed(_OPTIONS[:2]):
        command = option(command)
    return command


_FORMS = (
    click.option("--files", "only_files", is_flag=True, help="Print only the names of the files, each once."),
    click.option("--lines", "only_lines", is_flag=True, help="Print only path:start-end of each."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    click.option("--jsonl", "as_jsonl", is_flag=True, help="Print one JSON object a line for each."),
)


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is printed; at most one holds."""

    only_files: bool = False
    only_lines: bool = False
    as_json: bool = False
    as_jsonl: bool = False

    def __post_init__(self) -> None:
        if [self.only_files, self.only_lines, self.as_json, self.as_jsonl].count(True) > 1:
            raise click.UsageError("Of --files, --lines, --json and --jsonl, only one goes at a time.")


def form_options(command: Command) -> Command:
    """Give a command --files, --lines, --json and --jsonl."""
    for option in reversed(_FORMS):
        command = option(command)
    return command
