"""The catalog's groups: data sources and workspaces that are read together, and the keys that are bound to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, func, select

from codesearch.core.catalog.names import create_id, fold_name, lookup_key, validate_name
from codesearch.core.catalog.schema import (
    WORKSPACE_KIND,
    api_keys,
    data_sources,
    group_keys,
    group_members,
    groups,
    knowledge_bases,
    workspace_members,
)
from codesearch.core.catalog.sources import CatalogPart, find_member_ids
from codesearch.core.errors import InvalidRequestError, NameTakenError, NotFoundError
from codesearch.core.types import Group, GroupMember

# What a member stands for: a data source for itself, a workspace for what is in it now; a null where that is nothing.
MEMBER_SOURCE_ID = func.coalesce(workspace_members.c.source_id, data_sources.c.id)
MEMBERS_WITH_SOURCES = group_members.outerjoin(
    workspace_members, workspace_members.c.workspace_id == group_members.c.member_id
).outerjoin(data_sources, data_sources.c.id == group_members.c.member_id)
_SELECT_READ_BY_NAMES = (
    select(MEMBER_SOURCE_ID.label("source_id"))
    .select_from(groups.join(MEMBERS_WITH_SOURCES, group_members.c.group_id == groups.c.id))
    .where(groups.c.name.in_(bindparam("names", expanding=True)))
)


class GroupCatalog(CatalogPart):
    """Groups. Their names are apart from those of data sources and workspaces; case makes no difference."""

    def create_group(self, name: str, members: Iterable[str] = ()) -> Group:
        """Create a group that reads data sources and workspaces, given by id or name.

        Raises InvalidRequestError for a wrong or taken name, NotFoundError that names unknown members.
        """
        name = validate_name(name, "group")
        with self._database.writing() as connection:
            if _find_groups(connection, groups.c.name_key == fold_name(name)):
                raise NameTakenError(f"There is a group {name!r} already; choose another name.")
            member_ids = find_member_ids(connection, members)
            group_id = create_id()
            connection.execute(groups.insert().values(id=group_id, name=name, name_key=fold_name(name)))
            _insert_missing(connection, group_members, group_id, member_ids)
            return _find_groups(connection, groups.c.id == group_id)[0]

    def list_groups(self) -> list[Group]:
        """Return every group, in name order."""
        with self._database.reading() as connection:
            return _find_groups(connection)

    def add_to_group(self, group: str, members: Iterable[str] = (), key_ids: Iterable[str] = ()) -> Group:
        """Let a group, given by id or name, read more, or bind more keys, given by id, to it; return what it is now.

        What is in it already stays. Raises NotFoundError, and InvalidRequestError for a key that would read less than
        before in a group: one that reads everything.
        """
        with self._database.writing() as connection:
            group_id = find_group_ids(connection, [group])[0]
            _insert_missing(connection, group_members, group_id, find_member_ids(connection, members))
            _insert_missing(connection, group_keys, group_id, _find_scoped_keys(connection, key_ids))
            return _find_groups(connection, groups.c.id == group_id)[0]

    def remove_from_group(self, group: str, members: Iterable[str] = (), key_ids: Iterable[str] = ()) -> Group:
        """Take data sources, workspaces and keys out of a group, at once; return what it is now.

        What is not in it is passed over. Raises NotFoundError.
        """
        with self._database.writing() as connection:
            group_id = find_group_ids(connection, [group])[0]
            for table, column, ids in (
                (group_members, group_members.c.member_id, find_member_ids(connection, members)),
                (group_keys, group_keys.c.key_id, list(key_ids)),
            ):
                connection.execute(table.delete().where(table.c.group_id == group_id, column.in_(ids)))
            return _find_groups(connection, groups.c.id == group_id)[0]

    def delete_group(self, group: str) -> Group:
        """Delete a group; return what it was. A key that could read nothing else reads nothing then.

        Raises NotFoundError.
        """
        with self._database.writing() as connection:
            found = _find_groups(connection, groups.c.id == find_group_ids(connection, [group])[0])[0]
            connection.execute(groups.delete().where(groups.c.id == found.id))
        return found

    def read_groups(self, names: frozenset[str]) -> frozenset[str]:
        """Return the ids of the data sources that the groups of these exact names read now; others are passed over."""
        return self._database.read_once(("groups", names), partial(_read_groups, names=names))


def find_group_ids(connection: Connection, given: Iterable[str]) -> list[str]:
    """Return the ids of groups, given by id or name, each once. Raises NotFoundError that names the first unknown."""
    found: dict[str, None] = {}
    for text in given:
        key = lookup_key(text)
        statement = select(groups.c.id).where((groups.c.id == key) | (groups.c.name_key == key))
        group_id = None if key is None else connection.execute(statement).scalar()
        if group_id is None:
            raise NotFoundError(f"No such group: {text[:100]!a}. `codesearch group list` shows them.")
        found[group_id] = None
    return list(found)


def name_groups_of_keys(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Return the names of the groups that each key is bound to, by the key's id, in name order."""
    names = defaultdict[str, list[str]](list)
    statement = select(group_keys.c.key_id, groups.c.name).join(groups, groups.c.id == group_keys.c.group_id)
    for key_id, name in connection.execute(statement):
        names[key_id].append(name)
    return {key_id: tuple(sorted(found, key=fold_name)) for key_id, found in names.items()}


def bind_key(connection: Connection, key_id: str, group_ids: Sequence[str]) -> None:
    """Bind a new key to groups."""
    if group_ids:
        connection.execute(group_keys.insert(), [{"group_id": group_id, "key_id": key_id} for group_id in group_ids])


def _read_groups(connection: Connection, names: frozenset[str]) -> frozenset[str]:
    rows = connection.execute(_SELECT_READ_BY_NAMES, {"names": sorted(names)}).scalars()
    return frozenset(source_id for source_id in rows if source_id is not None)


def _find_groups(connection: Connection, *conditions: ColumnElement[bool]) -> list[Group]:
    found = connection.execute(select(groups.c.id, groups.c.name).where(*conditions)).all()
    members = _by_group(
        connection,
        select(group_members.c.group_id, knowledge_bases.c.id, knowledge_bases.c.name, knowledge_bases.c.kind).join(
            knowledge_bases, knowledge_bases.c.id == group_members.c.member_id
        ),
    )
    keys = _by_group(
        connection,
        select(group_keys.c.group_id, api_keys.c.name)
        .join(api_keys, api_keys.c.id == group_keys.c.key_id)
        .where(api_keys.c.revoked_at.is_(None)),
    )
    listed = [
        Group(
            id=group_id,
            name=name,
            members=tuple(
                sorted(
                    (GroupMember(id_, member, kind == WORKSPACE_KIND) for id_, member, kind in members[group_id]),
                    key=lambda member: fold_name(member.name),
                )
            ),
            key_names=tuple(sorted((key_name for (key_name,) in keys[group_id]), key=fold_name)),
        )
        for group_id, name in found
    ]
    return sorted(listed, key=lambda group: fold_name(group.name))


def _by_group(connection: Connection, statement: Select[Any]) -> dict[str, list[tuple[str, ...]]]:
    found = defaultdict[str, list[tuple[str, ...]]](list)
    for row in connection.execute(statement):
        found[row[0]].append(tuple(row[1:]))
    return found


def _find_scoped_keys(connection: Connection, key_ids: Iterable[str]) -> list[str]:
    found = []
    for key_id in key_ids:
        statement = select(api_keys.c.name, api_keys.c.is_scoped).where(api_keys.c.id == key_id)
        key = connection.execute(statement).first()
        if key is None:
            raise NotFoundError("No such key; `codesearch key list` shows them.")
        if not key.is_scoped:
            raise InvalidRequestError(
                f"The key {key.name!r} is bound to no sources or groups, so one more would give it nothing. "
                "Create a key that reads what its groups read, with --group, and revoke this one."
            )
        found.append(key_id)
    return found


def _insert_missing(connection: Connection, table: Table, group_id: str, ids: Iterable[str]) -> None:
    column = table.columns[1]
    present = set(connection.execute(select(column).where(table.c.group_id == group_id)).scalars())
    rows = [{"group_id": group_id, column.name: id_} for id_ in dict.fromkeys(ids) if id_ not in present]
    if rows:
        connection.execute(table.insert(), rows)
