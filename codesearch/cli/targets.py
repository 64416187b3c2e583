"""What an index run is to be of, as the command line or the catalog says it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codesearch.core.errors import CodesearchError
from codesearch.core.redaction import redact


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be indexed, and how, as the command line or the catalog says it.

    `shown` is what it is called. `is_known`: it is in the catalog already, so its name and what it begins with are its.
    """

    source: str
    branch: str | None = None
    subdir: str | None = None
    name: str | None = None
    committed: bool = False
    shown: str | None = None
    is_known: bool = False

    @property
    def label(self) -> str:
        """What lines about it begin with."""
        from indexer.source.location import parse_location, suggested_name

        if label := self.shown or self.name:
            return label
        try:
            return suggested_name(parse_location(self.source), self.subdir)
        except CodesearchError:
            return redact(self.source)

    def must_wait_for(self, other: Target) -> bool:
        """Say whether this may only begin once the other's run has ended: it may begin with that one's index."""
        return not self.is_known and self.may_be_like(other)

    def may_be_like(self, other: Target) -> bool:
        """Say whether both may have most files in common: branches, work trees, copies or forks of one repository."""
        return bool(_marks_of(self) & _marks_of(other))


def _marks_of(target: Target) -> set[str]:
    """Return the last part of where a target is, and of a local repository the folder that its work trees share."""
    from indexer.source.location import parse_location

    try:
        location = parse_location(target.source)
    except CodesearchError:
        return {target.source}
    path = location.path
    if path is None:
        return {location.canonical.rpartition("/")[2].lower()}
    marks = {path.name.removesuffix(".git").lower()}
    with suppress(OSError, ValueError):
        if (path / ".git").is_dir():
            marks.add(str((path / ".git").resolve()))
        elif (path / ".git").is_file():
            # Of a linked work tree it says GITDIR/worktrees/NAME, its own part of what all share.
            own = Path(path, (path / ".git").read_text().removeprefix("gitdir:").strip())
            marks.add(str(own.resolve().parent.parent))
    return marks
