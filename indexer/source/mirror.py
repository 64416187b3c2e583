"""Keeps a bare, shallow mirror of a remote repository: one commit, no work tree, no address in its configuration.

Called by opening.py; what it leaves is read by git_snapshot.py.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from codesearch.core.errors import SourceError
from codesearch.core.redaction import redact
from indexer.source.git import NO_REPOSITORY, Access, Git
from indexer.source.location import Location

if TYPE_CHECKING:
    from codesearch.core.config import Settings

# What git says on following a permanent or passing redirect of the address.
_REDIRECTION = re.compile(r"^warning: redirecting to (?P<address>\S+)", re.MULTILINE)
MIRROR_REFERENCE = "refs/codesearch/head"
PACKS_BEFORE_COMPACTION = 10
BRANCHES_SHOWN = 5


def update_mirror(
    location: Location, branch: str | None, mirror: Path, *, settings: Settings, access: Access
) -> tuple[Git, str, str]:
    """Bring the mirror to the branch's newest commit (the remote's default branch for None).

    Returns git on the mirror, the object id it stands at and the full name of the branch. Nothing is transferred when
    the remote did not change; a mirror that a killed run damaged is built anew. Raises SourceError.
    """
    url = location.url or ""
    timeout_seconds = settings.git_timeout_seconds
    mirror.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{mirror}.lock", timeout=timeout_seconds):
            remove_leftovers(mirror)
            remote = Git(NO_REPOSITORY, display=location.display, access=access, timeout_seconds=timeout_seconds)
            reference, tip = find_tip(remote, url, branch)
            git = Git(mirror, display=location.display, access=access, timeout_seconds=timeout_seconds)
            git.moved_to = remote.moved_to
            if mirror.is_dir() and _current(git) == tip:
                return git, tip, reference
            if not (mirror.is_dir() and _fetch_into(git, url, reference)):
                _build(git, url, reference, tip)
            return git, _current(git) or tip, reference
    except Timeout as error:
        raise SourceError(
            f"Another run has been fetching {location.display} for over {timeout_seconds} s; wait for it or stop it."
        ) from error
    except OSError as error:
        raise SourceError(f"The mirror {mirror} cannot be written: {error.strerror}.") from error


def missing_branch(display: str, branch: str, branches: Iterable[str]) -> SourceError:
    """Return the error for a branch that is not there; it names the branches most like it."""
    known = sorted(branches)
    close = difflib.get_close_matches(branch, known, BRANCHES_SHOWN, cutoff=0.0) if known else []
    shown = f"; it has: {', '.join(close)}{', …' if len(known) > len(close) else ''}" if close else ""
    return SourceError(f"There is no branch '{branch}' in {display}{shown}.")


def find_tip(remote: Git, url: str, branch: str | None) -> tuple[str, str]:
    """Ask the remote for the wanted reference, HEAD for None: its full name and object id. Raises SourceError."""
    wanted = [f"refs/heads/{branch}", f"refs/tags/{branch}"] if branch else ["HEAD"]
    found = _list_references(remote, url, *wanted)
    for reference in wanted:
        if reference in found:
            return reference, found[reference]
    branches = [
        name.removeprefix("refs/heads/") for name in _list_references(remote, url) if name.startswith("refs/heads/")
    ]
    if branch and branches:
        raise missing_branch(remote.display, branch, branches)
    if branches:
        shown = ", ".join(sorted(branches)[:BRANCHES_SHOWN])
        raise SourceError(f"{remote.display} has no default branch; name a branch, such as: {shown}.")
    raise SourceError(f"{remote.display} is empty: it has no commits yet.")


def _list_references(remote: Git, url: str, *patterns: str) -> dict[str, str]:
    outcome = remote.run("ls-remote", "--quiet", "--", url, *patterns, network=True)
    if outcome.status:
        raise remote.failure(outcome.error_text)
    if moved := _REDIRECTION.search(outcome.error_text):
        remote.moved_to = redact(moved["address"].rstrip("/"))
    output = outcome.output
    pairs = (line.split("\t", 1) for line in output.decode("utf-8", "surrogateescape").splitlines() if "\t" in line)
    return {name: object_id for object_id, name in pairs}


def _current(git: Git) -> str | None:
    """Return the object id that the mirror stands at; None when it has none or is damaged."""
    outcome = git.run("rev-parse", "--verify", "--quiet", MIRROR_REFERENCE)
    if outcome.status:
        return None
    object_id = outcome.output.decode().strip()
    return None if git.run("cat-file", "-e", f"{object_id}^{{tree}}").status else object_id


def _fetch_into(git: Git, url: str, reference: str) -> bool:
    """Fetch into an existing mirror; False when it is damaged and has to be built anew."""
    remove_stale_locks(git.git_dir)
    if git.run(*_fetch_arguments(url, reference), network=True).status:
        return False  # building it anew tells a network failure from a damaged mirror
    if len(list((git.git_dir / "objects" / "pack").glob("*.pack"))) > PACKS_BEFORE_COMPACTION:
        git.run("gc", "--quiet", "--prune=now")
    return _current(git) is not None


def _build(git: Git, url: str, reference: str, tip: str) -> None:
    """Make the mirror beside where it belongs and move it there whole."""
    unfinished = git.git_dir.with_name(f"{git.git_dir.name}.new-{os.getpid()}")
    building = Git(unfinished, display=git.display, access=git.access, timeout_seconds=git.timeout_seconds)
    try:
        # 64 hex digits: a SHA-256 repository, which has to be mirrored as one.
        object_format = "sha256" if len(tip) == 64 else "sha1"
        building.require("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}")
        building.require(*_fetch_arguments(url, reference), network=True)
        shutil.rmtree(git.git_dir, ignore_errors=True)
        unfinished.replace(git.git_dir)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _fetch_arguments(url: str, reference: str) -> tuple[str, ...]:
    options = ("--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance")
    return ("fetch", *options, "--force", "--progress", "--", url, f"+{reference}:{MIRROR_REFERENCE}")


def remove_leftovers(mirror: Path) -> None:
    """Remove what killed runs left half-made; the caller holds the lock, so no run is at work on it."""
    for leftover in mirror.parent.glob(f"{mirror.name}.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def remove_stale_locks(mirror: Path) -> None:
    """Remove the locks and unfinished files that killed runs left in a repository whose lock the caller holds."""
    for pattern in ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*", "objects/pack/*.lock", "objects/tmp_*"):
        for stale in mirror.glob(pattern):
            stale.unlink(missing_ok=True)
