"""What `codesearch doctor` finds in files: the catalog's, the store's, the search indexes, and what is left over."""

from __future__ import annotations

from collections.abc import Iterator

from codesearch.assembly import Assembly
from codesearch.cli.finding import Finding
from codesearch.core.catalog.runs import index_command
from codesearch.core.counts import say_bytes, say_count
from codesearch.core.index.usage import DiskUsage, measure_segments
from codesearch.core.types import DataSource, SourceState

_INDEX_ALL = "Run `codesearch index --all`."


def examine_catalog_file(assembly: Assembly) -> Iterator[Finding]:
    """Read the whole catalog, and its backup."""
    problem = assembly.catalog.find_problem()
    if problem is not None:
        yield Finding("catalog file", False, problem, "Run `codesearch doctor --restore-catalog`.")
    backup = assembly.catalog.describe_backup()
    if backup is not None and assembly.catalog.list_sources():
        is_good, found = backup
        yield Finding(
            "catalog backup", is_good, found, "" if is_good else "The next command that changes it writes one."
        )


def examine_store_files(assembly: Assembly) -> Iterator[Finding]:
    """Read every row and every file of the store, and compare the rows with what the catalog says."""
    damage = assembly.store.find_damage()
    if damage is not None:
        yield Finding("store files", False, damage.message, _INDEX_ALL)
        return
    counts = assembly.store.count_by_source()
    sources = {source.id: source for source in assembly.catalog.list_sources()}
    wrong = [source for source in sources.values() if _has_other_rows(assembly, source, counts.get(source.id, 0))]
    for source in wrong:
        own = assembly.count_own_rows(source)
        found = f"{say_count(counts.get(source.id, 0), 'row')} in the store, {own:,} in the catalog"
        yield Finding(f"rows of {source.name}", False, found, f"Run `{index_command(source)}`.")
    for source_id in sorted(set(counts) - set(sources)):
        found = f"{say_count(counts[source_id], 'row')} of no data source of this catalog"
        advice = f"Unless another data folder uses this store: `codesearch remove {source_id}`."
        yield Finding(f"rows of {source_id}", False, found, advice)
    if not wrong:
        usage = assembly.store.measure()
        kept = "" if usage is None else f"; {say_bytes(usage[0])}, {say_count(usage[1], 'version')}"
        yield Finding("store files", True, f"{say_count(sum(counts.values()), 'row')}, all read{kept}")
    for path in assembly.store.set_aside():
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        found = f"{path}, {size / 1024**2:.0f} MiB: a damaged table, kept"
        yield Finding("set aside", True, found, "Delete it when `codesearch index --all` has ended well.")


def _has_other_rows(assembly: Assembly, source: DataSource, row_count: int) -> bool:
    if source.state is not SourceState.READY or source.index_format != assembly.index_format.table_name:
        return False
    if assembly.search_indexes.find_lost_lender(source.id, source.run_id) is not None:
        # How many are its own cannot be told, and what is lost is said of its search index.
        return False
    # Between the rows and the catalog's word for them, a run is at work.
    return row_count != assembly.count_own_rows(source) and not assembly.catalog.is_running(source.id)


def examine_search_files(assembly: Assembly) -> Iterator[Finding]:
    """Read the search index of every data source whole."""
    count = 0
    total = DiskUsage()
    for source in assembly.catalog.list_sources():
        if source.state is SourceState.READY and source.index_format == assembly.index_format.table_name:
            count += 1
            total += measure_segments(assembly.settings.data_dir / "search" / source.id)
            if lost := assembly.search_indexes.find_lost_objects(source.id, source.run_id):
                found = f"{lost[0]} is lost from {assembly.store.uri}, {say_count(len(lost), 'object')} in all"
                yield Finding(f"published index of {source.name}", False, found, _INDEX_ALL)
            problem = assembly.search_indexes.find_damage(source.id, source.run_id)
            if problem is not None and not assembly.search_indexes.is_elsewhere(source.id, source.run_id):
                lender = assembly.search_indexes.find_lost_lender(source.id, source.run_id)
                advice = f"The next query makes it again, or `{index_command(source)}`."
                if lender is not None:
                    problem += f"; it is shared with {_name_of(assembly, lender)}, and the store has no rows of it here"
                    advice = f"Run `{index_command(source)}`."
                yield Finding(f"search index of {source.name}", False, problem, advice)
    found = f"{say_count(count, 'search index', 'search indexes')} of {say_count(total.segments, 'segment')}, all read"
    shared = f", {say_bytes(total.shared_bytes)} of it in segments that several share" if total.shared_bytes else ""
    yield Finding("search files", True, f"{found}; {say_bytes(total.index_bytes)}{shared}")


def _name_of(assembly: Assembly, source_id: str) -> str:
    found = assembly.catalog.resolve(source_id)
    return found.name if isinstance(found, DataSource) else "a data source that was removed"


def examine_leftovers(assembly: Assembly) -> Iterator[Finding]:
    """Look for what removed data sources left, and for files in the place of folders or the reverse."""
    removals = assembly.removals
    for source_id in removals.noted():
        advice = f"The next `codesearch index` deletes them, or `codesearch remove {source_id}`."
        yield Finding("removal", False, f"{source_id} was removed, its rows and files are still there", advice)
    for source_id in removals.unknown_ids():
        if source_id not in removals.noted():
            found = ", ".join(str(path) for path in removals.files_of(source_id))
            yield Finding("leftovers", False, f"of no data source: {found}", f"Run `codesearch remove {source_id}`.")
    data_dir = assembly.settings.data_dir
    for name in (
        "store",
        "search",
        "mirrors",
        "histories",
        "trees",
        "verdicts",
        "staging",
        "locks",
        "removals",
        "models",
    ):
        if (data_dir / name).exists() and not (data_dir / name).is_dir():
            yield Finding("data folder", False, f"{data_dir / name} is a file where a folder belongs", "Move it away.")
    for path in sorted([*(data_dir / "locks").glob("*.lock"), *(data_dir / "store").glob("*.lock")]):
        if path.is_dir():
            yield Finding("data folder", False, f"{path} is a folder where a lock file belongs", "Move it away.")
