"""What a source and the settings say of its files before our own guess: wanted, left out, generated, in an encoding.

walk.py asks here for every file. Settings decide before .codesearchignore, that before .gitattributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from indexer.source.attributes import ENCODING, GENERATED, VENDORED, Attributes, EditorConfigs
from indexer.source.patterns import MAX_FILE_BYTES, IgnoreRules, Pattern, PatternList, parse_patterns
from indexer.source.skipping import Skipped, SkipReason
from indexer.source.snapshot import Entry, Snapshot

IGNORE_FILE, ATTRIBUTES_FILE, EDITOR_FILE = ".codesearchignore", ".gitattributes", ".editorconfig"

_GUESSES = frozenset({SkipReason.VENDORED, SkipReason.GENERATED, SkipReason.MINIFIED})
_NONE: frozenset[SkipReason] = frozenset()


@dataclass(frozen=True, slots=True)
class Choices:
    """What the settings say: patterns of paths that are indexed whatever we guess, and of those that are not."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fallback_encoding: str | None = None


class Rules:
    """The rules of one snapshot."""

    def __init__(self, snapshot: Snapshot, choices: Choices) -> None:
        """Read the files of rules that the snapshot holds. Raises SourceError when it cannot be read."""
        self.choices = choices
        self._snapshot = snapshot
        self._include, self._exclude = (
            PatternList(lines, snapshot.prefix) for lines in (choices.include, choices.exclude)
        )
        if snapshot.prunes_folders:
            texts = {name: _decode(snapshot.read_file(name)) for name in (IGNORE_FILE, ATTRIBUTES_FILE)}
            snapshot.wanted = PatternList(_wanted(choices.include, texts))
        files = snapshot.listing().files
        found = self._read_files(files, (IGNORE_FILE, ATTRIBUTES_FILE))
        self._ignore = IgnoreRules(_all_patterns(found[IGNORE_FILE]))
        self._attributes = Attributes(found[ATTRIBUTES_FILE])
        self._files = files
        self._editor: EditorConfigs | None = None
        # Nothing is said of any path; its encoding, which .editorconfig may name, aside.
        self.is_silent = not (self._include or self._exclude or self._ignore or self._attributes)

    def judge(self, path: str) -> tuple[SkipReason, str] | None:
        """Say which rule leaves a file out; None when none does."""
        if self._include and self._include.find(path):
            return None
        if self._exclude and (pattern := self._exclude.find(path)):
            return SkipReason.IGNORED, f"exclude: {pattern.text}"
        if (line := self._ignore.find(path)) is not None:
            return None if line.is_negated else (SkipReason.IGNORED, f"{line.base}{IGNORE_FILE}: {line.text}")
        if self._attributes:
            if self._attributes.find(path, VENDORED) is True:
                return SkipReason.VENDORED, f"{ATTRIBUTES_FILE}: {VENDORED}"
            if self._attributes.find(path, GENERATED) is True:
                return SkipReason.GENERATED, f"{ATTRIBUTES_FILE}: {GENERATED}"
        return None

    def refuted(self, path: str) -> frozenset[SkipReason]:
        """Return the guesses that a rule forbids for a file."""
        if self._include and self._include.find(path):
            return _GUESSES
        if (line := self._ignore.find(path)) is not None and line.is_negated:
            return _GUESSES
        if not self._attributes:
            return _NONE
        is_own = self._attributes.find(path, VENDORED) is False
        is_written = self._attributes.find(path, GENERATED) is False
        kept = _NONE
        if is_own:
            kept |= {SkipReason.VENDORED}
        if is_written:
            kept |= {SkipReason.GENERATED, SkipReason.MINIFIED}
        return kept

    def find_encoding(self, path: str) -> str | None:
        """Return the encoding that .gitattributes or, after it, .editorconfig name for a file."""
        named = self._attributes.find(path, ENCODING) if self._attributes else None
        if isinstance(named, str):
            return named
        if self._editor is None:
            self._editor = EditorConfigs(self._read_files(self._files, (EDITOR_FILE,))[EDITOR_FILE])
        return self._editor.find_charset(path)

    def content_id(self, path: str, content_id: str) -> str:
        """Return the id of a file's content, another one where .gitattributes name another encoding for it."""
        named = self._attributes.find(path, ENCODING) if self._attributes else None
        return f"{content_id}:{named}" if isinstance(named, str) else content_id

    def _read_files(self, files: tuple[Entry, ...], names: tuple[str, ...]) -> dict[str, dict[str, str]]:
        """Return the texts of the files of some names by their folders, those above the sub-folder included."""
        found: dict[str, dict[str, str]] = {name: {} for name in names}
        wanted = [entry for entry in files if entry.path.endswith(names) and entry.size <= MAX_FILE_BYTES]
        wanted = [entry for entry in wanted if entry.path.rpartition("/")[2] in names]
        for entry, content in self._snapshot.read(wanted) if wanted else ():
            if not isinstance(content, Skipped):
                folder, _, name = entry.path.rpartition("/")
                found[name][f"{folder}/" if folder else ""] = _decode(content)
        for folder in _folders_above(self._snapshot.subdir):
            for name in names:
                found[name][folder] = _decode(self._snapshot.read_file(folder + name))
        return found


def _folders_above(subdir: str | None) -> Iterator[str]:
    parts = subdir.split("/") if subdir else []
    for depth in range(len(parts)):
        yield "".join(f"{part}/" for part in parts[:depth])


def _decode(content: bytes | None) -> str:
    return (content or b"").decode("utf-8-sig", "replace")


def _all_patterns(files: Mapping[str, str]) -> Iterable[Pattern]:
    for folder, text in sorted(files.items()):
        yield from parse_patterns(text, folder)


def _wanted(include: tuple[str, ...], texts: Mapping[str, str]) -> list[str]:
    """Return what the rules at the root call the source's own, so that no folder that holds it is passed over."""
    lines = [line[1:] for line in texts[IGNORE_FILE].splitlines() if line.startswith("!")]
    for line in texts[ATTRIBUTES_FILE].splitlines():
        words = line.split()
        takes_back = {f"-{VENDORED}", f"{VENDORED}=false", f"-{GENERATED}", f"{GENERATED}=false"}
        if takes_back & set(words[1:]):
            lines.append(words[0])
    return [*include, *lines]
