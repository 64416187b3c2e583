"""The values that both sides share: frozen, typed, without behaviour beyond what follows from their fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from codesearch.core.predicates import EVERYTHING, Predicate

# What CODESEARCH_EMBEDDING_MODEL calls the model that ships with the package.
BUNDLED_MODEL = "bundled"
# In the place of a branch: of a work tree, the commit that is checked out.
HEAD = "HEAD"
# The longest interval of a schedule: a year.
MOST_MINUTES = 366 * 24 * 60
# What is longer (a table on one line, an embedded image) is cut: nobody reads it whole, and no answer has room for it.
MAX_LINE_CHARACTERS = 4000
# Of these files the rows hold the sources of cells alone: what lies between them need not be blank.
NOTEBOOK_LANGUAGE = "notebook"


class ArtifactKind(str, Enum):
    """What a chunk is: a definition, a section of a file, or a whole small file."""

    SYMBOL = "symbol"
    CHUNK = "chunk"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive whole lines of one file.

    `content` is exactly the file's lines `start_line`..`end_line` (1-based, inclusive), joined by newlines, without the
    last line's newline. `symbol` is the qualified name (`Client.retry`), the same in every part of a split definition.
    `outline` holds the member signatures of a container whose body is not wholly in `content`; it is searched and
    embedded, never shown. Where `content` is only a piece of its definition, `symbol_lines` are the first and the last
    line of the whole, and `holds_head` says whether the line is in it on which the definition itself begins.
    """

    path: str
    start_line: int
    end_line: int
    content: str
    artifact_kind: ArtifactKind
    language: str | None = None
    symbol: str | None = None
    symbol_kind: str | None = None
    signature: str | None = None
    outline: str | None = None
    symbol_lines: tuple[int, int] | None = None
    holds_head: bool = True


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that the walk let through, decoded. `text` has no BOM and keeps its line ends.

    `content_id` is the git blob id, or a content hash for folders. `modified_at` is in Unix seconds.
    """

    path: str
    text: str
    content_id: str
    modified_at: int | None


class SourceState(str, Enum):
    """How far a data source is: never indexed, being indexed for the first time, ready, or failed the first time."""

    PENDING = "pending"
    INDEXING = "indexing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DataSource:
    """One indexed repository as the catalog knows it. `id` is 24 hex digits; `location` holds no secret.

    `run_id` is the index run whose rows are published; rows of a later run are newer than this value. `index_format`
    names the format they were written in. Of a work tree that is read as it is on disk, `commit` is the one that is
    checked out, `uncommitted_count` says how many of the indexed files are not as in it (None: it is no such tree),
    and `uncommitted_paths` which, each between line ends (None: too many to name).

    It is to be refreshed every `refresh_minutes` (0: only on request; None: as often as the service has it), next at
    `next_refresh_at`, and never while it `is_paused`. `remote_commit` is what its remote was last seen to have, at
    `remote_seen_at`.
    """

    id: str
    name: str
    type: str
    location: str
    branch: str | None = None
    subdir: str | None = None
    commit: str | None = None
    state: SourceState = SourceState.PENDING
    run_id: int = 0
    file_count: int = 0
    chunk_count: int = 0
    indexed_at: datetime | None = None
    message: str | None = None
    index_format: str | None = None
    uncommitted_count: int | None = None
    uncommitted_paths: str | None = None
    refresh_minutes: int | None = None
    is_paused: bool = False
    next_refresh_at: datetime | None = None
    remote_commit: str | None = None
    remote_seen_at: datetime | None = None

    @property
    def named_branch(self) -> str | None:
        """The branch that was named; None where the source has its own, or is the commit that is checked out."""
        return None if self.branch == HEAD else self.branch

    @property
    def is_as_committed(self) -> bool:
        """Whether it is the commit that is checked out in a local repository, not the files on disk."""
        return self.branch == HEAD

    def commit_of(self, path: str) -> str | None:
        """Return the commit in which a file is as it was indexed; None where it is in none, as far as is known."""
        if self.uncommitted_count and (self.uncommitted_paths is None or f"\n{path}\n" in self.uncommitted_paths):
            return None
        return self.commit or None


@dataclass(frozen=True, slots=True)
class Workspace:
    """A named group of data sources, searched together. Members are in name order."""

    id: str
    name: str
    members: tuple[DataSource, ...]


class HostKind(str, Enum):
    """Whose API a code host speaks."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    FORGEJO = "forgejo"


@dataclass(frozen=True, slots=True)
class Organisation:
    """A group or user of a code host whose repositories are data sources: `path` at the host that `host_url` leads to.

    Patterns are globs of names, or of paths where they hold a slash; without `include` all are wanted. Repositories are
    looked for every `discover_minutes` (None: only on request), next at `next_discovery_at`, and refreshed every
    `refresh_minutes`. With `prunes`, data sources of those that are gone are removed. `message` is what came of the
    last look at `discovered_at`, and `has_failed` says whether that is an error. It has no secret.
    """

    id: str
    name: str
    kind: HostKind
    host_url: str
    path: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    takes_archived: bool = False
    takes_forks: bool = False
    prunes: bool = False
    discover_minutes: int | None = None
    refresh_minutes: int | None = None
    next_discovery_at: datetime | None = None
    discovered_at: datetime | None = None
    message: str | None = None
    has_failed: bool = False
    repositories: tuple[KnownRepository, ...] = ()

    @property
    def location(self) -> str:
        """The address of its page."""
        return f"{self.host_url}/{self.path}"


@dataclass(frozen=True, slots=True)
class KnownRepository:
    """A repository of an organisation that is a data source. `remote_id` is the host's, and stays when it is renamed.

    It `is_gone` when it was not there, or not wanted, at the last look; its data source stays until it is removed.
    """

    source_id: str
    source_name: str
    remote_id: str
    full_name: str
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """What keys and tokens are given together: data sources, and workspaces with whatever is in them at the time.

    Members and the names of the keys that are bound to it are in name order.
    """

    id: str
    name: str
    members: tuple[GroupMember, ...]
    key_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A data source or workspace that a group may read."""

    id: str
    name: str
    is_workspace: bool


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: an admin, or somebody who may read what is in `source_ids` and in `permitted_ids`.

    Each is None for every data source; an empty set allows nothing. The first is what a key or a token was given, the
    second what the code host lets `user` read, the person whom the key or token belongs to. `problem` says why that is
    not known, in one sentence; nothing may be read then. `key_id` tells callers apart; that of a token holds a blank.
    `requests_per_minute` is the key's own limit, where it has one; 0 for none at all.
    """

    key_id: str
    name: str
    is_admin: bool
    source_ids: frozenset[str] | None
    user: str | None = None
    permitted_ids: frozenset[str] | None = None
    problem: str | None = None
    requests_per_minute: int | None = None

    @property
    def reads_everything(self) -> bool:
        """Whether there is nothing that this principal may not read."""
        return self.is_admin or (self.source_ids is None and self.permitted_ids is None)

    def may_read(self, source_id: str) -> bool:
        """Say whether this principal may read the data source."""
        if self.is_admin:
            return True
        is_given = self.source_ids is None or source_id in self.source_ids
        return is_given and (self.permitted_ids is None or source_id in self.permitted_ids)


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One question: `text` to the data source or workspace `knowledge_id` (id or unique name).

    `top_k` is at least 1, `score_threshold` in [0, 1]; only rows that satisfy `predicate` are searched. `explain` asks
    for each hit's explanation. `max_tokens` bounds the contents of all hits together, at least 1; None for no bound.
    `fresh_seconds` is how long the answer may wait until what is asked is up to date.
    """

    knowledge_id: str
    text: str
    top_k: int = 5
    score_threshold: float = 0.0
    predicate: Predicate = EVERYTHING
    explain: bool = False
    max_tokens: int | None = None
    fresh_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FeatureShare:
    """What one feature, or word, says of a record: its value there, and what it adds to the log-odds of the score."""

    name: str
    value: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a record has its score: 1 / (1 + exp(-log_odds)), times `factor` for a further record of a file or a twin.

    `features` are those that count, the strongest first; what they do not say of `log_odds` is the same for every
    record of the answer. `read_as` says of each word of a query in another language what it was taken for, in order.
    """

    log_odds: float
    factor: float
    features: tuple[FeatureShare, ...]
    read_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: a chunk, its score in [0, 1], where it comes from. `modified_at` is in Unix seconds.

    Several pieces of one definition may be joined in the chunk. It has a `signature` where it does not show it itself.
    `explanation` is there when the query asked for it, `workspace` names the workspace that was asked, if one was.
    `duplicates` are the places that say the same, as `repository::path::start-end`.
    """

    document_id: str
    chunk: Chunk
    score: float
    source: DataSource
    commit: str | None
    modified_at: int | None
    explanation: Explanation | None = None
    workspace: str | None = None
    duplicates: tuple[str, ...] = ()
