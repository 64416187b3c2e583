"""The catalog's tables, as a new catalog gets them. Those there are need a step in migrations.py for every change."""

from __future__ import annotations

from datetime import datetime, timezone

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

# Every table carries it, so that the catalog can live in a database that others use too.
TABLE_PREFIX = "codesearch_"

SOURCE_KIND = "source"
WORKSPACE_KIND = "workspace"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC; SQLite, which knows no time zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC."""
        return None if value is None else value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its time zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


metadata = MetaData()

schema_version = Table(f"{TABLE_PREFIX}schema_version", metadata, Column("version", Integer, primary_key=True))

# What a knowledge_id may mean: one namespace of ids and names for data sources and workspaces.
knowledge_bases = Table(
    f"{TABLE_PREFIX}knowledge_bases",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
)


def _reference(name: str, target: Table, *, primary_key: bool = True, index: bool = False) -> Column[str]:
    key = ForeignKey(target.c.id, ondelete="CASCADE")
    return Column(name, String(24), key, primary_key=primary_key, index=index, nullable=False)


data_sources = Table(
    f"{TABLE_PREFIX}data_sources",
    metadata,
    _reference("id", knowledge_bases),
    Column("type", String(32), nullable=False),
    Column("location", Text, nullable=False),
    Column("branch", Text),
    Column("subdir", Text),
    Column("commit_id", Text),
    Column("state", String(16), nullable=False),
    Column("run_id", BigInteger, nullable=False, default=0),
    Column("file_count", BigInteger, nullable=False, default=0),
    Column("chunk_count", BigInteger, nullable=False, default=0),
    Column("indexed_at", UtcDateTime),
    Column("message", Text),
    Column("index_format", Text),
    Column("uncommitted_count", BigInteger),
    Column("uncommitted_paths", Text),
    Column("refresh_minutes", BigInteger),
    Column("is_paused", Boolean, nullable=False, default=False),
    Column("next_refresh_at", UtcDateTime),
    Column("remote_commit", Text),
    Column("remote_seen_at", UtcDateTime),
)

workspaces = Table(f"{TABLE_PREFIX}workspaces", metadata, _reference("id", knowledge_bases))

workspace_members = Table(
    f"{TABLE_PREFIX}workspace_members",
    metadata,
    _reference("workspace_id", workspaces),
    _reference("source_id", data_sources, index=True),
)

# Ids only ever grow, also after deletions: rows of a later run must not be taken for an older one's.
index_runs = Table(
    f"{TABLE_PREFIX}index_runs",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _reference("source_id", data_sources, primary_key=False),
    Column("state", String(16), nullable=False),
    Column("commit_id", Text),
    Column("phase", Text),
    Column("files_done", BigInteger, nullable=False, default=0),
    Column("files_total", BigInteger),
    Column("chunks_done", BigInteger, nullable=False, default=0),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("message", Text),
    Column("host", Text, nullable=False),
    Column("process_id", BigInteger, nullable=False),
    Index(f"{TABLE_PREFIX}index_runs_by_source", "source_id", "id"),
    sqlite_autoincrement=True,
)

# What all runs of a data source came to. It stays when the data source goes: nothing refers to it.
run_totals = Table(
    f"{TABLE_PREFIX}run_totals",
    metadata,
    Column("source_id", String(24), primary_key=True),
    Column("finished_runs", BigInteger, nullable=False),
    Column("failed_runs", BigInteger, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("chunks", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
)

# `is_scoped` says whether scopes and groups count: a key whose sources are all gone reads nothing, not everything.
# `user_name` is the person whom the key belongs to: it reads no more than the code host lets that person read.
# `requests_per_minute` counts in the place of the service's own limit; 0 for none.
api_keys = Table(
    f"{TABLE_PREFIX}api_keys",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, index=True),
    Column("prefix", String(16), nullable=False, index=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("is_admin", Boolean, nullable=False),
    Column("is_scoped", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("user_name", Text),
    Column("requests_per_minute", BigInteger),
)

api_key_scopes = Table(
    f"{TABLE_PREFIX}api_key_scopes",
    metadata,
    _reference("key_id", api_keys),
    _reference("source_id", data_sources, index=True),
)

# What tells a webhook's delivery from others, as a hash. Ids grow: the oldest are forgotten first.
webhook_deliveries = Table(
    f"{TABLE_PREFIX}webhook_deliveries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("delivery", String(64), nullable=False, unique=True),
    Column("received_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

# Data sources that a webhook told of, until a job of each is asked for: one row for however many pushes, the last of
# which it names. `claimed_at` says when somebody began to ask for it.
webhook_pushes = Table(
    f"{TABLE_PREFIX}webhook_pushes",
    metadata,
    _reference("source_id", data_sources),
    Column("delivery", String(64), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("claimed_at", UtcDateTime),
)

# Named apart from data sources and workspaces: the group that reads the workspace `payments` may be called so, too.
groups = Table(
    f"{TABLE_PREFIX}groups",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
)

group_members = Table(
    f"{TABLE_PREFIX}group_members",
    metadata,
    _reference("group_id", groups),
    _reference("member_id", knowledge_bases, index=True),
)

group_keys = Table(
    f"{TABLE_PREFIX}group_keys",
    metadata,
    _reference("group_id", groups),
    _reference("key_id", api_keys, index=True),
)

# Named apart from data sources, as groups are. Patterns are texts, a line each.
organisations = Table(
    f"{TABLE_PREFIX}organisations",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("host_url", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("include_patterns", Text, nullable=False),
    Column("exclude_patterns", Text, nullable=False),
    Column("takes_archived", Boolean, nullable=False),
    Column("takes_forks", Boolean, nullable=False),
    Column("prunes", Boolean, nullable=False),
    Column("discover_minutes", BigInteger),
    Column("refresh_minutes", BigInteger),
    Column("next_discovery_at", UtcDateTime),
    Column("discovered_at", UtcDateTime),
    Column("message", Text),
    Column("has_failed", Boolean, nullable=False),
)

# Which data sources are its repositories; a data source may be in several organisations.
organisation_sources = Table(
    f"{TABLE_PREFIX}organisation_sources",
    metadata,
    _reference("organisation_id", organisations),
    _reference("source_id", data_sources, index=True),
    Column("remote_id", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("is_gone", Boolean, nullable=False),
)
