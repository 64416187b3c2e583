"""Second step of the flow: decides which files of a snapshot are indexed, decodes those, and counts the others."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping

from codesearch.core.types import SourceFile
from indexer.source.decoding import decode_text
from indexer.source.generated import find_generated_marker, find_minified_line
from indexer.source.skipping import Skipped, SkipReason, judge_name, vendored_folder
from indexer.source.snapshot import Entry, Snapshot

DEFAULT_MAX_FILE_BYTES = 1 << 20
DETAIL_CHARACTERS = 80


class Walk:
    """The files of one snapshot, judged. Iterate once for the files to index, in path order.

    `planned` and `planned_bytes` are known at once: how many files will be read, and how large they are. `unchanged`
    (paths, in order), `skipped` and `counts` are complete when the iteration is.
    """

    def __init__(self, snapshot: Snapshot, max_file_bytes: int, known: Mapping[str, str]) -> None:
        self._snapshot = snapshot
        self._known = known
        self._skipped: list[Skipped] = []
        self.unchanged: list[str] = []
        self.file_count = 0
        listing = snapshot.listing()
        self._skipped.extend(listing.skipped)
        self._wanted = list(self._judge_entries(listing.files, max_file_bytes))
        self.planned = len(self._wanted)
        self.planned_bytes = sum(entry.size for entry in self._wanted)

    def __iter__(self) -> Iterator[SourceFile]:
        if not self._wanted:
            return
        times = self._snapshot.modified_times([entry.path for entry in self._wanted])
        for entry, content in self._snapshot.read(self._wanted):
            if isinstance(content, Skipped):
                self._skipped.append(content)
                continue
            content_id = entry.content_id or content_hash(content)
            if self._known.get(entry.path) == content_id:
                self.unchanged.append(entry.path)
                continue
            judged = judge_content(entry.path, content)
            if isinstance(judged, Skipped):
                self._skipped.append(judged)
            else:
                self.file_count += 1
                yield SourceFile(entry.path, judged, content_id, times.get(entry.path))

    @property
    def skipped(self) -> list[Skipped]:
        """The files that are not indexed, in path order; a folder's path ends with a slash."""
        return sorted(self._skipped, key=lambda item: (item.path, item.reason.value))

    def counts(self) -> dict[SkipReason, int]:
        """Return how many were skipped for each reason that occurs, in the order of SkipReason."""
        counted = Counter(item.reason for item in self._skipped)
        return {reason: counted[reason] for reason in SkipReason if counted[reason]}

    def _judge_entries(self, entries: tuple[Entry, ...], max_file_bytes: int) -> Iterator[Entry]:
        """Yield the entries that have to be read, and sort the others into skipped and unchanged."""
        vendored = VendoredFolders(entries, self._snapshot.subdir)
        for entry in entries:
            if detail := vendored.find(entry.path):
                self._skip(entry, SkipReason.VENDORED, detail)
            elif verdict := judge_name(entry.path):
                self._skip(entry, *verdict)
            elif entry.size > max_file_bytes:
                self._skip(entry, SkipReason.TOO_LARGE, f"{entry.size:,} bytes, the limit is {max_file_bytes:,}")
            elif entry.size == 0:
                self._skip(entry, SkipReason.EMPTY, "0 bytes")
            elif entry.content_id is not None and self._known.get(entry.path) == entry.content_id:
                self.unchanged.append(entry.path)
            else:
                yield entry

    def _skip(self, entry: Entry, reason: SkipReason, detail: str) -> None:
        self._skipped.append(Skipped(entry.path, reason, detail))


class VendoredFolders:
    """Remembers for the folders of one listing whether they, or one above them, are vendored."""

    def __init__(self, entries: tuple[Entry, ...], subdir: str | None) -> None:
        self._paths = {entry.path for entry in entries}
        # A sub-folder that somebody asked for is wanted, whatever it and the folders above it are called.
        self._details: dict[str, str | None] = {"": None, f"{subdir}/" if subdir else "": None}

    def find(self, path: str) -> str | None:
        """Say which vendored folder a file is in; None for a file of the repository's own."""
        return self._find_folder(path[: path.rfind("/") + 1])

    def _find_folder(self, folder: str) -> str | None:
        if folder not in self._details:
            parent, _, name = folder[:-1].rpartition("/")
            parent = f"{parent}/" if parent else ""
            above = self._find_folder(parent)
            self._details[folder] = above or vendored_folder(parent, name, self._paths.__contains__)
        return self._details[folder]


def walk(
    snapshot: Snapshot, *, max_file_bytes: int = DEFAULT_MAX_FILE_BYTES, known: Mapping[str, str] | None = None
) -> Walk:
    """Judge the files of a snapshot; the result yields those to index, one at a time, in path order.

    `known` maps paths to the content ids that are indexed already: those files come back as `unchanged` and, where git
    tells the id, are not read. Raises SourceError when the snapshot cannot be read.
    """
    return Walk(snapshot, max_file_bytes, known or {})


def judge_content(path: str, content: bytes) -> str | Skipped:
    """Return the text of a file, or why it is skipped for what is in it."""
    text = decode_text(content)
    if isinstance(text, tuple):
        return Skipped(path, *text)
    if not text or text.isspace():
        return Skipped(path, SkipReason.EMPTY, "only white space")
    name = path.rsplit("/", 1)[-1].lower()
    extension = name.rpartition(".")[2] if "." in name else ""
    if detail := find_minified_line(text, extension):
        return Skipped(path, SkipReason.MINIFIED, detail)
    if marker := find_generated_marker(text, extension):
        return Skipped(path, SkipReason.GENERATED, marker[:DETAIL_CHARACTERS])
    return text


def content_hash(content: bytes) -> str:
    """Return the id that git would give these bytes, so that a folder and a repository agree."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
