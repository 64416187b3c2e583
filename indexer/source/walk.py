"""Second step of the flow: decides which files of a snapshot are indexed, decodes those, and counts the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

from codesearch.core.types import SourceFile
from indexer.notebook.outputs import without_outputs
from indexer.source.decoding import NO_HINTS, Decoded, Hints, decode
from indexer.source.encoding.neighbours import Encodings, count_encodings, digest_neighbours
from indexer.source.generated import find_generated_marker
from indexer.source.minified import find_minified_line
from indexer.source.rules import Choices, Rules
from indexer.source.skipping import Skipped, SkipReason, judge_name
from indexer.source.snapshot import Entry, Snapshot
from indexer.source.vendoring import VendoredFolders
from indexer.source.verdicts import Remembered, Verdicts, names_of

DEFAULT_MAX_FILE_BYTES = 1 << 20
DETAIL_CHARACTERS = 80
# A notebook's outputs are not indexed and do not count for the limit; one of more bytes than these is not even read.
MAX_NOTEBOOK_BYTES = 64 << 20
_NOTEBOOK = ".ipynb"


class Walk:
    """The files of one snapshot, judged. Iterate once for the files to index, in path order.

    `planned` and `planned_bytes` are known at once: how many files will be read, and how large they are. `unchanged`
    (paths, in order), `skipped` and `counts` are complete when the iteration is. `notes` are for a person.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        max_file_bytes: int,
        known: Mapping[str, str],
        choices: Choices,
        verdicts: Verdicts,
    ) -> None:
        self._snapshot = snapshot
        self._verdicts = verdicts
        self._known = known
        self._max_file_bytes = max_file_bytes
        self._prefix = snapshot.prefix
        self._skipped: list[Skipped] = []
        self._indexed: list[str] = []
        self.unchanged: list[str] = []
        self.file_count = 0
        self._rules = Rules(snapshot, choices)
        self._refuted: dict[str, frozenset[SkipReason]] = {}
        self._others: Encodings | None = None
        listing = snapshot.listing()
        self._files = listing.files
        self.notes = listing.notes
        self._skipped.extend(map(self._as_own, listing.skipped))
        self._wanted = list(self._judge_entries(listing.files))
        self.planned = len(self._wanted)
        self.planned_bytes = sum(entry.size for entry in self._wanted)

    def __iter__(self) -> Iterator[SourceFile]:
        if not self._wanted:
            return
        times = self._snapshot.modified_times([entry.path for entry in self._wanted])
        for entry, content in self._snapshot.read(self._wanted):
            if isinstance(content, Skipped):
                self._skipped.append(self._as_own(content))
                continue
            content_id = self._rules.content_id(entry.path, entry.content_id or self._snapshot.identify(content))
            if self._known.get(self._own_path(entry.path)) == content_id:
                self._note_unchanged(entry)
                continue
            judged = self._judge(entry, content)
            if isinstance(judged, Skipped):
                self._skipped.append(self._as_own(judged))
            else:
                self.file_count += 1
                self._indexed.append(entry.path)
                modified_at = self._snapshot.uncommitted_at(entry.path)
                modified_at = times.get(entry.path) if modified_at is None else modified_at
                yield SourceFile(self._own_path(entry.path), judged, content_id, modified_at)

    def find_uncommitted(self) -> tuple[str, ...] | None:
        """Return which of the files to index are not as in the commit, in path order; None where all must be."""
        found = self._snapshot.uncommitted(sorted(self._indexed))
        return None if found is None else tuple(map(self._own_path, found))

    def _own_path(self, path: str) -> str:
        """Return a path of the repository as one of the source."""
        return path.removeprefix(self._prefix)

    def _as_own(self, skipped: Skipped) -> Skipped:
        return replace(skipped, path=self._own_path(skipped.path) or "./") if self._prefix else skipped

    def _note_unchanged(self, entry: Entry) -> None:
        self._indexed.append(entry.path)
        self.unchanged.append(self._own_path(entry.path))

    @property
    def skipped(self) -> list[Skipped]:
        """The files that are not indexed, in path order; a folder's path ends with a slash."""
        return sorted(self._skipped, key=lambda item: (item.path, item.reason.value))

    def counts(self) -> dict[SkipReason, int]:
        """Return how many were skipped for each reason that occurs, in the order of SkipReason."""
        counted = Counter(item.reason for item in self._skipped)
        return {reason: counted[reason] for reason in SkipReason if counted[reason]}

    def _judge_entries(self, entries: tuple[Entry, ...]) -> Iterator[Entry]:
        """Yield the entries that have to be read, and sort the others into skipped and unchanged."""
        vendored = VendoredFolders(entries, self._snapshot.subdir)
        for entry in entries:
            if verdict := self._judge_path(entry.path, vendored):
                self._skip(entry, *verdict)
            elif entry.size > self._max_file_bytes and entry.size > (limit := self._limit_of(entry.path)):
                self._skip(entry, SkipReason.TOO_LARGE, f"{entry.size:,} bytes, the limit is {limit:,}")
            elif entry.size == 0:
                self._skip(entry, SkipReason.EMPTY, "0 bytes")
            elif entry.content_id is not None and self._is_known(entry.path, entry.content_id):
                self._note_unchanged(entry)
            elif entry.content_id is not None and (verdict := self._recall(entry, entry.content_id)):
                self._skip(entry, *verdict)
            else:
                yield entry

    def _recall(self, entry: Entry, content_id: str) -> tuple[SkipReason, str] | None:
        """Return why an earlier run left out this content here, where it would still do so."""
        refuted = self._refuted.get(entry.path, ())
        declared = partial(self._rules.find_encoding, entry.path)
        return self._verdicts.find(entry.path, content_id, refuted, declared, lambda: self._neighbours)

    @cached_property
    def _neighbours(self) -> str | None:
        return digest_neighbours(self._files)

    def _limit_of(self, path: str) -> int:
        is_notebook = path.lower().endswith(_NOTEBOOK)
        return max(self._max_file_bytes, MAX_NOTEBOOK_BYTES) if is_notebook else self._max_file_bytes

    def _is_known(self, path: str, content_id: str) -> bool:
        known = self._known.get(self._own_path(path))
        if known is None or self._rules.is_silent:
            return known == content_id
        return known == self._rules.content_id(path, content_id)

    def _judge_path(self, path: str, vendored: VendoredFolders) -> tuple[SkipReason, str] | None:
        if self._rules.is_silent:
            detail = vendored.find(path)
            return (SkipReason.VENDORED, detail) if detail else judge_name(path)
        if verdict := self._rules.judge(path):
            return verdict
        detail = vendored.find(path)
        verdict = (SkipReason.VENDORED, detail) if detail else judge_name(path)
        refuted = self._rules.refuted(path)
        if refuted:
            self._refuted[path] = refuted
        return None if verdict is None or verdict[0] in refuted else verdict

    def _judge(self, entry: Entry, content: bytes) -> str | Skipped:
        """Return the text of a file that was read, or why it is skipped, which is remembered."""
        declared: list[str | None] = []

        def find_declared() -> str | None:
            declared.append(self._rules.find_encoding(entry.path))
            return declared[-1]

        refuted = self._refuted.get(entry.path, ())
        judged = judge_content(entry.path, content, Hints(find_declared), refuted)
        asks_others = isinstance(judged, Skipped) and judged.reason is SkipReason.UNDECODABLE
        if asks_others:
            judged = self._judge_by_others(entry, content, refuted)
        judged = self._judge_notebook(entry.path, judged)
        if isinstance(judged, Skipped):
            self._remember(entry, content, judged, declared, asks_others=asks_others)
        return judged

    def _remember(
        self, entry: Entry, content: bytes, judged: Skipped, declared: Sequence[str | None], *, asks_others: bool
    ) -> None:
        verdict = Remembered(
            entry.content_id or self._snapshot.identify(content),
            names_of(self._refuted.get(entry.path, ())),
            judged.reason,
            judged.detail,
        )
        if declared:
            verdict = replace(verdict, declared=declared[-1])
        if asks_others:
            # Rules above the sub-folder say which encodings the others are in, and are none of the files.
            neighbours = None if self._others is None or self._snapshot.subdir else self._others.digest
            if neighbours is None:
                return
            verdict = replace(verdict, neighbours=neighbours)
        self._verdicts.keep(entry.path, verdict)

    def _judge_by_others(self, entry: Entry, content: bytes, refuted: Collection[SkipReason]) -> str | Skipped:
        if self._others is None:
            # What the other files are in may tell; which are asked follows from the snapshot alone, so that every run
            # of it decides alike.
            self._others = count_encodings(self._snapshot, self._files, self._rules.find_encoding)
        declared = partial(self._rules.find_encoding, entry.path)
        hints = Hints(declared, self._others.counts, self._rules.choices.fallback_encoding)
        return judge_content(entry.path, content, hints, refuted)

    def _judge_notebook(self, path: str, judged: str | Skipped) -> str | Skipped:
        """Take the outputs out of a notebook; skip one that is too large without them. Other files stay as they are."""
        if isinstance(judged, Skipped) or not path.lower().endswith(_NOTEBOOK):
            return judged
        text = without_outputs(judged)
        size = len(text.encode("utf-8", "replace"))
        if size > self._max_file_bytes:
            detail = f"{size:,} bytes without outputs, the limit is {self._max_file_bytes:,}"
            return Skipped(path, SkipReason.TOO_LARGE, detail)
        return text

    def _skip(self, entry: Entry, reason: SkipReason, detail: str) -> None:
        self._skipped.append(self._as_own(Skipped(entry.path, reason, detail)))


def walk(
    snapshot: Snapshot,
    *,
    max_file_bytes: int = DEFAULT_MAX_FILE_BYTES,
    known: Mapping[str, str] | None = None,
    choices: Choices | None = None,
    verdicts: Verdicts | None = None,
) -> Walk:
    """Judge the files of a snapshot; the result yields those to index, one at a time, in path order.

    `known` maps paths to the content ids that are indexed already: those files come back as `unchanged` and, where git
    tells the id, are not read, nor are those on which `verdicts` has one. `choices` are what the settings include and
    exclude.
    Raises SourceError when the snapshot cannot be read.
    """
    return Walk(snapshot, max_file_bytes, known or {}, choices or Choices(), verdicts or Verdicts())


def explain_nothing(found: Walk, indexed: int) -> tuple[str, ...]:
    """Return a warning that says why a source of which no file is indexed has none, and what to do; else nothing."""
    if indexed:
        return ()
    skipped = found.skipped
    if not skipped:
        return ("There is nothing to search: the source holds no files. Give the folder or branch that holds them.",)
    counts = sorted(found.counts().items(), key=lambda item: (-item[1], item[0].value))
    listed = ", ".join(f"{count:,} {reason.value.replace('_', ' ')}" for reason, count in counts)
    most = next(item for item in skipped if item.reason is counts[0][0])
    remedy = f" To have it indexed, {most.override}." if most.override else ""
    return (
        f"There is nothing to search: no files can be indexed, all are left out ({listed}). "
        f"For example {most.path}: {most.reason.value.replace('_', ' ')}, {most.detail}.{remedy}",
    )


def judge_content(
    path: str, content: bytes, hints: Hints = NO_HINTS, refuted: Collection[SkipReason] = ()
) -> str | Skipped:
    """Return the text of a file, or why it is skipped for what is in it; the reasons in `refuted` count for nothing."""
    decoded = decode(content, hints)
    if not isinstance(decoded, Decoded):
        return Skipped(path, *decoded)
    text = decoded.text
    if not text or text.isspace():
        return Skipped(path, SkipReason.EMPTY, "only white space")
    name = path.rsplit("/", 1)[-1].lower()
    extension = name.rpartition(".")[2] if "." in name else ""
    if SkipReason.MINIFIED not in refuted and (detail := find_minified_line(text, extension)):
        return Skipped(path, SkipReason.MINIFIED, detail)
    if SkipReason.GENERATED not in refuted and (marker := find_generated_marker(text, extension)):
        return Skipped(path, SkipReason.GENERATED, f"its head says so: {marker[:DETAIL_CHARACTERS]}")
    return text
