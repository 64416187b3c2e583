"""`codesearch show`, `outline`, `related` and `tree`: what is in a file, around it, and where it lies."""

from __future__ import annotations

from pathlib import Path

import click

from codesearch.cli.answers import NOTHING_FOUND, call_tool, note, print_answer, print_freshness_warnings
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.locations import SEPARATOR, Located, choose_one, locate, split_lines
from codesearch.cli.output import print_json, visible
from codesearch.cli.places import lexical_place_of, place_of
from codesearch.cli.sources import in_one_option
from codesearch.core.counts import say_count
from codesearch.core.types import DataSource

PROFILES = ("calls_only", "inheritance_only", "references_only", "all_relevant")


@click.command()
@click.argument("place", metavar="PATH[:LINES]")
@in_one_option
@as_json_option
@click.pass_context
def show(context: click.Context, place: str, within: tuple[str, ...], as_json: bool) -> None:
    """Print lines of a file as they were indexed, with their numbers; without LINES the first 1,000.

    PATH is a path here on disk, a path from the repository's root, or an identifier as --json prints it.

    \b
    codesearch show src/flask/sessions.py:290-310
    codesearch show README.md --in flask
    codesearch show flask::src/flask/sessions.py::SecureCookieSessionInterface
    """
    holder: LazyAssembly = context.obj
    if _is_symbol(place):
        _show_artifact(context, holder, place, as_json=as_json)
        return
    found = locate(holder, place, within)
    arguments = {"data_source": found.source.id, "path": found.path, "start_line": found.start, "end_line": found.end}
    answer = call_tool(holder, "read_file", arguments)
    obj = answer.obj
    if as_json:
        print_json(obj)
    elif "content" in obj:
        from codesearch.cli.hits import print_code

        first = obj["start_line"]
        lines = [visible(line.removesuffix("\r")) for line in obj["content"].split("\n")]
        print_code(found.path, first, lines)
        if obj["end_line"] < min(obj["total_lines"], found.end or obj["total_lines"]):
            note(f"lines {first}-{obj['end_line']} of {obj['total_lines']} are shown; give others behind a colon.")
        print_freshness_warnings(obj)
    if "content" not in obj:
        note(
            obj.get("reason")
            or f"{found.path} has {say_count(obj.get('total_lines', 0), 'line')}; there is none from {found.start} on."
        )
        context.exit(NOTHING_FOUND)


def _is_symbol(place: str) -> bool:
    return place.count(SEPARATOR) > 1 and split_lines(place)[1] is None


def _show_artifact(context: click.Context, holder: LazyAssembly, identifier: str, *, as_json: bool) -> None:
    answer = call_tool(holder, "fetch_artifacts", {"identifiers": [identifier]})
    if as_json or answer.obj["artifacts"]:
        print_answer(answer, as_json=as_json)
    if not answer.obj["artifacts"]:
        missing = [item["reason"] for item in answer.obj["missing"]]
        note(missing[0] if missing else f"{identifier} is too long to be shown at once; give lines of its file.")
        context.exit(NOTHING_FOUND)


@click.command()
@click.argument("place", metavar="PATH")
@in_one_option
@as_json_option
@click.pass_context
def outline(context: click.Context, place: str, within: tuple[str, ...], as_json: bool) -> None:
    """List the classes, functions and other symbols of a file, with kinds and lines.

    \b
    codesearch outline src/flask/app.py
    codesearch outline flask::src/flask/app.py --json
    """
    holder: LazyAssembly = context.obj
    found = locate(holder, place, within)
    answer = call_tool(holder, "outline", {"data_source": found.source.id, "path": found.path})
    if as_json or answer.obj["is_indexed"]:
        print_answer(answer, as_json=as_json)
    if not answer.obj["is_indexed"]:
        note(answer.obj["reason"])
        context.exit(NOTHING_FOUND)


@click.command()
@click.argument("place", metavar="PATH:LINE|SYMBOL")
@in_one_option
@click.option(
    "--profile", type=click.Choice(PROFILES), default=PROFILES[0], show_default=True, help="Which relationships."
)
@click.option(
    "--max-count-per-type",
    "max_count",
    type=click.IntRange(1, 200),
    default=50,
    show_default=True,
    help="So many of each kind.",
)
@as_json_option
@click.pass_obj
def related(
    holder: LazyAssembly, place: str, within: tuple[str, ...], profile: str, max_count: int, as_json: bool
) -> None:
    """Say who calls a symbol and what it calls, what it builds on, where its name is defined and referred to.

    The symbol is the one around a line of a file, or named. Found by name, as far as a syntax tree tells.

    \b
    codesearch related src/flask/sessions.py:301
    codesearch related open_session --in flask --profile all_relevant
    """
    identifier, source = _name_symbol(holder, place, within)
    arguments = {
        "identifier": identifier,
        "profile": profile,
        "max_count_per_type": max_count,
        "data_source": source.id if source is not None else None,
    }
    print_answer(call_tool(holder, "get_artifact_relationships", arguments), as_json=as_json)


def _name_symbol(holder: LazyAssembly, place: str, within: tuple[str, ...]) -> tuple[str, DataSource | None]:
    """Return an identifier and the data source in which a bare symbol is looked for."""
    path, start, _ = split_lines(place)
    if start is None and SEPARATOR in place:
        return place, choose_one(holder, within) if within else None
    here = Path.cwd()
    if start is None and place_of(path, here) is None and lexical_place_of(path, here) is None:
        return place, choose_one(holder, within)
    found = locate(holder, place, within)
    tail = f"{SEPARATOR}{found.start}" if found.start else ""
    return f"{found.source.name}{SEPARATOR}{found.path}{tail}", None


@click.command()
@click.argument("place", metavar="[PATH]", default="")
@in_one_option
@click.option("--max-depth", "depth", type=click.IntRange(1, 50), default=3, show_default=True, help="So many levels.")
@click.option("--max-nodes", type=click.IntRange(1, 5000), default=300, show_default=True, help="At most so many.")
@as_json_option
@click.pass_obj
def tree(holder: LazyAssembly, place: str, within: tuple[str, ...], depth: int, max_nodes: int, as_json: bool) -> None:
    """List the folders and files of a data source, or below PATH, with lines and languages.

    \b
    codesearch tree
    codesearch tree src --max-depth 1
    codesearch tree --in flask --json
    """
    found = _locate_folder(holder, place, within)
    arguments = {"data_source": found.source.id, "path": found.path, "max_depth": depth, "max_nodes": max_nodes}
    print_answer(call_tool(holder, "get_file_tree", arguments), as_json=as_json)


def _locate_folder(holder: LazyAssembly, place: str, within: tuple[str, ...]) -> Located:
    """Return what is listed; a text that is no path here may be the name of a data source."""
    if not place:
        return Located(choose_one(holder, within), "")
    assembly = holder.get()
    if not within and place_of(place, Path.cwd()) is None and assembly.has_catalog():
        named = assembly.catalog.resolve(place)
        if isinstance(named, DataSource):
            return Located(named, "")
    return locate(holder, place, within)
