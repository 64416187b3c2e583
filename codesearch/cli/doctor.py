"""Examines an installation: what is configured, what works, and what to do about the rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory

from codesearch.assembly import Assembly
from codesearch.cli import disk_findings
from codesearch.cli.access_findings import examine_access
from codesearch.cli.figure_findings import examine_figures
from codesearch.cli.finding import Finding
from codesearch.cli.wording import describe_error
from codesearch.core.catalog.catalog import open_catalog
from codesearch.core.catalog.runs import index_command
from codesearch.core.counts import say_count
from codesearch.core.errors import CodesearchError
from codesearch.core.ownership import OTHERS_MAY_ANYTHING, OTHERS_MAY_READ
from codesearch.core.settings.environment import find_misspelt, name_variable
from codesearch.core.settings.places import SettingOrigin, find_origins, read_places
from codesearch.core.types import SourceState

LOW_DISK_BYTES = 2 * 1024**3


def examine(open_assembly: Callable[[], Assembly]) -> list[Finding]:
    """Look at every part in the order in which they depend on each other; a part that fails ends nothing else."""
    findings = [Finding("codesearch", True, version("codesearch"))]
    try:
        assembly = open_assembly()
    except CodesearchError as error:
        return [
            *findings,
            Finding("settings", False, describe_error(error), "Correct it, then run `codesearch doctor` again."),
        ]
    with _catalog_to_read(assembly):
        findings.extend(_examine_parts(assembly))
    return findings


@contextmanager
def _catalog_to_read(assembly: Assembly) -> Iterator[None]:
    """Let an empty catalog elsewhere stand for the one that was never made: to look for it is not to make it."""
    try:
        is_there = assembly.has_catalog()
    except CodesearchError:
        # To open it says what is wrong.
        is_there = True
    if is_there:
        yield
        return
    with TemporaryDirectory(prefix="codesearch-doctor-") as folder, open_catalog(f"sqlite:///{folder}/empty") as empty:
        assembly.catalog = empty
        yield
        del assembly.catalog


def _examine_parts(assembly: Assembly) -> Iterator[Finding]:
    for subject, look in (
        ("configuration", _examine_configuration),
        ("git", _examine_git),
        ("data folder", _examine_data_dir),
        ("catalog", _examine_catalog),
        ("catalog file", disk_findings.examine_catalog_file),
        ("embedding model", _examine_model),
        ("vector store", _examine_store),
        ("store files", disk_findings.examine_store_files),
        ("search files", disk_findings.examine_search_files),
        ("leftovers", disk_findings.examine_leftovers),
        ("indexes", _examine_indexes),
        ("size and age", examine_figures),
        ("keys", _examine_keys),
        ("access", examine_access),
    ):
        try:
            yield from look(assembly)
        except CodesearchError as error:
            yield Finding(
                subject, False, describe_error(error), "See the message; the parts after it may depend on it."
            )


def _examine_configuration(assembly: Assembly) -> Iterator[Finding]:
    places = read_places(type(assembly.settings).model_fields, {})
    files = places.files
    yield Finding("configuration", True, ", ".join(map(str, files.used)) or "no file; environment and defaults")
    for note in files.notes:
        yield Finding("configuration", True, note, "`codesearch trust --list` shows what counts.")
    yield from _describe_origins(find_origins(assembly.settings, places), files.used)
    for name, near in find_misspelt(type(assembly.settings).model_fields).items():
        yield Finding("settings", False, f"{name} of the environment is no setting", f"Is {near} meant?")


def _describe_origins(origins: Sequence[SettingOrigin], used: Sequence[Path]) -> Iterator[Finding]:
    """Say of which place each setting is, the one that wins first. Never what it is: it may be or hold a secret."""
    for path in (None, *reversed(used)):
        names = ", ".join(_name_setting(origin) for origin in origins if origin.path == path)
        if names:
            yield Finding("settings", True, f"of {path or 'the environment'}: {names}")
    yield Finding("settings", True, f"{'all others' if origins else 'all'} are at their defaults")


def _name_setting(origin: SettingOrigin) -> str:
    name = origin.name if origin.path else name_variable(origin.name)
    return f"{name} (not {', '.join(map(str, origin.passed_over))})" if origin.passed_over else name


def _examine_git(_: Assembly) -> Iterator[Finding]:
    found = shutil.which("git")
    yield Finding("git", found is not None, found or "not found", "" if found else "Install git and put it on PATH.")


def _examine_data_dir(assembly: Assembly) -> Iterator[Finding]:
    path = assembly.settings.data_dir.resolve()
    nearest = next(folder for folder in (path, *path.parents) if folder.exists())
    writable = nearest.is_dir() and os.access(nearest, os.W_OK)
    yield Finding(
        "data folder",
        writable,
        str(path),
        "" if writable else "Make it a folder that can be written, or set CODESEARCH_DATA_DIR.",
    )
    exposed = _find_exposed(path)
    if exposed:
        yield Finding(
            "privacy",
            False,
            f"other users of this machine can read {', '.join(exposed)} in {path}",
            f"Run: chmod -R go-rwx {quote(str(path))}",
        )
    free = shutil.disk_usage(nearest).free
    roomy = free > LOW_DISK_BYTES
    yield Finding(
        "free disk",
        roomy,
        f"{free / 1024**3:.1f} GiB",
        "" if roomy else "Free some: an index needs room to be rewritten.",
    )


def _find_exposed(folder: Path) -> list[str]:
    """Return the names in the data folder that others can get at, when they can get into it."""
    try:
        if not folder.is_dir() or not folder.stat().st_mode & OTHERS_MAY_ANYTHING:
            return []
        return sorted(
            item.name for item in folder.iterdir() if item.lstat().st_mode & OTHERS_MAY_READ and not item.is_symlink()
        )
    except OSError:
        return []


def _examine_catalog(assembly: Assembly) -> Iterator[Finding]:
    if not assembly.has_catalog():
        yield Finding("catalog", True, "none yet; the first `codesearch index` makes it")
        return
    sources = assembly.catalog.list_sources()
    yield Finding("catalog", True, f"{assembly.catalog.name}: {len(sources)} data sources")


def _examine_model(assembly: Assembly) -> Iterator[Finding]:
    embedder = assembly.embedder
    found = f"{embedder.name}, {embedder.dimension} dimensions, {embedder.max_tokens} tokens"
    works = bool(embedder.embed_query("how are failed requests retried").any())
    yield Finding(
        "embedding model",
        works,
        found,
        "" if works else "It gives no vectors: choose another CODESEARCH_EMBEDDING_MODEL.",
    )


def _examine_store(assembly: Assembly) -> Iterator[Finding]:
    yield Finding("vector store", True, f"{assembly.store.uri}: {len(assembly.store.formats())} index format(s)")


def _examine_indexes(assembly: Assembly) -> Iterator[Finding]:
    sources = assembly.catalog.list_sources()
    if not sources:
        yield Finding("indexes", True, "nothing is indexed yet", "Run `codesearch index SOURCE`.")
        return
    for source in assembly.outdated_sources():
        yield Finding(f"index of {source.name}", False, assembly.describe_mismatch(), "Run `codesearch index --all`.")
    for source in sources:
        if source.state is not SourceState.READY or source.message:
            yield Finding(
                f"index of {source.name}",
                source.state is SourceState.READY,
                assembly.catalog.describe_progress(source),
                f"Run `{index_command(source)}`.",
            )
    chunks = sum(source.chunk_count for source in sources)
    yield Finding("indexes", True, f"{say_count(len(sources), 'data source')}, {say_count(chunks, 'chunk')}")


def _examine_keys(assembly: Assembly) -> Iterator[Finding]:
    has_keys = assembly.catalog.has_keys()
    advice = "" if has_keys else "Run `codesearch key create NAME`: without a key nobody can query the service."
    yield Finding("keys", has_keys, "there are keys" if has_keys else "there is no usable key", advice)
