"""What a webhook says that matters here, whichever code host sent it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Host(str, Enum):
    """Whose form a webhook has; Forgejo's is Gitea's with header names of its own."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    FORGEJO = "forgejo"
    BITBUCKET = "bitbucket"


@dataclass(frozen=True, slots=True)
class Push:
    """References of a repository that moved. `addresses` are those that the host gives it, as it writes them.

    `references` are whole names such as refs/heads/main. `default_branch` is None where the host does not say which it
    is. `concerns_default`: which branch is the default one, or where the repository lies, may be another now.
    """

    addresses: tuple[str, ...]
    references: tuple[str, ...] = ()
    default_branch: str | None = None
    concerns_default: bool = False
