"""Which files a call means, by paths, extensions, languages and kinds: parameters and the predicate over rows. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from codesearch.core.predicates import And, Comparison, InTest, Not, Operator, Or, Predicate
from codesearch.tools.tool import Parameter

MARKDOWN: Final = (".md", ".mdx", ".markdown", ".mkd", ".mdown")
PATHS = Parameter("paths", "strings", "Only files whose paths begin with one of these, such as src/net/ or README.md")
EXTENSIONS = Parameter("extensions", "strings", "Only files with one of these extensions, such as .py or py")
LANGUAGES = Parameter("languages", "strings", "Only files in one of these languages, such as python or typescript")
EXCLUDE_TESTS = Parameter("exclude_tests", "boolean", "Leave tests out, with what only they use", False)
EXCLUDE_MARKDOWN = Parameter("exclude_markdown", "boolean", "Leave Markdown files out", False)


def build_filter(
    paths: Sequence[str] | None = None,
    extensions: Sequence[str] | None = None,
    languages: Sequence[str] | None = None,
    *,
    exclude_tests: bool = False,
    exclude_markdown: bool = False,
    files: Collection[str] = (),
) -> Predicate:
    """Return what rows have to satisfy; case makes no difference. None and nothing leave everything in.

    `files` are those of the paths that are files: one of them is that file, or a folder, not what else begins so.
    """
    parts: list[Predicate] = []
    prefixes = [clean_path(path) for path in paths or ()]
    if prefixes and "" not in prefixes:
        parts.append(_any_of([part for prefix in prefixes for part in _match_path(prefix, is_file=prefix in files)]))
    if extensions:
        parts.append(Comparison("file_extension", Operator.IN, tuple(map(read_extension, extensions))))
    if languages:
        parts.append(Comparison("language", Operator.IN, tuple(map(read_word, languages))))
    if exclude_markdown:
        parts.append(Not(Comparison("file_extension", Operator.IN, MARKDOWN)))
    if exclude_tests:
        parts.append(Not(InTest()))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def read_extension(given: str) -> str:
    """Return an extension as the index has it, of `py`, `.py` or `*.PY`."""
    return f".{read_word(given).removeprefix('*').removeprefix('.')}"


def read_word(given: str) -> str:
    """Return a language or kind as the index has it."""
    return given.strip().lower()


def clean_path(path: str) -> str:
    """Return a path as the index has it: from the root, without `./` or `/` in front; "" for all of it."""
    cleaned = path.strip().replace("\\", "/")
    while cleaned.startswith(("./", "/")):
        cleaned = cleaned.removeprefix(".").removeprefix("/")
    return "" if cleaned == "." else cleaned


def _match_path(path: str, *, is_file: bool) -> list[Predicate]:
    folded = path.lower()
    if not is_file:
        return [Comparison("path", Operator.STARTS_WITH, (folded,))]
    return [Comparison("path", Operator.IN, (folded,)), Comparison("path", Operator.STARTS_WITH, (f"{folded}/",))]


def _any_of(predicates: list[Predicate]) -> Predicate:
    return predicates[0] if len(predicates) == 1 else Or(tuple(predicates))
