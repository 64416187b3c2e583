"""Plans changes of clients' files and makes them: each whole or not at all, what was there kept beside it.

Taking out what was put in gives the bytes that were there before. What a file was like is in its copy; where somebody
wrote to it since, or the copy is gone, the text alone says what to take out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codesearch.core.errors import ConfigurationError
from codesearch.mcp.clients.client import Client, Endpoint, Launch, Place, Rules
from codesearch.mcp.clients.entries import drop_entry, put_entry, read_entry
from codesearch.mcp.clients.files import copy_of, delete_file, read_file, replace_file, require_writable
from codesearch.mcp.clients.rules import drop_rules, has_rules, put_rules


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it is to be; `before` None: it is not there yet, `after` None: it is to go.

    `keeps_copy`: what it is like now is kept beside it. `folders` go with it where nothing else is in them, the
    innermost first. `is_copy`: it is such a copy.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    keeps_copy: bool = False
    folders: tuple[Path, ...] = ()
    is_copy: bool = False

    @property
    def verb(self) -> str:
        """What it does, in a word."""
        if self.before == self.after:
            return "unchanged"
        return "create" if self.before is None else "delete" if self.after is None else "change"


@dataclass(frozen=True, slots=True)
class _Edit:
    """What is done to the text of one file. `again` puts into a text what another one holds of ours."""

    has: Callable[[str], bool]
    put: Callable[[str], str]
    drop: Callable[[str], str]
    again: Callable[[str, str], str]

    def is_made_from(self, earlier: str, text: str) -> bool:
        """Say whether a text is nothing but an earlier one with ours put in."""
        return not self.has(earlier) and self.has(text) and self.again(earlier, text) == text


def plan_install(client: Client, place: Place, server: Launch | Endpoint, *, with_rules: bool) -> list[Change]:
    """Return what has to be changed so that a client knows the server. Raises ConfigurationError; changes nothing."""
    if isinstance(server, Launch):
        entry = client.as_stdio(server)
    elif client.as_http is not None:
        entry = client.as_http(server)
    else:
        raise ConfigurationError(
            f"{client.title} cannot ask a service with a key from the environment; leave out --url for it."
        )
    changes = [_plan_putting(place.configuration, _edit_entry(client, entry))]
    if with_rules and place.rules is not None:
        changes.append(_plan_putting(place.rules.path, _edit_rules(place.rules)))
    return changes


def plan_uninstall(client: Client, place: Place, root: Path) -> list[Change]:
    """Return what has to be changed so that a client no longer knows the server. Raises as `plan_install` does.

    `root` is the home or project folder: of those below it, ones that are left empty go as well.
    """
    kept = {root, *client.signs(Path.home())}
    changes = _plan_dropping(place.configuration, _edit_entry(client, {}), root, kept)
    if place.rules is not None:
        changes += _plan_dropping(place.rules.path, _edit_rules(place.rules), root, kept)
    return changes


def make_change(change: Change) -> None:
    """Put a file in the place of what it was when the change was planned.

    Raises ConfigurationError where it cannot be written, or is another one by now.
    """
    if change.verb == "unchanged":
        return
    try:
        # A link to where somebody keeps such files stays one.
        path = change.path.resolve()
        if read_file(path) != change.before:
            raise ConfigurationError(f"{change.path} was changed by another program just now; run this again.")
        if change.after is None:
            delete_file(path, change.folders)
        else:
            replace_file(path, change.after, keeps_copy=change.keeps_copy)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{change.path} cannot be written: {reason}.") from error


def _edit_entry(client: Client, entry: dict[str, object]) -> _Edit:
    return _Edit(
        has=lambda text: read_entry(client, text) is not None,
        put=lambda text: put_entry(client, text, entry),
        drop=lambda text: drop_entry(client, text),
        again=lambda earlier, text: _put_again(client, earlier, read_entry(client, text)),
    )


def _put_again(client: Client, earlier: str, entry: object) -> str:
    return put_entry(client, earlier, entry) if isinstance(entry, dict) else ""


def _edit_rules(rules: Rules) -> _Edit:
    return _Edit(
        has=has_rules,
        put=lambda text: put_rules(text, rules.head),
        drop=lambda text: drop_rules(text, rules.head),
        again=lambda earlier, _: put_rules(earlier, rules.head),
    )


def _plan_putting(path: Path, edit: _Edit) -> Change:
    before, copy = _read_with_copy(path)
    text = _decode(path, before)
    after = _apply(path, lambda: edit.put(text)).encode()
    if after == (before or b""):
        return Change(path, before, before)
    _require_writable(path)
    # A copy from before the first change is still the one to go back to after the next.
    is_ours = before is not None and any(_is_made_from(edit, earlier, text) for earlier in (copy or b"", b""))
    return Change(path, before, after, keeps_copy=before is not None and not is_ours)


def _plan_dropping(path: Path, edit: _Edit, root: Path, kept: set[Path]) -> list[Change]:
    before, copy = _read_with_copy(path)
    if before is None:
        return []
    text = _decode(path, before)
    dropped = _apply(path, lambda: edit.drop(text))
    after: bytes | None = dropped.encode()
    if copy is not None and _is_made_from(edit, copy, text):
        after = copy
    elif copy is None and after != before and (not dropped.strip() or _is_made_from(edit, b"", text)):
        # It held nothing but what was written here.
        after = None
    changes = [Change(path, before, after, folders=_folders_of(path, root, kept))]
    if copy is not None:
        changes.append(Change(copy_of(path.resolve()), copy, None, is_copy=True))
    if any(change.verb != "unchanged" for change in changes):
        _require_writable(path)
    return changes


def _is_made_from(edit: _Edit, earlier: bytes, text: str) -> bool:
    try:
        return edit.is_made_from(earlier.decode("utf-8"), text)
    except ValueError:
        return False


def _folders_of(path: Path, root: Path, kept: set[Path]) -> tuple[Path, ...]:
    """Return the folders between a file and the root that nobody else is known to need, the innermost first."""
    if root not in path.parents or path.is_symlink():
        return ()
    folders = []
    for folder in path.parents:
        if folder in kept:
            break
        folders.append(folder)
    return tuple(folders)


def _read_with_copy(path: Path) -> tuple[bytes | None, bytes | None]:
    try:
        place = path.resolve()
        return read_file(place), read_file(copy_of(place))
    except (OSError, RuntimeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}; it is left as it is.") from error


def _require_writable(path: Path) -> None:
    try:
        require_writable(path.resolve(), path)
    except (OSError, RuntimeError) as error:
        raise ConfigurationError(f"{path} cannot be looked at: {error}; it is left as it is.") from error


def _decode(path: Path, content: bytes | None) -> str:
    return _apply(path, lambda: (content or b"").decode("utf-8"))


def _apply(path: Path, read: Callable[[], str]) -> str:
    """Return what `read` gives. Raises ConfigurationError for a text that is not what it should be."""
    try:
        return read()
    except ValueError as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)
        raise ConfigurationError(f"{path} is left as it is: {reason}. Mend it, then run this again.") from error
