"""Which folders of a source hold other people's code: by the tool that fills them, or a manifest or licence inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from indexer.source.skipping import vendored_folder
from indexer.source.snapshot import Entry

# Folders that hold other people's code, or the code of a shop's vendors: what is inside tells.
MAYBE_FOREIGN = frozenset({"vendor", "third_party", "third-party", "thirdparty", "3rdparty", "_vendor"})

# What package managers leave in the folders that they fill, from the folder itself.
_TRACES = re.compile(
    r"modules\.txt|composer/installed\.(?:json|php)|autoload\.php|vendor\.(?:json|conf|txt)|manifest|bundle/.+"
    r"|cache/[^/]+\.gem|[^/]+/\.cargo-checksum\.json|[^/]+\.dist-info/.+|vendored\.txt"
)
_MANIFEST = re.compile(
    r"package\.json|bower\.json|component\.json|composer\.json|go\.mod|cargo\.toml|setup\.(?:py|cfg)|pyproject\.toml"
    r"|pkg-info|metadata|pom\.xml|build\.gradle(?:\.kts)?|mix\.exs|rebar\.config|package\.swift|cpanfile|makefile\.pl"
    r"|dune-project|description|shard\.yml|pubspec\.yaml|project\.clj|conanfile\.(?:py|txt)|vcpkg\.json"
    r"|[^/]+\.(?:gemspec|podspec|nuspec|cabal|opam|nimble|rockspec)"
)
_LICENCE = re.compile(
    r"(?:un|mit-|bsd-|apache-)?licen[cs]es?(?:[.-].*)?|copying(?:[.-].*)?|notice(?:\.\w+)?|copyright(?:\.\w+)?"
)
# How far below the folder a manifest is still its content's own: vendor/github.com/owner/name/LICENSE.
_DEEPEST = 4
_NO_CODE = frozenset(
    {"", "md", "txt", "rst", "cmake", "bazel", "bzl", "gitignore", "gitattributes", "mk", "yml", "yaml"}
)


class VendoredFolders:
    """Remembers for the folders of one listing whether they, or one above them, are vendored."""

    def __init__(self, entries: tuple[Entry, ...], subdir: str | None) -> None:
        self._paths = {entry.path for entry in entries}
        # A sub-folder that somebody asked for is wanted, whatever it and the folders above it are called.
        self._details: dict[str, str | None] = {"": None, f"{subdir}/" if subdir else "": None}
        self._inside: dict[str, list[str]] | None = None

    def find(self, path: str) -> str | None:
        """Say which vendored folder a file is in; None for a file of the repository's own."""
        return self._find_folder(path[: path.rfind("/") + 1])

    def _find_folder(self, folder: str) -> str | None:
        if folder not in self._details:
            parent, _, name = folder[:-1].rpartition("/")
            parent = f"{parent}/" if parent else ""
            above = self._find_folder(parent)
            # Judging `parent` may have settled its children.
            if folder not in self._details:
                self._details[folder] = above or self._judge(parent, name)
        return self._details[folder]

    def _judge(self, parent: str, name: str) -> str | None:
        if detail := vendored_folder(parent, name, self._paths.__contains__):
            return detail
        if name not in MAYBE_FOREIGN:
            return None
        folder = f"{parent}{name}/"
        inside = self._files_inside(folder)
        whole = _find_whole(name, inside, lambda manifest: self._is_of_siblings(parent, folder, manifest))
        if whole is None:
            for child, detail in _foreign_children(name, inside).items():
                self._details.setdefault(f"{folder}{child}/", detail)
        return whole

    def _files_inside(self, folder: str) -> list[str]:
        if self._inside is None:
            self._inside = {}
            for path in sorted(self._paths):
                parts = path.split("/")
                for place, part in enumerate(parts[:-1]):
                    if part in MAYBE_FOREIGN:
                        start = "/".join(parts[: place + 1]) + "/"
                        self._inside.setdefault(start, []).append(path[len(start) :])
        return self._inside.get(folder, [])

    def _is_of_siblings(self, parent: str, folder: str, manifest: str) -> bool:
        """Say whether folders beside this one have the same manifest: then it is one of the repository's own parts."""
        depth = parent.count("/") + 1
        return any(
            path.startswith(parent) and path.endswith(f"/{manifest}") and not path.startswith(folder)
            and path.count("/") == depth
            for path in self._paths
        )  # fmt: skip


def _find_whole(name: str, inside: list[str], is_of_siblings: Callable[[str], bool]) -> str | None:
    """Say why all of a folder is foreign; None when it is not, or only parts are."""
    if trace := next((path for path in inside if _TRACES.fullmatch(path)), None):
        return f"{name}/ is filled by a package manager: it holds {trace}"
    for path in inside:
        lowered = path.lower()
        if _LICENCE.fullmatch(lowered) or (_MANIFEST.fullmatch(lowered) and not is_of_siblings(path)):
            return f"{name}/ has its own {path}"
    foreign = _foreign_children(name, inside)
    own = {path.partition("/")[0] if "/" in path else "" for path in inside if "/" in path or _is_code(path)}
    if foreign and len(foreign) >= len(own - set(foreign)):
        return f"{next(iter(foreign.values()))}, as most in {name}/"
    return None


def _foreign_children(name: str, inside: Iterable[str]) -> dict[str, str]:
    """Return the folders right inside that have a manifest or a licence, and which."""
    found: dict[str, str] = {}
    for path in inside:
        parts = path.split("/")
        last = parts[-1].lower()
        if 1 < len(parts) <= _DEEPEST and (_LICENCE.fullmatch(last) or _MANIFEST.fullmatch(last)):
            found.setdefault(parts[0], f"{name}/{parts[0]}/ has its own {'/'.join(parts[1:])}")
    return found


def _is_code(name: str) -> bool:
    return (name.rpartition(".")[2].lower() if "." in name else "") not in _NO_CODE
