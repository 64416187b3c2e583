"""SOURCE on the command line: an id, a name, a path in a data source, or what a clone URL is known by; several, or all.

Between the commands and the catalog: what a person wrote becomes data sources, what they may have meant is suggested.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.cli.completion import complete_sources
from codesearch.cli.context import LazyAssembly
from codesearch.cli.places import place_of
from codesearch.core.errors import InvalidRequestError, NotFoundError, NotIndexedError, SourceError
from codesearch.core.redaction import redact
from codesearch.core.types import DataSource, Workspace

NOTHING_INDEXED = "Nothing is indexed yet. Run `codesearch index SOURCE`."
_SHOWN = 5
_PATH_LIKE = re.compile(r"\.{1,2}(?:/|$)|/|~")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^@/]*@)?(?P<host>[^:/]+)(?::\d+)?[:/]+(?P<path>.+)", re.IGNORECASE)

Command = TypeVar("Command", bound=Callable[..., object])


def fresh_option(command: Command) -> Command:
    """Give a command the option --fresh, as `fresh_seconds`."""
    return click.option(
        "--fresh",
        "fresh_seconds",
        type=click.IntRange(0, 30),
        default=0,
        metavar="SECONDS",
        help="Wait at most so long, 30 at most, until what is asked is up to date.",
    )(command)


def in_option(command: Command) -> Command:
    """Give a command the option --in, as `within`: data sources by id, name or path."""
    return _in_option("A repository, workspace or path in one; may be repeated.")(command)


def in_one_option(command: Command) -> Command:
    """Give a command the option --in, as `within`, of which it refuses more than one."""
    return _in_option("The repository that is meant, by id, name or path.")(command)


def _in_option(meaning: str) -> Callable[[Command], Command]:
    return click.option(
        "--in", "within", multiple=True, metavar="SOURCE", shell_complete=complete_sources, help=meaning
    )


def all_option(command: Command) -> Command:
    """Give a command the option --all, as `everything`."""
    return click.option("--all", "everything", is_flag=True, help="Every data source that has an index.")(command)


def choose_sources(
    holder: LazyAssembly, asked: Sequence[str], *, everything: bool = False
) -> list[DataSource | Workspace]:
    """Return what is meant, in the order given: each that is asked for, all, or the one that holds the current folder.

    A folder that is in none is indexed first where a person at a terminal says so. Raises UsageError for names beside
    --all and for none where it is not clear which, NotFoundError with near names, InvalidRequestError, SourceError.
    """
    if everything and asked:
        raise click.UsageError("--all is every data source; name none beside it.")
    assembly = holder.get()
    if not assembly.has_catalog() and not any(map(_is_path, asked or ["."])):
        raise NotFoundError(NOTHING_INDEXED)
    if everything:
        known = list_known(assembly)
        if not known:
            raise NotFoundError(NOTHING_INDEXED)
        return list(known)
    if not asked:
        return [_choose_default(holder)]
    return [find_source(holder, text) for text in asked]


def choose_ready(
    assembly: Assembly, chosen: Sequence[DataSource | Workspace], *, everything: bool = False
) -> list[DataSource]:
    """Return the data sources, each once, that have an index; with `everything`, those that have none are passed over.

    Raises NotIndexedError for one without an index.
    """
    retriever = assembly.retriever
    found: dict[str, DataSource] = {}
    for item in chosen:
        if everything and isinstance(item, DataSource) and not retriever.is_ready(item):
            continue
        _, ready = retriever.find_readable(LOCAL_PRINCIPAL, item.id)
        found.update((source.id, source) for source in ready)
    if not found:
        raise NotIndexedError("No data source has a finished index yet. `codesearch list` shows how far they are.")
    return list(found.values())


def list_known(assembly: Assembly) -> list[DataSource]:
    """Return every data source, in name order; none where there is no catalog, which is not made for this."""
    return assembly.catalog.list_sources() if assembly.has_catalog() else []


def find_source(holder: LazyAssembly, text: str) -> DataSource | Workspace:
    """Return the data source or workspace that a text means: id or name, path in it, address. Raises as above."""
    assembly = holder.get()
    found = assembly.catalog.resolve(text) if assembly.has_catalog() else None
    if found is not None:
        return found
    if _is_path(text):
        return _find_by_path(holder, Path(text).expanduser())
    known = list_known(assembly)
    matching = _match_address(known, text)
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise InvalidRequestError(f"{text!r} may be {_list_names(matching)}; give the name or the id.")
    raise _unknown(assembly, text)


def find_named(assembly: Assembly, text: str) -> DataSource:
    """Return the data source of an id or name. Raises NotFoundError, with near names."""
    if not assembly.has_catalog():
        raise NotFoundError(f"No such repository: {redact(text)[:120]!a}. {NOTHING_INDEXED}")
    try:
        return assembly.catalog.get_source(text)
    except NotFoundError as error:
        if isinstance(workspace := assembly.catalog.resolve(text), Workspace):
            names = _list_names(workspace.members)
            raise NotFoundError(f"{workspace.name} is a workspace; name one of its repositories: {names}.") from None
        near = _near_names(assembly, text)
        raise NotFoundError(f"{error.message} Did you mean {near}?") if near else error from None


def require_catalog(assembly: Assembly, kind: str, text: str) -> Assembly:
    """Return the assembly. Raises NotFoundError where there is no catalog that could hold what is asked for."""
    if assembly.has_catalog():
        return assembly
    raise NotFoundError(f"No such {kind}: {redact(text)[:120]!a}. Nothing was made here yet.")


def names_place(assembly: Assembly, text: str) -> bool:
    """Say whether a text means a place on disk, as it is neither an id nor a name."""
    return _is_path(text) and (not assembly.has_catalog() or assembly.catalog.resolve(text) is None)


def is_known(assembly: Assembly, text: str) -> bool:
    """Say whether a text is an id, a name, or a path of something on disk."""
    return place_of(text, Path.cwd()) is not None or (
        assembly.has_catalog() and assembly.catalog.resolve(text) is not None
    )


def _is_path(text: str) -> bool:
    """Say whether a text that is no name means a place on disk."""
    if _PATH_LIKE.match(text):
        return True
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _choose_default(holder: LazyAssembly) -> DataSource:
    """Return the data source that holds the current folder, or the only one."""
    from codesearch.tools.scope import find_holding

    known = list_known(holder.get())
    here = Path.cwd()
    holding = find_holding(known, here)
    if holding is not None:
        return holding
    if len(known) == 1:
        return known[0]
    if _is_terminal():
        return _find_by_path(holder, here)
    if not known:
        raise click.UsageError(f"{NOTHING_INDEXED[:-1]}, such as `.`, and name it.")
    options = {option for parameter in click.get_current_context().command.params for option in parameter.opts}
    names = _list_names(known)
    which = f"Name one: {names}; --all asks every one." if "--all" in options else f"Name one with --in: {names}."
    raise click.UsageError(f"No data source holds the current folder. {which}")


def _find_by_path(holder: LazyAssembly, path: Path) -> DataSource:
    from codesearch.tools.scope import find_holding

    try:
        place = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise NotFoundError(f"There is no {str(path)!r}. `codesearch list` shows what is indexed.") from error
    holding = find_holding(list_known(holder.get()), place)
    return holding or _offer_to_index(holder, place)


def _offer_to_index(holder: LazyAssembly, place: Path) -> DataSource:
    """Index the repository or folder that holds a place, if whoever sits at the terminal wants it."""
    from indexer.source.discovery import find_repository

    folder = place if place.is_dir() else place.parent
    repository = find_repository(folder)
    root = repository or folder
    if not _is_terminal():
        from shlex import quote

        raise NotFoundError(f"No data source holds {place}. Run `codesearch index {quote(str(root))}`.")
    # A plain folder may be anything, such as all of somebody's home.
    if not click.confirm(f"No data source holds {place}. Index {root} now?", default=repository is not None, err=True):
        raise NotFoundError(f"No data source holds {place}.")
    from codesearch.cli.index import index_one
    from codesearch.tools.scope import find_holding

    source = index_one(holder, str(root))
    if find_holding([source], place) is None:
        raise SourceError(f"{place} is not in {source.name}.")
    return source


def _is_terminal() -> bool:
    """Say whether somebody can be asked: they see stderr, and type."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _match_address(sources: Sequence[DataSource], text: str) -> list[DataSource]:
    """Return the data sources whose clone URL is written here, in any of its forms, or that are called `owner/name`."""
    from indexer.source.location import CODE_HOSTS, expand_shorthand

    expanded = expand_shorthand(text)
    wanted = _address_of(expanded or text)
    if wanted is None:
        return []
    addresses = [(source, _address_of(source.location)) for source in sources]
    exact = [source for source, address in addresses if address == wanted]
    is_bare = expanded is not None and not text.lower().removeprefix("www.").startswith(CODE_HOSTS)
    if exact or not is_bare:
        return exact
    # Another host's `owner/name`.
    return [source for source, address in addresses if address and address.endswith(f"/{wanted.partition('/')[2]}")]


def _address_of(location: str) -> str | None:
    """Return host and path of a clone URL, `github.com/pallets/flask`; None for what is none."""
    match = None if location.startswith(("/", ".")) else _ADDRESS.fullmatch(location)
    if match is None or "." not in match["host"]:
        return None
    path = match["path"].strip("/").removesuffix(".git").rstrip("/")
    return f"{match['host']}/{path}".casefold() if path else None


def _unknown(assembly: Assembly, text: str) -> NotFoundError:
    near = _near_names(assembly, text)
    suggestion = f" Did you mean {near}?" if near else ""
    shown = redact(text)[:100]
    return NotFoundError(
        f"No repository or workspace has the id or name {shown!r}.{suggestion} `codesearch list` shows them."
    )


def _near_names(assembly: Assembly, text: str) -> str:
    """Return the names that are like a text, the nearest first, as a phrase; "" for none."""
    from difflib import get_close_matches

    names = [source.name for source in assembly.catalog.list_sources()] if assembly.has_catalog() else []
    names += [workspace.name for workspace in assembly.catalog.list_workspaces()] if names else []
    by_folded = {name.casefold(): name for name in names}
    last = text.rstrip("/").rpartition("/")[2].casefold().removesuffix(".git")
    near = get_close_matches(last, by_folded, n=3, cutoff=0.6)
    # The first word alone is meant more often than difflib would have it: `orders` of `orders-service`.
    for name in by_folded:
        word = re.split(r"[\W_]", name, maxsplit=1)[0]
        if name not in near and get_close_matches(last, [word], cutoff=0.75):
            near.append(name)
    return " or ".join(by_folded[name] for name in near[:3])


def _list_names(sources: Sequence[DataSource]) -> str:
    shown = ", ".join(source.name for source in sources[:_SHOWN])
    return f"{shown} and {len(sources) - _SHOWN} more" if len(sources) > _SHOWN else shown
