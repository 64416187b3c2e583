"""Which files hold code of other languages, and who finds it; what surrounds it is cut into sections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from indexer.chunking.definitions import Definition
from indexer.chunking.embedded.delimited import find_php, find_tagged
from indexer.chunking.embedded.macros import find_macros
from indexer.chunking.embedded.modules import find_modules
from indexer.chunking.embedded.parts import CodePart, without_overlaps
from indexer.chunking.embedded.razor import find_razor
from indexer.chunking.embedded.scripts import find_fenced, find_scripts

_Finder = Callable[[str, str], Iterator[CodePart]]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file with code inside: its name in metadata, its finder, the rules that cut the rest into sections."""

    name: str
    find: _Finder
    sections: str = "html"
    find_definitions: Callable[[str], list[Definition]] = lambda _text: []

    def parts(self, path: str, text: str) -> Sequence[CodePart]:
        """Return the parts of a file that are code, in order, none inside another."""
        return without_overlaps(self.find(path, text))


def _find_plain(_path: str, text: str) -> Iterator[CodePart]:
    return find_scripts(text)


def _find_astro(_path: str, text: str) -> Iterator[CodePart]:
    fenced = find_fenced(text)
    if fenced is not None:
        yield fenced
    yield from find_scripts(text, "typescript", fenced.block_end if fenced is not None else 0)


def _find_tagged(language: str, _path: str, text: str) -> Iterator[CodePart]:
    yield from find_scripts(text)
    yield from find_tagged(text, language)


def _find_razor(path: str, text: str) -> Iterator[CodePart]:
    yield from find_scripts(text)
    yield from find_razor(path, text)


def _find_blade(_path: str, text: str) -> Iterator[CodePart]:
    yield from find_scripts(text)
    yield from find_php(text)


FORMATS = {
    ".vue": Format("vue", _find_plain),
    ".svelte": Format("svelte", _find_plain),
    ".astro": Format("astro", _find_astro),
    ".erb": Format("erb", partial(_find_tagged, "ruby")),
    ".ejs": Format("ejs", partial(_find_tagged, "javascript")),
    ".jsp": Format("jsp", partial(_find_tagged, "java")),
    ".jspf": Format("jsp", partial(_find_tagged, "java")),
    ".razor": Format("razor", _find_razor),
    ".cshtml": Format("razor", _find_razor),
    ".blade.php": Format("blade", _find_blade),
    ".jinja": Format("jinja", _find_plain, find_definitions=find_macros),
    ".jinja2": Format("jinja", _find_plain, find_definitions=find_macros),
    ".j2": Format("jinja", _find_plain, find_definitions=find_macros),
    ".njk": Format("nunjucks", _find_plain, find_definitions=find_macros),
    ".twig": Format("twig", _find_plain, find_definitions=find_macros),
    ".mdx": Format("markdown", lambda _path, text: find_modules(text), "markdown"),
}


def format_of(path: str) -> Format | None:
    """Return the format of a file by its ending; None for one that is in one language."""
    name = path.rsplit("/", 1)[-1].lower()
    if name.endswith(".blade.php"):
        return FORMATS[".blade.php"]
    return FORMATS.get("." + name.rpartition(".")[2])
