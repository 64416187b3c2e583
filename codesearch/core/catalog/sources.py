"""The catalog's data sources and workspaces, and how an id or name finds them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import groupby

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, or_, select, text

from codesearch.core.catalog.database import Database
from codesearch.core.catalog.names import choose_name, create_id, fold_name, is_id, lookup_key, validate_name
from codesearch.core.catalog.schema import (
    SOURCE_KIND,
    WORKSPACE_KIND,
    data_sources,
    knowledge_bases,
    workspace_members,
    workspaces,
)
from codesearch.core.errors import InvalidRequestError, NameTakenError, NotFoundError
from codesearch.core.redaction import redact
from codesearch.core.types import DataSource, SourceState, Workspace

_names = knowledge_bases.alias("source_names")
# A source's own columns, by DataSource's fields; called source_FIELD where others stand beside them.
_COLUMNS_BY_FIELD = {
    "id": _names.c.id,
    "name": _names.c.name,
    "type": data_sources.c.type,
    "location": data_sources.c.location,
    "branch": data_sources.c.branch,
    "subdir": data_sources.c.subdir,
    "commit": data_sources.c.commit_id,
    "state": data_sources.c.state,
    "run_id": data_sources.c.run_id,
    "file_count": data_sources.c.file_count,
    "chunk_count": data_sources.c.chunk_count,
    "indexed_at": data_sources.c.indexed_at,
    "message": data_sources.c.message,
    "index_format": data_sources.c.index_format,
    "uncommitted_count": data_sources.c.uncommitted_count,
    "uncommitted_paths": data_sources.c.uncommitted_paths,
    "refresh_minutes": data_sources.c.refresh_minutes,
    "is_paused": data_sources.c.is_paused,
    "next_refresh_at": data_sources.c.next_refresh_at,
    "remote_commit": data_sources.c.remote_commit,
    "remote_seen_at": data_sources.c.remote_seen_at,
}
_LABELS_BY_FIELD = {field: f"source_{field}" for field in _COLUMNS_BY_FIELD}
_SOURCE_COLUMNS = [column.label(_LABELS_BY_FIELD[field]) for field, column in _COLUMNS_BY_FIELD.items()]
_SELECT_SOURCES = select(*_SOURCE_COLUMNS).select_from(data_sources.join(_names, _names.c.id == data_sources.c.id))
_SELECT_PLACES = select(_names.c.id, _names.c.name, data_sources.c.location).select_from(
    data_sources.join(_names, _names.c.id == data_sources.c.id)
)
# All ids as one value: a millisecond for 10,000.
_SELECT_MARK = {
    "sqlite": text("SELECT group_concat(id, '') FROM (SELECT id FROM codesearch_data_sources ORDER BY id)"),
    "postgresql": text("SELECT sha256(string_agg(id, '' ORDER BY id)::bytea) FROM codesearch_data_sources"),
}
# A row per member of a workspace, one row for a data source; built once, for every request runs one of these.
_SELECT_KNOWLEDGE_BASES = select(
    knowledge_bases.c.id, knowledge_bases.c.kind, knowledge_bases.c.name, *_SOURCE_COLUMNS
).select_from(
    knowledge_bases.outerjoin(workspace_members, workspace_members.c.workspace_id == knowledge_bases.c.id)
    .outerjoin(data_sources, data_sources.c.id == func.coalesce(workspace_members.c.source_id, knowledge_bases.c.id))
    .outerjoin(_names, _names.c.id == data_sources.c.id)
)
_SELECT_BY_KEY = _SELECT_KNOWLEDGE_BASES.where(
    or_(knowledge_bases.c.id == bindparam("key"), knowledge_bases.c.name_key == bindparam("key"))
)
_ADD_KNOWLEDGE_BASE = insert(knowledge_bases)
_ADD_SOURCE = insert(data_sources)

# Databases take so many values in one statement at least.
_IDS_AT_ONCE = 500

# By so much two machines' clocks may differ without anything being wrong.
CLOCKS_DIFFER = timedelta(minutes=1)


def utc_now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(timezone.utc)


class CatalogPart:
    """What every part of the catalog works with: the database and a clock."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock


@dataclass(frozen=True, slots=True)
class MarkedSources:
    """All data sources, and their mark: as long as it is the same, none was added or removed."""

    mark: str
    sources: Sequence[DataSource]


class SourceCatalog(CatalogPart):
    """Data sources and workspaces. Their names share one namespace, in which case makes no difference."""

    def resolve(self, id_or_name: str) -> DataSource | Workspace | None:
        """Return the data source or workspace with that id or unique name, or None. Accepts any string."""
        key = lookup_key(id_or_name)
        if key is None:
            return None
        return self._database.read_once(("name", key), partial(_find, key=key))

    def get_source(self, id_or_name: str) -> DataSource:
        """Return the data source with that id or name. Raises NotFoundError."""
        return _expect_source(self.resolve(id_or_name), id_or_name)

    def list_sources(self) -> list[DataSource]:
        """Return every data source, in name order."""
        with self._database.reading() as connection:
            return _in_name_order(connection.execute(_SELECT_SOURCES).mappings())

    def list_marked_sources(self) -> MarkedSources:
        """Return every data source, and their mark."""
        with self._database.reading() as connection:
            return list_marked(connection)

    def mark_sources(self) -> str:
        """Return the mark of the data sources that there are, for less than to list them."""
        with self._database.reading() as connection:
            return read_mark(connection)

    def find_sources(self, choose: Callable[[str, str, str], bool]) -> list[DataSource]:
        """Return the data sources that are chosen by their id, name and location, in name order.

        Of the others no more is read: this is what a run of one source may ask with many beside it.
        """
        with self._database.reading() as connection:
            chosen = sorted(_choose_source_ids(connection, choose))
        found: list[DataSource] = []
        for begin in range(0, len(chosen), _IDS_AT_ONCE):
            condition = data_sources.c.id.in_(chosen[begin : begin + _IDS_AT_ONCE])
            with self._database.reading() as connection:
                found += map(_to_source, connection.execute(_SELECT_SOURCES.where(condition)).mappings())
        return sorted(found, key=lambda source: fold_name(source.name))

    def choose_source_ids(self, choose: Callable[[str, str, str], bool]) -> frozenset[str]:
        """Return the ids of the data sources that are chosen by their id, name and location.

        Equal choices are taken for the same: what an equal one chose may be returned while nobody writes.
        """
        return self._database.read_once(("chosen", choose), partial(_choose_source_ids, choose=choose))

    def add_source(
        self,
        *,
        id: str,  # noqa: A002 - the field's name
        location: str,
        name: str | None = None,
        suggested_names: Sequence[str] = (),
        type: str = "repository",  # noqa: A002 - the field's name
        branch: str | None = None,
        subdir: str | None = None,
    ) -> DataSource:
        """Add a data source, or return the one that has this id already, unchanged.

        It is called `name`, which must be free, or else the first free one of `suggested_names`, numbered when none is.
        Raises InvalidRequestError for a wrong id or name, and for a name that is taken.
        """
        if not is_id(id):
            raise InvalidRequestError(f"A data source's id is 24 hex digits, not {id!r}.")
        wanted = None if name is None else validate_name(name)
        with self._database.writing() as connection:
            present = _find(connection, id)
            if isinstance(present, DataSource):
                return present
            if wanted is None:
                wanted = choose_name(suggested_names, lambda candidate: _find(connection, fold_name(candidate)) is None)
            else:
                _check_free(connection, wanted)
            _add_knowledge_base(connection, id, SOURCE_KIND, wanted)
            values = {"type": type, "location": location, "branch": branch, "subdir": subdir}
            connection.execute(_ADD_SOURCE, {"id": id, "state": SourceState.PENDING.value, **values})
            return _expect_source(_find(connection, id), id)

    def rename_source(self, id_or_name: str, name: str) -> DataSource:
        """Give a data source another name. Raises NotFoundError, and InvalidRequestError for a wrong or taken name."""
        name = validate_name(name)
        with self._database.writing() as connection:
            source = find_source_row(connection, id_or_name)
            _check_free(connection, name, unless_id=source.id)
            statement = knowledge_bases.update().where(knowledge_bases.c.id == source.id)
            connection.execute(statement.values(name=name, name_key=fold_name(name)))
            return find_source_row(connection, source.id)

    def remove_source(self, id_or_name: str) -> DataSource:
        """Remove a data source, its runs, and its membership in workspaces and scopes of keys; return what it was.

        A key that could read nothing else reads nothing from then on. Raises NotFoundError.
        """
        with self._database.writing() as connection:
            source = find_source_row(connection, id_or_name)
            connection.execute(knowledge_bases.delete().where(knowledge_bases.c.id == source.id))
        return source

    def create_workspace(self, name: str, sources: Iterable[str]) -> Workspace:
        """Group data sources, given by id or name; naming one twice counts once.

        Raises InvalidRequestError for a wrong or taken name or no members, NotFoundError that names unknown members.
        """
        name = validate_name(name, "workspace")
        with self._database.writing() as connection:
            source_ids = find_source_ids(connection, sources)
            if not source_ids:
                raise InvalidRequestError(f"The workspace {name!r} needs at least one repository.")
            workspace_id = create_id()
            _check_free(connection, name)
            _add_knowledge_base(connection, workspace_id, WORKSPACE_KIND, name)
            connection.execute(workspaces.insert().values(id=workspace_id))
            rows = [{"workspace_id": workspace_id, "source_id": source_id} for source_id in source_ids]
            connection.execute(workspace_members.insert(), rows)
            created = _find(connection, workspace_id)
        return _expect_workspace(created, name)

    def change_workspace(
        self,
        id_or_name: str,
        *,
        name: str | None = None,
        sources: Iterable[str] | None = None,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> Workspace:
        """Give a workspace another name or other members, given by id or name; return what it is now.

        `sources`, where they are given, take the place of its members; then some are added, and others taken out. What
        is in it already, or is not, is passed over. Raises NotFoundError that names the unknown, and
        InvalidRequestError for a wrong or taken name, and where no member would be left.
        """
        name = None if name is None else validate_name(name, "workspace")
        with self._database.writing() as connection:
            workspace = _find_workspace(connection, id_or_name)
            members = [member.id for member in workspace.members]
            wanted = members if sources is None else find_source_ids(connection, sources)
            wanted = list(dict.fromkeys([*wanted, *find_source_ids(connection, add)]))
            gone = set(find_source_ids(connection, remove))
            wanted = [source_id for source_id in wanted if source_id not in gone]
            if not wanted and set(members) != set(wanted):
                raise InvalidRequestError(f"The workspace {workspace.name!r} needs at least one repository.")
            if name is not None:
                _check_free(connection, name, unless_id=workspace.id)
                statement = knowledge_bases.update().where(knowledge_bases.c.id == workspace.id)
                connection.execute(statement.values(name=name, name_key=fold_name(name)))
            _change_members(connection, workspace.id, members, wanted)
            return _find_workspace(connection, workspace.id)

    def list_workspaces(self) -> list[Workspace]:
        """Return every workspace, in name order."""
        statement = _SELECT_KNOWLEDGE_BASES.where(knowledge_bases.c.kind == WORKSPACE_KIND)
        with self._database.reading() as connection:
            rows = connection.execute(statement.order_by(knowledge_bases.c.id)).mappings().all()
        found = [_to_workspace(list(group)) for _, group in groupby(rows, key=lambda row: row["id"])]
        return sorted(found, key=lambda workspace: fold_name(workspace.name))

    def get_workspace(self, id_or_name: str) -> Workspace:
        """Return the workspace with that id or name. Raises NotFoundError."""
        return _expect_workspace(self.resolve(id_or_name), id_or_name)

    def remove_workspace(self, id_or_name: str) -> Workspace:
        """Remove a workspace, not its members; return what it was. Raises NotFoundError."""
        with self._database.writing() as connection:
            workspace = _find_workspace(connection, id_or_name)
            connection.execute(knowledge_bases.delete().where(knowledge_bases.c.id == workspace.id))
        return workspace


def list_marked(connection: Connection) -> MarkedSources:
    """Return what `list_marked_sources` does."""
    # The mark first: what is added in between is in the list, and the mark is another one from then on.
    mark = read_mark(connection)
    return MarkedSources(mark, _in_name_order(connection.execute(_SELECT_SOURCES).mappings()))


def read_mark(connection: Connection) -> str:
    """Return what `mark_sources` does, inside a transaction: a hash of all ids, which say where sources lie."""
    ids = connection.execute(_SELECT_MARK[connection.dialect.name]).scalar()
    return hashlib.sha256(ids if isinstance(ids, bytes) else str(ids).encode()).hexdigest()


def find_source_row(connection: Connection, id_or_name: str) -> DataSource:
    """Return the data source with that id or name inside a transaction. Raises NotFoundError."""
    key = lookup_key(id_or_name)
    return _expect_source(_find(connection, key) if key else None, id_or_name)


def _find_workspace(connection: Connection, id_or_name: str) -> Workspace:
    key = lookup_key(id_or_name)
    return _expect_workspace(_find(connection, key) if key else None, id_or_name)


def _change_members(connection: Connection, workspace_id: str, members: Sequence[str], wanted: Sequence[str]) -> None:
    table, gone = workspace_members, set(members) - set(wanted)
    connection.execute(table.delete().where(table.c.workspace_id == workspace_id, table.c.source_id.in_(sorted(gone))))
    rows = [{"workspace_id": workspace_id, "source_id": item} for item in wanted if item not in set(members)]
    if rows:
        connection.execute(table.insert(), rows)


def find_source_ids(connection: Connection, ids_or_names: Iterable[str]) -> list[str]:
    """Return the data sources' ids, each once, in the order given. Raises NotFoundError that names the unknown."""
    return _find_ids(connection, ids_or_names, DataSource, "repository")


def find_member_ids(connection: Connection, ids_or_names: Iterable[str]) -> list[str]:
    """Return the ids of data sources and workspaces, as `find_source_ids` does."""
    return _find_ids(connection, ids_or_names, (DataSource, Workspace), "repository or workspace")


def _find_ids(
    connection: Connection, ids_or_names: Iterable[str], kinds: type | tuple[type, ...], called: str
) -> list[str]:
    found: dict[str, None] = {}
    unknown: list[str] = []
    for id_or_name in ids_or_names:
        key = lookup_key(id_or_name)
        item = _find(connection, key) if key else None
        if item is not None and isinstance(item, kinds):
            found[item.id] = None
        else:
            unknown.append(_shown(id_or_name))
    if unknown:
        raise NotFoundError(f"No such {called}: {', '.join(unknown)}. `codesearch list` shows them.")
    return list(found)


def _choose_source_ids(connection: Connection, choose: Callable[[str, str, str], bool]) -> frozenset[str]:
    return frozenset(
        source_id for source_id, name, place in connection.execute(_SELECT_PLACES) if choose(source_id, name, place)
    )


def _find(connection: Connection, key: str) -> DataSource | Workspace | None:
    rows = connection.execute(_SELECT_BY_KEY, {"key": key}).mappings().all()
    if not rows:
        return None
    return _to_source(rows[0]) if rows[0]["kind"] == SOURCE_KIND else _to_workspace(rows)


def _to_source(row: RowMapping) -> DataSource:
    values = {field: row[label] for field, label in _LABELS_BY_FIELD.items()}
    return DataSource(**{**values, "state": SourceState(values["state"])})


def _to_workspace(rows: Sequence[RowMapping]) -> Workspace:
    members = _in_name_order(row for row in rows if row[_LABELS_BY_FIELD["id"]] is not None)
    return Workspace(id=rows[0]["id"], name=rows[0]["name"], members=tuple(members))


def _in_name_order(rows: Iterable[RowMapping]) -> list[DataSource]:
    # Sorted here, for databases differ in the order of letters.
    return sorted(map(_to_source, rows), key=lambda source: fold_name(source.name))


def _add_knowledge_base(connection: Connection, id_: str, kind: str, name: str) -> None:
    connection.execute(_ADD_KNOWLEDGE_BASE, {"id": id_, "kind": kind, "name": name, "name_key": fold_name(name)})


def _check_free(connection: Connection, name: str, unless_id: str | None = None) -> None:
    owner = _find(connection, fold_name(name))
    if owner is not None and owner.id != unless_id:
        what = f"repository {owner.location}" if isinstance(owner, DataSource) else f"workspace {owner.id}"
        raise NameTakenError(f"The name {name!r} is taken by the {what}; choose another one.")


def _expect_source(found: DataSource | Workspace | None, asked: str) -> DataSource:
    if isinstance(found, Workspace):
        raise NotFoundError(f"{_shown(asked)} is a workspace, not a repository.")
    if found is None:
        raise NotFoundError(f"No such repository: {_shown(asked)}. `codesearch list` shows them.")
    return found


def _expect_workspace(found: DataSource | Workspace | None, asked: str) -> Workspace:
    if isinstance(found, DataSource):
        raise NotFoundError(f"{_shown(asked)} is a repository, not a workspace.")
    if found is None:
        raise NotFoundError(f"No such workspace: {_shown(asked)}. `codesearch workspace list` shows them.")
    return found


def _shown(asked: str) -> str:
    """Return what was asked for as one short printable line."""
    asked = redact(asked)
    return ascii(asked if len(asked) <= 120 else asked[:120] + "...")
