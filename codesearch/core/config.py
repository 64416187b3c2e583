"""The settings: one table, read from the places that settings/places.py finds."""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from codesearch.core.errors import ConfigurationError
from codesearch.core.git_tokens import parse_tokens
from codesearch.core.settings.places import read_places
from codesearch.core.types import BUNDLED_MODEL, MOST_MINUTES
from codesearch.core.user_folders import find_data_folder

logger = logging.getLogger(__name__)

# What names of editors mean as a link to a line of a file; "" for no link.
EDITOR_LINKS = {
    "none": "",
    "file": "file://{host}{path}",
    "vscode": "vscode://file{path}:{line}",
    "cursor": "cursor://file{path}:{line}",
    "zed": "zed://file{path}:{line}",
    "idea": "idea://open?file={path}&line={line}",
}
# Of what strangers may try as often as they like.
MIN_SECRET_LENGTH = 16
# Paths are put behind it as they are.
_PUBLIC_URL = re.compile(r"https?://(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[\w.~%/-]*)?", re.ASCII)


class Settings(BaseModel):
    """One table of every setting: `CODESEARCH_NAME` in the environment, `name` in codesearch.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, protected_namespaces=())

    data_dir: Path = Field(
        default_factory=find_data_folder, description="Folder for the catalog, the vectors and git mirrors"
    )
    store_uri: str | None = Field(
        None, description="Where LanceDB keeps the vectors, e.g. s3://bucket/prefix; default DATA_DIR/store"
    )
    cache_bytes: int = Field(
        0,
        ge=0,
        description="With a store on S3: what fetched search indexes may take on this machine's disk; 0: any number",
    )
    database_url: str | None = Field(
        None, repr=False, description="SQLAlchemy URL of the catalog; default SQLite in DATA_DIR"
    )
    embedding_model: str = Field(
        BUNDLED_MODEL,
        description="`bundled`, a model name that fastembed lists, or a folder with a static model",
    )
    model_cache_dir: Path | None = Field(
        None, description="Where fastembed keeps downloaded models; default DATA_DIR/models"
    )
    host: str = Field("127.0.0.1", description="Address that `codesearch serve` listens on")
    port: int = Field(8000, ge=0, le=65535, description="Port that `codesearch serve` listens on")
    workers: int = Field(1, ge=1, description="Server processes of `codesearch serve`")
    public_url: str | None = Field(
        None, description="Address under which clients reach the service; default: the one that a request names"
    )
    max_conditions: int = Field(100, ge=1, description="Conditions of one request")
    max_condition_values: int = Field(
        10_000, ge=1, description="Values that the conditions of one request compare, each once for every name"
    )
    search_seconds: float = Field(
        4.0, gt=0, description="A search that works longer is ended with 400, one that waits longer with 429"
    )
    max_requests_per_key: int = Field(64, ge=1, description="Requests of one key in a server process; others get 429")
    max_requests: int = Field(256, ge=1, description="Requests of all keys in a server process; others get 429")
    max_requests_per_minute: int = Field(
        0, ge=0, description="Requests of one key in a minute and a server process; others get 429; 0: any number"
    )
    max_request_burst: int = Field(20, ge=1, description="Of those, how many may come at once after a pause")
    max_connections: int = Field(
        1024, ge=1, description="Connections of a server process; the open files that it may have are the upper bound"
    )
    request_seconds: float = Field(
        10.0, gt=0, description="A request's header has to come in this time, and then its body"
    )
    idle_seconds: float = Field(5.0, gt=0, description="A connection without a request is closed after this time")
    drain_seconds: float = Field(
        0.0,
        ge=0,
        description="After SIGTERM the service is not ready, but answers for so long, before it takes no more",
    )
    stop_seconds: float = Field(
        8.0, gt=0, description="Requests that are being answered when it takes no more have this time to end"
    )
    mcp_max_tokens: int = Field(
        10_000, ge=500, description="Tokens of a tool's answer over MCP, of about 4 characters; the rest is left out"
    )
    mcp_allowed_hosts: tuple[str, ...] = Field(
        (), description="Names in `Host` that `/mcp` lets in besides addresses and `localhost`; `*` for all"
    )
    mcp_allowed_origins: tuple[str, ...] = Field(
        (), description="Web pages (`Origin`) that may ask `/mcp` besides those of this machine; `*` for all"
    )
    permissions_file: Path | None = Field(
        None, description="JSON or TOML file that says which repositories a user may read"
    )
    permissions_command: tuple[str, ...] = Field(
        (), description="Command that prints the repositories of the user who is its last argument; no shell reads it"
    )
    permissions_seconds: float = Field(3.0, gt=0, description="Time that the command for permissions may take")
    permissions_max_age_seconds: float = Field(
        300.0, gt=0, description="What was known of a user's permissions counts no longer than this"
    )
    oidc_issuer: str | None = Field(None, description="Issuer of the tokens that are taken as keys are: their `iss`")
    oidc_audience: tuple[str, ...] = Field((), description="Whom a token has to be for: its `aud` names one of these")
    oidc_jwks: str | None = Field(None, description="The issuer's public keys, a JWK Set: a file or an https address")
    oidc_user_claim: str = Field("sub", min_length=1, description="Claim of a token that names the user")
    oidc_groups_claim: str | None = Field(
        None, description="Claim that names the user's groups; a token then reads what the groups of these names do"
    )
    oidc_leeway_seconds: float = Field(
        30.0, ge=0, le=300, description="By how much the clocks of issuer and service differ"
    )
    audit_log: Path | None = Field(
        None, description="File to which every request is written: who asked what, and what came"
    )
    audit_queries: bool = Field(False, description="The audit log has the questions, too")
    jobs_url: str | None = Field(
        None,
        repr=False,
        description="URL of a PostgreSQL for the jobs; default: that of the catalog, else a file in DATA_DIR",
    )
    worker_jobs: int = Field(
        1, ge=0, le=64, description="Jobs that the service does at once; 0: none, which `codesearch worker` then does"
    )
    refresh_minutes: int = Field(
        0,
        ge=0,
        le=MOST_MINUTES,
        description="Data sources without a schedule of their own are refreshed so often; 0: on request only",
    )
    page_paths: bool = Field(
        False, description="Admins may add folders and repositories of the service's own machine through the page"
    )
    metrics: bool = Field(
        False, description="`GET /metrics` for Prometheus, with an admin key or the token of the next setting"
    )
    metrics_token: SecretStr | None = Field(
        None, min_length=16, description="Opens `/metrics` and nothing else, as `Authorization: Bearer TOKEN`"
    )
    traces: bool = Field(
        False, description="Send traces to an OpenTelemetry collector, which the `OTEL_` variables name"
    )
    webhook_secrets: tuple[SecretStr, ...] = Field(
        (),
        description="Secrets that code hosts sign webhooks with; none here and in the file: no webhooks",
    )
    webhook_secrets_file: Path | None = Field(
        None, description="File with more of them, one a line, that is read again when it changes"
    )
    peers: tuple[str, ...] = Field(
        (), description="Addresses of all services that answer together, this one's among them; none: it answers alone"
    )
    peer_url: str | None = Field(None, description="Which of these addresses is this service's own")
    peer_secret: SecretStr | None = Field(
        None, min_length=16, description="What these services know one another by; it reads everything"
    )
    peer_seconds: float = Field(
        2.0, gt=0, description="What another service has not answered after this time is searched here"
    )
    log_format: Literal["text", "json"] = Field("text", description="Form of log lines on stderr")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged"
    )
    max_file_bytes: int = Field(1_048_576, ge=1, description="Larger files are not indexed")
    max_chunk_tokens: int = Field(
        400,
        ge=32,
        description="Largest chunk, in the embedding model's tokens; its context is the upper bound",
    )
    history_commits: int = Field(
        4_000,
        ge=0,
        le=1_000_000,
        description="Commits, the newest ones without merges, whose subjects are kept with the files that they changed",
    )
    segment_chunks: int = Field(
        1 << 18,
        ge=16,
        description="Chunks of one segment of a search index, about; what an index run holds in memory grows with it",
    )
    max_parse_seconds: float = Field(
        1.0,
        gt=0,
        description="CPU time that the syntax tree of a small file may take, of 500 kB twice as much; else only lines",
    )
    max_parse_memory_mb: int = Field(
        128, ge=8, description="Memory that the syntax tree of a small file may take, of 500 kB twice as much"
    )
    git_token: str | None = Field(
        None, repr=False, description="Token for private https repositories on the token's host, never stored"
    )
    git_token_host: str = Field(
        "github.com", description="The one host, or HOST:PORT, that is offered the token when it asks for a login"
    )
    git_tokens: tuple[tuple[str, SecretStr], ...] = Field(
        (), description="Tokens of several code hosts, each for its host alone: `HOST=TOKEN`, or a table in the file"
    )
    git_ssh_key: Path | None = Field(
        None, description="Private key file for ssh repositories; default: what ssh itself would use"
    )
    git_timeout_seconds: int = Field(
        600, ge=1, description="A clone or fetch that makes no progress for this long is given up"
    )
    dify_url: str | None = Field(
        None, description="Address of Dify's API for `codesearch dify`, such as https://dify.example.com/v1"
    )
    dify_key: SecretStr | None = Field(
        None, description="Key of Dify's Knowledge API, `dataset-...`; goes to CODESEARCH_DIFY_URL alone"
    )
    dify_app_key: SecretStr | None = Field(
        None, description="Key of the Dify app that `codesearch dify ask` asks, `app-...`; goes there alone, too"
    )
    index_workers: int = Field(0, ge=0, description="Processes that parse, chunk and embed; 0: one per core")
    include: tuple[str, ...] = Field(
        (), description="Patterns of paths that are indexed although they look vendored, generated or minified"
    )
    exclude: tuple[str, ...] = Field((), description="Patterns of paths that are not indexed")
    fallback_encoding: str | None = Field(
        None, description="Encoding of the files that are not UTF-8 and of which nothing tells the encoding"
    )

    editor_link: str = Field(
        "file",
        description="What a path that a terminal shows is linked to: none, file, vscode, cursor, zed, idea, or an "
        "address with {path} and {line} in it",
    )

    @field_validator("editor_link")
    @classmethod
    def check_link(cls, value: str) -> str:
        """Refuse what is neither the name of an editor nor an address of a file."""
        if value not in EDITOR_LINKS and not re.fullmatch(r"[a-z][a-z0-9+.-]*:[!-~]*\{path\}[!-~]*", value):
            raise ValueError(f"give one of {', '.join(EDITOR_LINKS)}, or an address with {{path}} in it")
        return value

    @field_validator("public_url")
    @classmethod
    def check_address(cls, value: str | None) -> str | None:
        """Refuse what paths cannot be put behind; a slash at the end makes no difference."""
        if value is None or not value.strip():
            return None
        if not _PUBLIC_URL.fullmatch(value.strip()):
            raise ValueError("give an address such as https://search.example.com/code, without a login, ? and #")
        return value.strip().rstrip("/")

    @field_validator("peers")
    @classmethod
    def check_peers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what cannot be asked; a slash at the end makes no difference."""
        if not all(map(_PUBLIC_URL.fullmatch, value)):
            raise ValueError("give addresses such as https://search-1.example.com, without a login, ? and #")
        return tuple(dict.fromkeys(address.rstrip("/") for address in value))

    @field_validator("peer_url")
    @classmethod
    def check_peer_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Refuse an own address that nobody knows."""
        peers, own = info.data.get("peers", ()), (value or "").strip().rstrip("/")
        if own and own not in peers:
            raise ValueError("it has to be one of CODESEARCH_PEERS, written as there")
        return own or None

    @field_validator("peer_secret")
    @classmethod
    def check_peer_secret(cls, value: SecretStr | None) -> SecretStr | None:
        """Refuse what a header cannot carry."""
        if value is not None and not re.fullmatch(r"[!-~]+", value.get_secret_value()):
            raise ValueError("use letters, digits and signs of ASCII, without blanks")
        return value

    @field_validator("jobs_url")
    @classmethod
    def check_jobs_url(cls, value: str | None) -> str | None:
        """Refuse what is no PostgreSQL."""
        if value is None or not value.strip():
            return None
        if not value.strip().startswith(("postgresql://", "postgres://")):
            raise ValueError("give an address such as postgresql://user:password@host/database, or leave it out")
        return value.strip()

    @field_validator(
        "include",
        "exclude",
        "mcp_allowed_hosts",
        "mcp_allowed_origins",
        "oidc_audience",
        "webhook_secrets",
        "peers",
        mode="before",
    )
    @classmethod
    def split_list(cls, value: object) -> object:
        """Take a list from the environment as one text with commas or line breaks between them."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.replace("\n", ",").split(",") if part.strip())
        return value

    @field_validator(
        "permissions_file",
        "oidc_issuer",
        "oidc_jwks",
        "oidc_groups_claim",
        "audit_log",
        "webhook_secrets_file",
        "peer_url",
        "peer_secret",
        mode="before",
    )
    @classmethod
    def drop_blank(cls, value: object) -> object:
        """Take a blank, as an empty line of a compose file leaves it, for what is not set."""
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("git_tokens", mode="before")
    @classmethod
    def read_tokens(cls, value: object) -> object:
        """Take hosts with their tokens from a table of a file or a text of the environment."""
        return parse_tokens(value) if isinstance(value, (str, Mapping, list)) else value

    @field_validator("permissions_command", mode="before")
    @classmethod
    def split_command(cls, value: object) -> object:
        """Take a command from the environment as a shell would split it; nothing in it is replaced."""
        return tuple(shlex.split(value)) if isinstance(value, str) else value

    @field_validator("permissions_command")
    @classmethod
    def check_hooks(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Refuse two answers to one question."""
        if value and info.data.get("permissions_file") is not None:
            raise ValueError("set this or CODESEARCH_PERMISSIONS_FILE, not both")
        return value

    @field_validator("webhook_secrets")
    @classmethod
    def check_secrets(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        """Refuse a secret that can be guessed: nothing bounds how often that is tried."""
        if any(len(secret.get_secret_value()) < MIN_SECRET_LENGTH for secret in value):
            raise ValueError(f"a secret has {MIN_SECRET_LENGTH} characters or more")
        return value

    @field_validator("fallback_encoding")
    @classmethod
    def check_encoding(cls, value: str | None) -> str | None:
        """Refuse a name that no encoding has."""
        if value is not None and value.strip():
            try:
                "".encode(value.strip())
            except (LookupError, UnicodeError):
                raise ValueError(
                    f"there is no encoding {value!r}; say for example windows-1251, shift_jis or gb18030"
                ) from None
        return value or None

    @property
    def resolved_store_uri(self) -> str:
        """Where the store is, with the default filled in."""
        return self.store_uri or str(self.data_dir / "store")

    @property
    def resolved_database_url(self) -> str:
        """The catalog's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.default_catalog_path}"

    @property
    def default_catalog_path(self) -> Path:
        """The file of the catalog where no URL names another place."""
        return self.data_dir / "catalog.sqlite3"

    @property
    def resolved_model_cache_dir(self) -> Path:
        """The folder of downloaded models, with the default filled in."""
        return self.model_cache_dir or self.data_dir / "models"


def load_settings(report: Callable[[str], None] = logger.warning, /, **overrides: object) -> Settings:
    """Read the settings; `overrides` that are not None win over the environment, that over the files.

    `report` gets one line for each thing that lies in the current folder and does not count. Raises ConfigurationError
    with one line that names each wrong setting.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        places = read_places(Settings.model_fields, given, report)
        return Settings.model_validate(places.values)
    except ValidationError as error:
        # Only what is said of a wrong setting needs this.
        from codesearch.core.settings.problems import describe_problems

        raise ConfigurationError(describe_problems(error.errors(), places, Settings.model_fields)) from error
    except ValueError as error:
        raise ConfigurationError(f"Cannot read the settings: {error}") from error
