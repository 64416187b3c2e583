"""Clone URL, commit, path and lines -> the page of the code host that shows them. Pure; used for a record's `url`."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

_SCP_LIKE = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^@/:\s]+):(?P<path>[^/].*|/.+)")
_AZURE_SSH_HOSTS = frozenset({"ssh.dev.azure.com", "vs-ssh.visualstudio.com"})

# repository's page, commit, quoted path, first and last line -> the lines' page
LinkForm = Callable[[str, str, str, int, int], str]


def line_url(location_display: str, commit: str | None, path: str, start_line: int, end_line: int) -> str | None:
    """Return the web address of lines at a commit; None for local sources, unknown hosts or an unknown commit.

    `location_display` is a clone URL or `git@host:path` without credentials. Knows GitHub, GitLab, Bitbucket, Azure
    DevOps, and Gitea and Forgejo, each also on a company's host that is named after it (`gitlab.example.org`).
    """
    address_and_repository = _split_location(location_display)
    if address_and_repository is None or not commit or not path:
        return None
    address, repository = address_and_repository
    if address in _AZURE_SSH_HOSTS or address == "dev.azure.com":
        return _azure_url(repository, commit, path, start_line, end_line)
    form = _find_form(address)
    return form(f"https://{address}/{repository}", commit, quote(path), start_line, end_line) if form else None


def repository_url(location_display: str) -> str | None:
    """Return the web address of a repository on a code host; None where `line_url` would know none either."""
    address_and_repository = _split_location(location_display)
    if address_and_repository is None or _find_form(address_and_repository[0]) is None:
        return None
    return "https://{}/{}".format(*address_and_repository)


def _split_location(location: str) -> tuple[str, str] | None:
    """Return the web host (with an http address's port) and the repository's quoted path; None for local sources."""
    if "://" in location:
        try:
            parts = urlsplit(location)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if parts.scheme not in {"https", "http", "ssh", "git"} or not host:
            return None
        # A port belongs to the scheme it was written with: that of ssh says nothing about the web page.
        address = f"{host}:{port}" if port and parts.scheme in {"https", "http"} else host
        path = unquote(parts.path)
    else:
        match = _SCP_LIKE.fullmatch(location)
        if match is None or len(match["host"]) == 1:
            return None
        address, path = match["host"].lower(), match["path"]
    repository = quote(path.strip("/").removesuffix(".git").rstrip("/"))
    return (address, repository) if repository else None


def _github(page: str, commit: str, path: str, start_line: int, end_line: int) -> str:
    return f"{page}/blob/{commit}/{path}#L{start_line}-L{end_line}"


def _gitlab(page: str, commit: str, path: str, start_line: int, end_line: int) -> str:
    return f"{page}/-/blob/{commit}/{path}#L{start_line}-{end_line}"


def _bitbucket(page: str, commit: str, path: str, start_line: int, end_line: int) -> str:
    return f"{page}/src/{commit}/{path}#lines-{start_line}:{end_line}"


def _gitea(page: str, commit: str, path: str, start_line: int, end_line: int) -> str:
    return f"{page}/src/commit/{commit}/{path}#L{start_line}-L{end_line}"


_FORMS: dict[str, LinkForm] = {
    "github": _github,
    "gitlab": _gitlab,
    "bitbucket": _bitbucket,
    "gitea": _gitea,
    "forgejo": _gitea,
    "codeberg": _gitea,
}


def _find_form(address: str) -> LinkForm | None:
    """Tell the code host's software by a whole part of its name: `gitlab.example.org`, `git.gitea.io`."""
    labels = address.rsplit(":", 1)[0].split(".")
    return next((_FORMS[label] for label in labels if label in _FORMS), None)


def _azure_url(repository: str, commit: str, path: str, start_line: int, end_line: int) -> str | None:
    """Build an Azure DevOps link from `organisation/project/_git/name`, or `v3/organisation/project/name` for ssh."""
    parts = repository.split("/")
    if len(parts) == 4 and parts[0] == "v3":
        organisation, project, name = parts[1:]
    elif len(parts) == 4 and parts[2] == "_git":
        organisation, project, name = parts[0], parts[1], parts[3]
    else:
        return None
    lines = f"line={start_line}&lineEnd={end_line + 1}&lineStartColumn=1&lineEndColumn=1"
    query = f"path={quote('/' + path, safe='')}&version=GC{commit}&{lines}"
    return f"https://dev.azure.com/{organisation}/{project}/_git/{name}?{query}"
