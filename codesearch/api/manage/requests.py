"""What admins send: the bodies of their deeds, as they are checked and as OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from codesearch.core.catalog.keys import MAX_RATE
from codesearch.core.types import MOST_MINUTES, HostKind

MAX_LOCATION_LENGTH: Final = 2048
MAX_NAMES: Final = 10_000
MAX_DAYS: Final = 36_500

Text = Annotated[str, Field(max_length=MAX_LOCATION_LENGTH)]
Names = Annotated[list[Annotated[str, Field(max_length=512)]], Field(max_length=MAX_NAMES)]
Patterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\r\n]*$")]], Field(max_length=200)
]
Flag = Annotated[bool, Field(strict=True)]
Minutes = Annotated[int, Field(ge=1, le=MOST_MINUTES, strict=True)]
MinutesOrNever = Annotated[int, Field(ge=0, le=MOST_MINUTES, strict=True)]


def _shown(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class SourceRequest(BaseModel):
    """A repository to be added. One that is there already is refreshed, and changed where a field says so."""

    model_config = _shown({"location": "https://github.com/pallets/flask", "name": "flask", "refresh_minutes": 60})

    location: Text = Field(
        min_length=1,
        description="Clone URL without a login, or `owner/name` of GitHub; a path only where the service takes paths",
    )
    branch: Text | None = Field(None, description="Branch or tag; the default is the repository's own branch")
    subdir: Text | None = Field(None, description="Only this folder of the repository")
    name: Text | None = Field(None, description="What it is called; the default comes from the location")
    refresh_minutes: MinutesOrNever | None = Field(
        None, description="Refresh it every so many minutes; 0: on request only"
    )


class SourceChange(BaseModel):
    """What is to be otherwise about a source; a field that is left out stays as it is."""

    model_config = _shown({"name": "flask", "refresh_minutes": 30})

    name: Text | None = Field(None, description="Its new name")
    refresh_minutes: MinutesOrNever | None = Field(
        None, description="Refresh it every so many minutes; 0: on request only; null: as often as the service has it"
    )
    paused: Flag | None = Field(None, description="true: no schedule and no webhook refreshes it")


class OrganisationRequest(BaseModel):
    """A group or user of a code host whose repositories are to be sources."""

    model_config = _shown(
        {"location": "https://github.com/pallets", "exclude": ["*-website"], "discover_minutes": 1440}
    )

    location: Text = Field(min_length=1, description="Address of its page, without a login")
    kind: HostKind | None = Field(None, description="Whose API the host speaks, where its name does not say it")
    name: Text | None = Field(None, description="What it is called; the default is host and path")
    include: Patterns = Field(default_factory=list, description="Only these: globs of names, or of paths with a slash")
    exclude: Patterns = Field(default_factory=list, description="Not these")
    archived: Flag = Field(False, description="Archived repositories, too")
    forks: Flag = Field(False, description="Forks, too")
    prune: Flag = Field(False, description="Sources of repositories that are gone are removed, not only marked")
    discover_minutes: Minutes | None = Field(
        1440, description="Look again every so many minutes; null: on request only"
    )
    refresh_minutes: MinutesOrNever | None = Field(
        60,
        description="New sources are refreshed every so many minutes; 0: on request; null: as the service has it",
    )


class OrganisationChange(BaseModel):
    """What is to be otherwise about an organisation; a field that is left out stays as it is."""

    model_config = _shown({"include": ["flask*"], "prune": True})

    name: Text | None = Field(None, description="Its new name")
    include: Patterns | None = Field(None, description="Only these")
    exclude: Patterns | None = Field(None, description="Not these")
    archived: Flag | None = Field(None, description="Archived repositories, too")
    forks: Flag | None = Field(None, description="Forks, too")
    prune: Flag | None = Field(None, description="Sources of repositories that are gone are removed")
    discover_minutes: Minutes | None = Field(None, description="Look again so often; null: on request only")
    refresh_minutes: MinutesOrNever | None = Field(
        None, description="Of new sources; 0: on request only; null: as the service has it"
    )


class WorkspaceRequest(BaseModel):
    """Sources that are searched together."""

    model_config = _shown({"name": "shop", "sources": ["orders-service", "webshop-frontend"]})

    name: Text = Field(min_length=1, description="Its name, free among repositories and workspaces")
    sources: Names = Field(min_length=1, description="Ids or names of its repositories")


class WorkspaceChange(BaseModel):
    """What is to be otherwise about a workspace; a field that is left out stays as it is."""

    model_config = _shown({"add": ["billing-service"], "remove": ["webshop-frontend"]})

    name: Text | None = Field(None, description="Its new name")
    sources: Names | None = Field(None, description="All of its repositories, by id or name")
    add: Names = Field(default_factory=list, description="These, too")
    remove: Names = Field(default_factory=list, description="These no longer")


class KeyRequest(BaseModel):
    """A key to be made. Without sources and groups it reads everything."""

    model_config = _shown({"name": "dify", "sources": ["orders-service"], "expires_days": 365})

    name: Text = Field(min_length=1, description="Its name, free among the keys that open something")
    sources: Names | None = Field(None, description="Only these repositories, by id or name; [] with groups: no others")
    groups: Names = Field(default_factory=list, description="What these groups read, also later")
    user: Text | None = Field(None, description="Of that, only what the code host lets this person read")
    admin: Flag = Field(False, description="Reads everything and manages everything")
    expires_days: Annotated[int, Field(ge=1, le=MAX_DAYS, strict=True)] | None = Field(
        None, description="Stops working after so many days"
    )
    requests_per_minute: Annotated[int, Field(ge=0, le=MAX_RATE, strict=True)] | None = Field(
        None, description="So many in a server process, in the place of the service's limit; 0: any number"
    )


MODELS: Final[tuple[type[BaseModel], ...]] = (
    SourceRequest,
    SourceChange,
    OrganisationRequest,
    OrganisationChange,
    WorkspaceRequest,
    WorkspaceChange,
    KeyRequest,
)
