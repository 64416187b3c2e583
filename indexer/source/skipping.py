"""Why a file is not indexed: the reasons, and the tables that judge by a path alone. walk.py and folder.py ask here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum


class SkipReason(str, Enum):
    """Why a file is not indexed."""

    BINARY = "binary"
    TOO_LARGE = "too_large"
    MINIFIED = "minified"
    GENERATED = "generated"
    VENDORED = "vendored"
    UNDECODABLE = "undecodable"
    IGNORED = "ignored"
    LINK = "link"
    SUBMODULE = "submodule"
    LFS_POINTER = "lfs_pointer"
    SPECIAL = "special"
    EMPTY = "empty"
    UNREADABLE = "unreadable"


# Why what lies in the data folder of whoever indexes is left out, with the reason IGNORED.
OWN_FILES = "codesearch's own data folder"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not indexed, or a folder (trailing slash) none of whose files are. `path` is printable."""

    path: str
    reason: SkipReason
    detail: str

    @property
    def override(self) -> str | None:
        """What to do to have it indexed all the same; None where nothing helps."""
        return _how_to_override(self)


def _how_to_override(skipped: Skipped) -> str | None:
    path, reason, detail = skipped.path, skipped.reason, skipped.detail
    if reason is SkipReason.IGNORED:
        rule, is_pattern, _ = detail.partition(":")
        if not is_pattern and not rule.endswith(".gitignore"):
            return None
        may_include = rule == "exclude" or rule.endswith(".codesearchignore")
        return f"take the pattern out of {rule}" + (f", or {_include(path)}" if may_include else "")
    if reason in {SkipReason.VENDORED, SkipReason.GENERATED, SkipReason.MINIFIED}:
        return _include(path)
    return _OVERRIDES.get(reason)


def _include(path: str) -> str:
    return f"name it in the setting include (CODESEARCH_INCLUDE={path}), or write !/{path} into .codesearchignore"


_OVERRIDES = {
    SkipReason.TOO_LARGE: "raise CODESEARCH_MAX_FILE_BYTES",
    SkipReason.UNDECODABLE: (
        "declare its encoding in the file, in .gitattributes (working-tree-encoding=NAME) or in .editorconfig "
        "(charset = NAME), or set CODESEARCH_FALLBACK_ENCODING"
    ),
    SkipReason.SUBMODULE: "index the submodule's own repository",
    SkipReason.LFS_POINTER: "index a folder where `git lfs pull` has brought the files",
    SkipReason.LINK: "index the folder that it points to",
    SkipReason.UNREADABLE: "mend what keeps it from being read",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Folders that hold other people's code or a tool's output wherever they are.
VENDORED_FOLDERS = _words(
    "node_modules bower_components jspm_packages web_modules venv .venv virtualenv __pycache__ site-packages "
    "dist-packages .tox .nox .eggs .mypy_cache .pytest_cache "
    ".ruff_cache .gradle .yarn .pnp .pnpm-store .bundle .terraform .next .nuxt .svelte-kit .parcel-cache .dart_tool "
    ".stack-work dist-newstyle elm-stuff DerivedData .hg .svn"
)
_MANIFESTS = _words(
    "go.mod composer.json Gemfile package.json bower.json Cargo.toml pyproject.toml setup.py mix.exs Package.swift "
    "Gopkg.toml pom.xml build.gradle build.gradle.kts Rakefile Makefile"
)
# Folders that are such only beside the file of the tool that fills them: `go/build`, `game/target` may well be source.
VENDORED_BESIDE: dict[str, Iterable[str]] = {
    "dist": _MANIFESTS,
    "target": ("Cargo.toml", "pom.xml", "build.sbt", "project.clj"),
    "build": ("build.gradle", "build.gradle.kts", "pubspec.yaml"),
    "deps": ("mix.exs", "rebar.config"),
    "_build": ("mix.exs", "rebar.config", "dune-project"),
    "Pods": ("Podfile",),
    "Carthage": ("Cartfile",),
}
# These also at the root without any manifest, and in folders that hold what a browser is served, where `vendor` is no
# part of a program either.
_VENDORED_AT_ROOT = frozenset({"dist", "Pods", "Carthage"})
_VENDORED_WHERE_SERVED = _VENDORED_AT_ROOT | {"vendor"}
_SERVED_FOLDERS = _words("assets static public www wwwroot javascripts stylesheets js css")

LOCK_FILES = _words(
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock deno.lock cargo.lock poetry.lock uv.lock "
    "pdm.lock pipfile.lock pixi.lock gemfile.lock composer.lock go.sum go.work.sum mix.lock rebar.lock podfile.lock "
    "package.resolved cartfile.resolved flake.lock pubspec.lock gradle.lockfile buildscript-gradle.lockfile "
    "packages.lock.json paket.lock conan.lock stack.yaml.lock cabal.project.freeze gopkg.lock glide.lock "
    ".terraform.lock.hcl shard.lock"
)
_MINIFIED_NAME = re.compile(r"[.-]min\.(?:js|mjs|cjs|css|html)$")
_GENERATED_NAME = re.compile(
    r"\.(?:js|mjs|cjs|css|ts)\.map$|\.snap$|\.pb\.(?:go|gw\.go|cc|h|swift|dart|validate\.go)$|_pb2(?:_grpc)?\.pyi?$"
    r"|_pb\.(?:js|ts|d\.ts|rb)$|_grpc\.pb\.go$|\.(?:g|freezed|gr|mocks|pbjson|pbenum|pbserver)\.dart$"
    r"|\.(?:designer|g|g\.i|generated)\.(?:cs|vb)$|(?:^|/)zz_generated[^/]*\.go$|\.tsbuildinfo$"
)
# What is generated by its last ending alone.
_MADE_EXTENSIONS = _words("snap tsbuildinfo")
_BINARY_EXTENSIONS = _words(
    # images and fonts
    "png jpg jpeg gif bmp ico icns tif tiff webp avif heic psd ai xcf ttf otf woff woff2 eot "
    # sound and film
    "mp3 mp4 m4a m4v ogg oga ogv wav flac avi mov mkv webm wmv swf "
    # archives and packages
    "zip gz tgz bz2 tbz2 xz txz zst lz4 7z rar tar jar war ear aar apk ipa whl egg gem nupkg deb rpm dmg iso crx xpi "
    # compiled code
    "exe dll so dylib a o obj lib pdb class pyc pyo wasm beam elc node bc rlib "
    # documents and data
    "pdf doc docx xls xlsx ppt pptx odt ods odp epub sqlite sqlite3 db mdb parquet avro orc feather arrow npy npz pkl "
    "pickle h5 hdf5 pt pth onnx safetensors gguf tflite bin dat mo keystore jks p12 pfx der blend fbx glb stl "
    "nib snk"
)


_ODD_PARTS = frozenset({"", ".", ".."})


def vendored_folder(parent: str, name: str, exists: Callable[[str], bool]) -> str | None:
    """Say why the folder `parent` + `name` holds other people's code or a tool's output; None when it does not.

    `parent` is "" for the root, else ends with a slash; `exists` tells whether there is a file at a path from the root.
    """
    if name in VENDORED_FOLDERS:
        return f"{name}/"
    is_served = parent.rstrip("/").rsplit("/", 1)[-1] in _SERVED_FOLDERS
    if (name in _VENDORED_AT_ROOT and not parent) or (name in _VENDORED_WHERE_SERVED and is_served):
        return f"{parent.rstrip('/').rsplit('/', 1)[-1]}/{name}/" if is_served else f"{name}/"
    if name not in VENDORED_BESIDE:
        return None
    beside = next((manifest for manifest in sorted(VENDORED_BESIDE[name]) if exists(parent + manifest)), None)
    return f"{name}/ beside {beside}" if beside else None


def judge_name(path: str) -> tuple[SkipReason, str] | None:
    """Say why a file is skipped by its name alone, with a detail; None when it is not."""
    name = path[path.rfind("/") + 1 :].lower()
    if name in LOCK_FILES:
        return SkipReason.VENDORED, "lock file"
    stem, dot, extension = name.rpartition(".")
    if _may_be_made(stem, extension):
        if _MINIFIED_NAME.search(name):
            return SkipReason.MINIFIED, "by its name"
        if _GENERATED_NAME.search(name):
            return SkipReason.GENERATED, "by its name"
    if "__snapshots__/" in path:
        return SkipReason.GENERATED, "__snapshots__/"
    return (SkipReason.BINARY, f".{extension} file") if dot and extension in _BINARY_EXTENSIONS else None


def _may_be_made(stem: str, extension: str) -> bool:
    """Say whether one of the two expressions may find a name; they take long for names of which that is plain."""
    if "." in stem or extension in _MADE_EXTENSIONS:
        return True
    return "_pb" in stem or stem.endswith("-min") or stem.startswith("zz_generated")


def name_problem(path: str) -> str | None:
    """Say why a path cannot be stored or shown; None when it can."""
    if path.isascii() and path.isprintable() and _is_plain(path):
        return None
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if not path.isprintable() and any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in path):
        return "its name holds control characters"
    parts = path.split("/")
    # Where case makes no difference, .GIT is git's own folder, too.
    is_odd = not _ODD_PARTS.isdisjoint(parts) or (
        ".git" in path.lower() and any(part.lower() == ".git" for part in parts)
    )
    return "its path is not a plain one" if is_odd else None


def _is_plain(path: str) -> bool:
    """Say whether no part is empty or begins with a dot, as in most paths."""
    return not (path.startswith(("/", ".")) or "/." in path or "//" in path or path.endswith("/") or not path)


def printable_path(path: str) -> str:
    """Return the path with what cannot be printed written as escapes."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
