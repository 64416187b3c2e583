"""Where a data source lies: a clone URL, a local git repository or a plain folder, with the secrets split off.

First step of the flow: everything later sees a `Location`, whose printable forms hold no credentials.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, quote, unquote, urlsplit

from codesearch.core.errors import SourceError
from codesearch.core.redaction import holds_token, redact
from codesearch.core.types import HEAD
from indexer.source.discovery import find_repository, is_git_folder

DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}
SOURCE_ID_LENGTH = 24

_REMOTE_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP_LIKE = re.compile(r"(?:(?P<user>[^@/:\[\]]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@/:\[\]]+):(?P<path>.+)", re.DOTALL)
_PASSWORD = re.compile(r":[^:@]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BRANCH_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|^[./]|[./]$|^@$")
# Whose repositories are known without `https://`; the first is the one that `owner/name` alone means.
CODE_HOSTS = ("github.com", "gitlab.com", "codeberg.org", "bitbucket.org")
_OWNER_AND_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9_.-]{0,99}[A-Za-z0-9_-]")
_WEB_PAGE = re.compile(r"(?P<repository>/[^/]+/.+?)(?:/-)?/(?P<kind>tree|blob)/(?P<branch>[^/]+)(?:/(?P<path>.+))?")


_NO_SSH_PASSWORD = "An ssh address cannot carry a password; use a key: set CODESEARCH_GIT_SSH_KEY or run ssh-agent."  # noqa: S105


class LocationKind(str, Enum):
    """How a location is read: cloned into a mirror, read in text from its git objects, or file by file."""

    REMOTE = "remote"
    REPOSITORY = "repository"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The login that a clone URL carried. It is handed to git through the environment and stored nowhere."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Location:
    """What can be indexed.

    `display` is for people, the catalog and logs; `canonical` is the normalised form that ids are made of. Neither
    holds a secret. Remote: `url` is what git gets (no credentials) and `path` is None. Local: `path` is absolute and
    resolved, the work tree, a folder of it, the bare repository or the folder. `root` is the repository that it is of.
    """

    kind: LocationKind
    display: str
    canonical: str
    url: str | None = None
    path: Path | None = None
    root: Path | None = None
    credentials: Credentials | None = field(default=None, repr=False)

    @property
    def inside(self) -> str:
        """Where below the root of its repository the path is, with `/`; "" for the root itself."""
        if self.path is None or self.root is None or self.path == self.root:
            return ""
        return self.path.relative_to(self.root).as_posix()

    def subdir_from_root(self, subdir: str | None) -> str | None:
        """Return what a sub-folder is called from the root of the repository; None for all of it."""
        return "/".join(part for part in (self.inside, check_subdir(subdir)) if part) or None


def parse_location(raw: str) -> Location:
    """Read a clone URL, a local git repository or a plain folder; `owner/name` and `github.com/owner/name` are URLs.

    Looks at the file system to tell local kinds apart, contacts nobody. Raises SourceError with one line for anything
    else: remote helpers (`ext::`), options, unknown schemes, missing paths.
    """
    text = raw.strip()
    if not text:
        raise SourceError("No source given: name a clone URL, a local git repository or a folder.")
    if text.startswith("-"):
        raise SourceError("The source looks like an option; a folder whose name starts with '-' is written './-name'.")
    if _CONTROL.search(text):
        raise SourceError("The source holds control characters; give a plain clone URL or path.")
    if helper := _REMOTE_HELPER.match(text):
        raise SourceError(
            f"Remote helpers such as '{helper.group()}' run programs and are refused; use an https, ssh or file URL."
        )
    if url := _URL.match(text):
        location = _parse_url(text, url.group(1).lower())
    elif (scp := _SCP_LIKE.fullmatch(text)) and len(scp["host"]) > 1:
        location = _parse_scp_like(scp)
    elif expanded := _expand_local_miss(text):
        return parse_location(expanded)
    else:
        return _parse_path(text)
    if _hides_credentials(location.canonical):
        raise SourceError(
            "The address holds what looks like a token or a password where none belongs; leave it out and set "
            "CODESEARCH_GIT_TOKEN, or CODESEARCH_GIT_SSH_KEY for ssh."
        )
    return location


def is_address(text: str) -> bool:
    """Say whether a text has the form of a URL, of an scp-like address or of a remote helper, and is no path. Pure."""
    scp = _SCP_LIKE.fullmatch(text)
    return bool(_REMOTE_HELPER.match(text) or _URL.match(text) or (scp and len(scp["host"]) > 1))


def expand_shorthand(text: str) -> str | None:
    """Return the clone URL that `owner/name` (of GitHub) or `github.com/owner/name` is short for, else None. Pure."""
    host, _, path = text.partition("/")
    if host.lower().removeprefix("www.") in CODE_HOSTS and path.strip("/"):
        return f"https://{host.lower().removeprefix('www.')}/{path}"
    return f"https://{CODE_HOSTS[0]}/{text}" if _OWNER_AND_NAME.fullmatch(text) else None


def _expand_local_miss(text: str) -> str | None:
    """Return what a text is short for, unless it is a path: one that is there, or whose first folder is."""
    expanded = expand_shorthand(text)
    return expanded if expanded and not Path(text.partition("/")[0]).exists() else None


def _hides_credentials(address: str) -> bool:
    """Say whether what remains of an address, once its login is split off, still looks like holding one.

    A password that was not quoted moves the parts: `https://user:12/34@host/path` names a host `user` and its port.
    """
    plain = unquote(address)
    parts = urlsplit(address) if "://" in address else None
    is_shifted = parts is not None and parts.port is not None and "@" in unquote(parts.path)
    path = plain.split("://", 1)[-1].partition("/")[2]
    return holds_token(plain) or is_shifted or any(_PASSWORD.search(part) for part in path.split("/"))


def _parse_url(text: str, scheme: str) -> Location:
    if scheme not in {"https", "http", "ssh", "git", "file"}:
        raise SourceError(f"'{scheme}://' is not supported; use an https, http, ssh, git or file URL, or a path.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # The parser's own message may quote the user information.
        raise SourceError(f"The {scheme} URL cannot be read; check its host and port.") from None
    if scheme == "file":
        return _parse_file_url(parts)
    host = (parts.hostname or "").lower()
    if not host or host.startswith("-"):
        raise SourceError(
            f"The {scheme} URL names no valid host; write it like {scheme}://example.org/team/project.git."
        )
    if not parts.path.strip("/"):
        raise SourceError(f"The URL {scheme}://{host} names no repository; add its path.")
    if parts.query or parts.fragment:
        # Not what it is: it may be a token, or the rest of a password.
        raise SourceError("A clone URL has no '?' or '#' part; leave out what begins with it.")
    address = f"[{host}]" if ":" in host else host
    if port is not None and port != DEFAULT_PORTS[scheme]:
        address += f":{port}"
    _refuse_web_page(scheme, address, parts.path)
    credentials = None
    if scheme == "ssh":
        if parts.password:
            raise SourceError(_NO_SSH_PASSWORD)
        if parts.username:
            username = unquote(parts.username)
            if username.startswith("-"):
                raise SourceError("The user name in the ssh URL looks like an option.")
            if ":" in username or "@" in username:
                raise SourceError(_NO_SSH_PASSWORD)
            address = f"{parts.username}@{address}"
    elif parts.username or parts.password:
        credentials = Credentials(unquote(parts.username or ""), unquote(parts.password or ""))
        if _CONTROL.search(credentials.username + credentials.password):
            raise SourceError("The login in the URL holds control characters; check how it is quoted.")
    url = f"{scheme}://{address}{parts.path}"
    canonical = f"{scheme}://{address}{_without_suffix(parts.path)}"
    return Location(LocationKind.REMOTE, display=url, canonical=canonical, url=url, credentials=credentials)


def _parse_file_url(parts: SplitResult) -> Location:
    if parts.netloc not in {"", "localhost"}:
        raise SourceError("A file URL names no host; write it like file:///path/to/repository.")
    if not parts.path.strip("/"):
        raise SourceError("The file URL names no repository; write it like file:///path/to/repository.")
    url = f"file://{parts.path}"
    return Location(LocationKind.REMOTE, display=url, canonical=f"file://{_without_suffix(parts.path)}", url=url)


def _parse_scp_like(match: re.Match[str]) -> Location:
    user, host, path = match["user"], match["host"].lower(), match["path"]
    before, at, after = unquote(path).partition("@")
    # user:password@host:path is read as the host `user`; with a login in front, an @ may be part of the path.
    if at and (user is None or "/" not in before or ":" in after):
        raise SourceError(f"{_NO_SSH_PASSWORD} A path with an @ in it is written like ssh://git@host/path.")
    if host.startswith("-") or (user or "").startswith("-") or path.startswith("-"):
        raise SourceError("The source looks like an option; write it like git@example.org:team/project.git.")
    prefix = f"{user}@{host}" if user else host
    display = f"{prefix}:{path}"
    return Location(LocationKind.REMOTE, display=display, canonical=f"{prefix}:{_without_suffix(path)}", url=display)


def _parse_path(text: str) -> Location:
    try:
        path = Path(text).expanduser().resolve()
        exists, is_folder = path.exists(), path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(
            f"The path '{redact(text)}' cannot be read; check its spelling and your permissions."
        ) from error
    if not exists:
        raise SourceError(
            f"There is no '{redact(text)}': give a clone URL (https://, ssh://, git@host:path) or an existing folder."
        )
    if not is_folder:
        raise SourceError(f"'{text}' is a file: give the folder or the repository that holds it.")
    if path.name == ".git" and is_git_folder(path):
        path = path.parent
    root = find_repository(path)
    kind = LocationKind.FOLDER if root is None else LocationKind.REPOSITORY
    return Location(kind, display=str(path), canonical=str(path), path=path, root=root)


def _refuse_web_page(scheme: str, address: str, path: str) -> None:
    page = _WEB_PAGE.fullmatch(path)
    if page and address in {"github.com", "gitlab.com", "codeberg.org"} and scheme in {"https", "http"}:
        is_file = page["kind"] == "blob"
        written = page["path"] or ""
        folder = (written.rpartition("/")[0] if is_file else written).strip("/")
        plain = unquote(folder)
        subdir = f"; its sub-folder is {shlex.quote(folder if _CONTROL.search(plain) else plain)}" if folder else ""
        raise SourceError(
            f"This is a web page{' of a file' if is_file else ''}, not a clone URL; use {scheme}://{address}{page['repository']}"
            f"; its branch is {page['branch']}{subdir}."
        )


def _without_suffix(path: str) -> str:
    return path.rstrip("/").removesuffix(".git").rstrip("/") or path


def check_branch(branch: str | None) -> str | None:
    """Return the branch or tag name as it is, None for an empty one; raise SourceError for what git would not allow."""
    if not branch:
        return None
    if branch.startswith("-") or _BRANCH_REFUSED.search(branch):
        raise SourceError(f"{branch!r} is not a branch name; give the plain name of a branch, such as main.")
    return branch


def choose_branch(location: Location, branch: str | None, *, committed: bool) -> str | None:
    """Return the branch that is meant: HEAD where a work tree is to be read as it is committed.

    What has no work tree is read so anyway. Raises SourceError for a plain folder, which has no commits.
    """
    branch = check_branch(branch)
    if not committed or branch:
        return branch
    if location.kind is LocationKind.FOLDER:
        raise SourceError(f"{location.display} is a plain folder without commits; only what is on disk can be indexed.")
    is_work_tree = location.root is not None and (location.root / ".git").exists()
    return HEAD if is_work_tree else None


def check_subdir(subdir: str | None) -> str | None:
    """Return the sub-folder relative to the root with `/` between parts, None for the root itself.

    Raises SourceError for absolute paths, `..`, options and control characters.
    """
    if not subdir:
        return None
    parts = PurePosixPath(subdir).parts
    if subdir.startswith(("-", "/")) or ".." in parts or ".git" in parts or _CONTROL.search(subdir) or "\\" in subdir:
        raise SourceError(f"{subdir!r} is not a sub-folder: give a path inside the repository, such as packages/core.")
    return "/".join(parts) or None


def source_id(location: Location, branch: str | None = None, subdir: str | None = None) -> str:
    """Return the id of a data source: 24 hex digits, the same for the same location, branch and sub-folder."""
    key = "\0".join((location.canonical, check_branch(branch) or "", check_subdir(subdir) or ""))
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:SOURCE_ID_LENGTH]


def suggested_name(location: Location, subdir: str | None = None) -> str:
    """Return a short name: the last part of the location, with the sub-folder's parts behind it (`rails-railties`)."""
    text = location.canonical if location.path is None else location.path.name.removesuffix(".git")
    last = re.split(r"[/:]", unquote(text).rstrip("/"))[-1]
    words = [last, *(check_subdir(subdir) or "").split("/")]
    cleaned = (re.sub(r"[^\w.-]+", "-", word).strip("-.") for word in words)
    return "-".join(word for word in cleaned if word) or "source"


def secrets_of(credentials: Credentials | None, token: str | None) -> tuple[str, ...]:
    """Return every spelling of the secrets that must not be printed, longest first."""
    plain = {token or ""}
    if credentials is not None:
        plain |= {credentials.password}
        if not credentials.password:
            plain |= {credentials.username}
    spellings = plain | {quote(secret, safe="") for secret in plain}
    return tuple(sorted((secret for secret in spellings if secret), key=lambda secret: (-len(secret), secret)))
