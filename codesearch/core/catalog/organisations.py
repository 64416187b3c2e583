"""The catalog's organisations: groups and users of code hosts, and which data sources are their repositories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from codesearch.core.catalog.names import create_id, fold_name, lookup_key, validate_name
from codesearch.core.catalog.schema import knowledge_bases, organisation_sources, organisations
from codesearch.core.catalog.sources import CLOCKS_DIFFER, CatalogPart
from codesearch.core.errors import InvalidRequestError, NameTakenError, NotFoundError
from codesearch.core.redaction import redact
from codesearch.core.types import MOST_MINUTES, HostKind, KnownRepository, Organisation

# What may be changed, by the fields of Organisation; the rest says where it is, or is told by discoveries.
CHANGEABLE: Final = (
    "name",
    "include",
    "exclude",
    "takes_archived",
    "takes_forks",
    "prunes",
    "discover_minutes",
    "refresh_minutes",
)
_PATTERNS: Final = {"include": "include_patterns", "exclude": "exclude_patterns"}
_MAX_MESSAGE_LENGTH: Final = 1000


class OrganisationCatalog(CatalogPart):
    """Organisations. Their names are apart from those of data sources; case makes no difference."""

    def add_organisation(self, wanted: Organisation) -> Organisation:
        """Add an organisation; `id` and what discoveries tell of `wanted` are passed over.

        It is due `discover_minutes` from now, where it has any. Raises InvalidRequestError for a wrong or taken name,
        for one that is there already, and for intervals that are too long.
        """
        name = validate_name(wanted.name, "organisation")
        _check_minutes(wanted.discover_minutes, wanted.refresh_minutes or None)
        _check_patterns(*wanted.include, *wanted.exclude)
        with self._database.writing() as connection:
            same = _find(connection, organisations.c.host_url == wanted.host_url, organisations.c.path == wanted.path)
            if same:
                raise InvalidRequestError(f"{wanted.location} is there already, as {same[0].name!r}.")
            _check_free(connection, name)
            organisation_id = create_id()
            values = {
                "id": organisation_id,
                "kind": wanted.kind.value,
                "host_url": wanted.host_url,
                "path": wanted.path,
                "has_failed": False,
                "next_discovery_at": self._in_minutes(wanted.discover_minutes),
                **_to_columns({field: getattr(wanted, field) for field in CHANGEABLE} | {"name": name}),
            }
            connection.execute(organisations.insert().values(**values))
            return _find(connection, organisations.c.id == organisation_id)[0]

    def list_organisations(self) -> list[Organisation]:
        """Return every organisation, in name order."""
        with self._database.reading() as connection:
            return _find(connection)

    def get_organisation(self, id_or_name: str) -> Organisation:
        """Return the organisation with that id or name. Raises NotFoundError."""
        with self._database.reading() as connection:
            return _expect(connection, id_or_name)

    def change_organisation(self, id_or_name: str, **changes: Any) -> Organisation:
        """Change fields of CHANGEABLE; return what it is now. Raises NotFoundError, InvalidRequestError."""
        if "name" in changes:
            changes["name"] = validate_name(changes["name"], "organisation")
        _check_minutes(changes.get("discover_minutes"), changes.get("refresh_minutes") or None)
        _check_patterns(*changes.get("include", ()), *changes.get("exclude", ()))
        with self._database.writing() as connection:
            found = _expect(connection, id_or_name)
            if "name" in changes:
                _check_free(connection, changes["name"], unless_id=found.id)
            values = _to_columns(changes)
            if "discover_minutes" in changes:
                values["next_discovery_at"] = self._in_minutes(changes["discover_minutes"])
            if values:
                connection.execute(organisations.update().where(organisations.c.id == found.id).values(**values))
            return _find(connection, organisations.c.id == found.id)[0]

    def remove_organisation(self, id_or_name: str) -> Organisation:
        """Remove an organisation, not its data sources; return what it was. Raises NotFoundError."""
        with self._database.writing() as connection:
            found = _expect(connection, id_or_name)
            connection.execute(organisations.delete().where(organisations.c.id == found.id))
        return found

    def note_repositories(self, organisation_id: str, repositories: Sequence[KnownRepository]) -> Organisation:
        """Note which data sources are the organisation's repositories, in place of what was known of these.

        What is about a data source that the catalog does not have is passed over. Raises NotFoundError.
        """
        table = organisation_sources
        with self._database.writing() as connection:
            found = _expect(connection, organisation_id)
            ids = [item.source_id for item in repositories]
            there = set(connection.execute(select(knowledge_bases.c.id).where(knowledge_bases.c.id.in_(ids))).scalars())
            connection.execute(table.delete().where(table.c.organisation_id == found.id, table.c.source_id.in_(ids)))
            rows = [
                {
                    "organisation_id": found.id,
                    "source_id": item.source_id,
                    "remote_id": item.remote_id,
                    "full_name": item.full_name,
                    "is_gone": item.is_gone,
                }
                for item in repositories
                if item.source_id in there
            ]
            if rows:
                connection.execute(table.insert(), rows)
            return _find(connection, organisations.c.id == found.id)[0]

    def note_discovery(self, organisation_id: str, message: str, *, has_failed: bool) -> None:
        """Note what came of looking for repositories, in one line. Raises NotFoundError."""
        line = " ".join(redact(message).split())[:_MAX_MESSAGE_LENGTH]
        with self._database.writing() as connection:
            found = _expect(connection, organisation_id)
            statement = organisations.update().where(organisations.c.id == found.id)
            connection.execute(statement.values(message=line, has_failed=has_failed, discovered_at=self._clock()))

    def list_due_organisations(self) -> list[Organisation]:
        """Return those whose repositories are to be looked for now, the one that waits longest first.

        What is planned for later than an interval from now was planned by a clock that was ahead, and is due.
        """
        table, now = organisations, self._clock()
        plans = select(table.c.id, table.c.discover_minutes, table.c.next_discovery_at)
        with self._database.reading() as connection:
            ids = [
                organisation_id
                for organisation_id, minutes, moment in connection.execute(
                    plans.where(table.c.next_discovery_at.is_not(None))
                )
                if moment <= now or moment > now + timedelta(minutes=minutes or 0) + CLOCKS_DIFFER
            ]
            due = _find(connection, table.c.id.in_(ids)) if ids else []
        return sorted(due, key=lambda item: (item.next_discovery_at or now, item.id))

    def pass_due_organisation(self, organisation: Organisation) -> bool:
        """Say that the look that it was due for is seen to; False where somebody has said so already."""
        if organisation.discover_minutes is None or organisation.next_discovery_at is None:
            return False
        next_at = self._in_minutes(organisation.discover_minutes)
        statement = organisations.update().where(
            organisations.c.id == organisation.id, organisations.c.next_discovery_at == organisation.next_discovery_at
        )
        with self._database.writing() as connection:
            return connection.execute(statement.values(next_discovery_at=next_at)).rowcount == 1

    def _in_minutes(self, minutes: int | None) -> datetime | None:
        return None if minutes is None else self._clock() + timedelta(minutes=minutes)


def _check_minutes(*given: int | None) -> None:
    for minutes in given:
        if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
            raise InvalidRequestError(f"An interval has 1 to {MOST_MINUTES} minutes, which is a year, not {minutes}.")


def _check_patterns(*given: str) -> None:
    for pattern in given:
        # One a line is how they are kept, and not every database keeps every character.
        if not pattern.isprintable():
            raise InvalidRequestError(f"A pattern has no line breaks or control characters: {pattern[:100]!a}.")


def _check_free(connection: Connection, name: str, unless_id: str | None = None) -> None:
    statement = select(organisations.c.id).where(organisations.c.name_key == fold_name(name))
    owner = connection.execute(statement).scalar()
    if owner not in (None, unless_id):
        raise NameTakenError(f"There is an organisation {name!r} already; choose another name.")


def _to_columns(values: dict[str, Any]) -> dict[str, Any]:
    columns = {_PATTERNS.get(field, field): value for field, value in values.items()}
    for column in _PATTERNS.values():
        if column in columns:
            columns[column] = "\n".join(columns[column])
    if "name" in columns:
        columns["name_key"] = fold_name(columns["name"])
    return columns


def _expect(connection: Connection, id_or_name: str) -> Organisation:
    key = lookup_key(id_or_name)
    found = [] if key is None else _find(connection, (organisations.c.id == key) | (organisations.c.name_key == key))
    if not found:
        shown = ascii(redact(id_or_name)[:120])
        raise NotFoundError(f"No such organisation: {shown}. `codesearch organisation list` shows them.")
    return found[0]


def _find(connection: Connection, *conditions: ColumnElement[bool]) -> list[Organisation]:
    rows = connection.execute(select(organisations).where(*conditions)).mappings().all()
    repositories = _find_repositories(connection, [row["id"] for row in rows])
    return sorted(
        (_to_organisation(row, repositories[row["id"]]) for row in rows), key=lambda item: fold_name(item.name)
    )


def _find_repositories(connection: Connection, ids: Sequence[str]) -> dict[str, list[KnownRepository]]:
    found = defaultdict[str, list[KnownRepository]](list)
    table, names = organisation_sources, knowledge_bases
    statement = (
        select(table, names.c.name).join(names, names.c.id == table.c.source_id).where(table.c.organisation_id.in_(ids))
    )
    for row in connection.execute(statement).mappings() if ids else ():
        found[row["organisation_id"]].append(
            KnownRepository(row["source_id"], row["name"], row["remote_id"], row["full_name"], row["is_gone"])
        )
    return found


def _to_organisation(row: RowMapping, repositories: list[KnownRepository]) -> Organisation:
    return Organisation(
        id=row["id"],
        name=row["name"],
        kind=HostKind(row["kind"]),
        host_url=row["host_url"],
        path=row["path"],
        include=tuple(row["include_patterns"].split("\n")) if row["include_patterns"] else (),
        exclude=tuple(row["exclude_patterns"].split("\n")) if row["exclude_patterns"] else (),
        takes_archived=row["takes_archived"],
        takes_forks=row["takes_forks"],
        prunes=row["prunes"],
        discover_minutes=row["discover_minutes"],
        refresh_minutes=row["refresh_minutes"],
        next_discovery_at=row["next_discovery_at"],
        discovered_at=row["discovered_at"],
        message=row["message"],
        has_failed=row["has_failed"],
        repositories=tuple(sorted(repositories, key=lambda item: (fold_name(item.full_name), item.source_id))),
    )
