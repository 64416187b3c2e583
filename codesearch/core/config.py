"""Settings: the only reader of the environment. Environment variables win over codesearch.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from codesearch.core.errors import ConfigurationError
from codesearch.core.types import BUNDLED_MODEL

CONFIG_FILE = "codesearch.toml"


class Settings(BaseSettings):
    """One table of every setting: `CODESEARCH_NAME` in the environment, `name` in codesearch.toml."""

    model_config = SettingsConfigDict(env_prefix="CODESEARCH_", toml_file=CONFIG_FILE, extra="forbid", frozen=True)

    data_dir: Path = Field(Path(".codesearch"), description="Folder for the catalog, the vectors and git mirrors")
    store_uri: str | None = Field(
        None, description="Where LanceDB keeps the vectors, e.g. s3://bucket/prefix; default DATA_DIR/store"
    )
    database_url: str | None = Field(None, description="SQLAlchemy URL of the catalog; default SQLite in DATA_DIR")
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
    git_token: str | None = Field(
        None, repr=False, description="Token for private https repositories on the token's host, never stored"
    )
    git_token_host: str = Field(
        "github.com", description="The one host, or HOST:PORT, that is offered the token when it asks for a login"
    )
    git_ssh_key: Path | None = Field(
        None, description="Private key file for ssh repositories; default: what ssh itself would use"
    )
    git_timeout_seconds: int = Field(
        600, ge=1, description="A clone or fetch that makes no progress for this long is given up"
    )
    index_workers: int = Field(0, ge=0, description="Processes that parse and chunk; 0: one per core")
    include: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Patterns of paths that are indexed although they look vendored, generated or minified"
    )
    exclude: Annotated[tuple[str, ...], NoDecode] = Field((), description="Patterns of paths that are not indexed")
    fallback_encoding: str | None = Field(
        None, description="Encoding of the files that are not UTF-8 and of which nothing tells the encoding"
    )

    @field_validator("include", "exclude", mode="before")
    @classmethod
    def split_patterns(cls, value: object) -> object:
        """Take patterns from the environment as one text with commas or line breaks between them."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.replace("\n", ",").split(",") if part.strip())
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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, codesearch.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def resolved_store_uri(self) -> str:
        """Where the store is, with the default filled in."""
        return self.store_uri or str(self.data_dir / "store")

    @property
    def resolved_database_url(self) -> str:
        """The catalog's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'catalog.sqlite3'}"

    @property
    def resolved_model_cache_dir(self) -> Path:
        """The folder of downloaded models, with the default filled in."""
        return self.model_cache_dir or self.data_dir / "models"


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` that are not None win over the environment.

    Raises ConfigurationError with one line that names each wrong setting.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(
            f"CODESEARCH_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors()
        )
        raise ConfigurationError(f"Wrong setting: {problems}.") from error
    except (SettingsError, ValueError) as error:
        raise ConfigurationError(f"Cannot read the settings from {CONFIG_FILE} and the environment: {error}") from error
