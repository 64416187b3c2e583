"""The import rules of docs/design.md, held by reading every module's syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("codesearch", "indexer")

# Who may import a module (or anything in it); a pattern's * also stands for folders.
ONLY_IN = {
    "fastembed": ["codesearch/core/embedding/*"],
    "lancedb": ["codesearch/core/store/*"],
    "pyarrow": ["codesearch/core/store/*"],
    "sqlalchemy": ["codesearch/core/catalog/*"],
    "dbos": ["codesearch/jobs/*"],
    "re2": ["codesearch/core/text/matching.py"],
    "pydantic": ["codesearch/core/config.py", "codesearch/api/*"],
    "fastapi": ["codesearch/api/*", "codesearch/web/*"],
    "jinja2": ["codesearch/web/pages.py"],
    "itsdangerous": ["codesearch/web/sessions.py"],
    "mcp": ["codesearch/mcp/*"],
    "msgspec": ["codesearch/tools/lookups/lookup.py"],
    "mcp_types": ["codesearch/mcp/*"],
    "httpx2": [
        "codesearch/dify/*",
        "codesearch/hosts/connection.py",
        "codesearch/access/key_document.py",
        "codesearch/peers/*",
    ],
    "jwt": ["codesearch/access/tokens.py"],
    "prometheus_client": ["codesearch/telemetry/prometheus.py"],
    "opentelemetry": ["codesearch/telemetry/traces.py"],
    "Stemmer": ["codesearch/retrieval/translation/lexicon.py"],
    "watchfiles": ["codesearch/cli/watching/watcher.py"],
    "tree_sitter_language_pack": ["indexer/chunking/grammars.py"],
}
# Which rooms a room knows besides itself. The composition knows all of them, and nobody knows it but itself.
VALUES = "codesearch.core"
TEXT, EMBEDDING, INDEX = "codesearch.core.text", "codesearch.core.embedding", "codesearch.core.index"
STORE, CATALOG = "codesearch.core.store", "codesearch.core.catalog"
LOGS = "codesearch.logs"
ACCESS = "codesearch.access"
JOBS = "codesearch.api.management"
ROOMS = {
    VALUES: set[str](),
    TEXT: {VALUES},
    EMBEDDING: {VALUES, TEXT},
    INDEX: {VALUES, TEXT},
    STORE: {VALUES, TEXT, INDEX},
    CATALOG: {VALUES},
    LOGS: {VALUES},
    ACCESS: {VALUES, TEXT, CATALOG},
    "codesearch.retrieval": {VALUES, TEXT, EMBEDDING, INDEX, STORE, CATALOG},
    "codesearch.tools": {VALUES, TEXT, INDEX, CATALOG, "codesearch.retrieval"},
    "codesearch.hosts": {VALUES},
    "codesearch.peers": {VALUES},
    "codesearch.dify": {VALUES, INDEX, "codesearch.retrieval"},
    "codesearch.mcp": {VALUES, LOGS, "codesearch.retrieval", "codesearch.tools"},
    "codesearch.telemetry": {VALUES, CATALOG},
    # What jobs are: known to whoever asks for one, and to whoever does it.
    JOBS: {VALUES, CATALOG},
    "codesearch.jobs": {VALUES, CATALOG, JOBS},
    "codesearch.api": {
        JOBS,
        VALUES,
        CATALOG,
        LOGS,
        "codesearch.retrieval",
        "codesearch.tools",
        "codesearch.mcp",
        "codesearch.telemetry",
    },
    "codesearch.web": {VALUES, CATALOG, JOBS, "codesearch.retrieval", "codesearch.tools", "codesearch.api"},
    # Wires the page and the API; neither of them knows it.
    "codesearch.api.app": {
        VALUES,
        "codesearch.retrieval",
        "codesearch.tools",
        "codesearch.mcp",
        "codesearch.api",
        "codesearch.web",
    },
    "indexer": {
        VALUES,
        TEXT,
        EMBEDDING,
        INDEX,
        STORE,
        CATALOG,
        "indexer.source",
        "indexer.chunking",
        "indexer.history",
    },
    "indexer.notebook": set[str](),
    "indexer.source": {VALUES, "indexer.notebook"},
    "indexer.chunking": {VALUES, TEXT, "indexer.notebook"},
    "indexer.history": {VALUES, "indexer.source", "indexer.chunking"},
}
COMPOSITION = ("codesearch.assembly", "codesearch.cli")
# Package files hold a docstring and nothing else, so that a worker which needs one module of a room gets just that.
# The public door is one exception; the other forwards a name that the model card told people to import from there.
DOORS = {"codesearch/__init__.py", "codesearch/core/embedding/__init__.py"}
# What reads the environment, as attributes of os. putenv does not: it only reaches libraries. The environment of git
# is built where git is started.
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}
ENVIRONMENT_ONLY_IN = ["codesearch/core/settings/environment.py", "indexer/source/git.py"]
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "misc"}


def imported_modules(path: str, tree: ast.Module) -> Iterator[str]:
    """Yield every module that the code names in an import, wherever it stands, `from x import y` as x and x.y."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.removesuffix(".py").split("/")[: -node.level] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def environment_reads(tree: ast.Module) -> Iterator[str]:
    """Yield the names through which the code reaches the environment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            yield from {node.attr} & ENVIRONMENT
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from {alias.name for alias in node.names} & ENVIRONMENT


def is_inside(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def room_of(module: str) -> str | None:
    """Return the innermost room that a module is in; None outside of every room."""
    rooms = [room for room in (*ROOMS, *COMPOSITION) if is_inside(module, room)]
    return max(rooms, key=len, default=None)


def knows(room: str, module: str) -> bool:
    """Say whether a module of that room may import the module."""
    other = room_of(module)
    return room in COMPOSITION or other in (None, room) or other in ROOMS[room]


def imports_eagerly(tree: ast.Module) -> bool:
    """Say whether importing the module imports another of ours."""
    top_level = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = imported_modules("", ast.Module(body=top_level, type_ignores=[]))  # type: ignore[arg-type]
    return any(is_inside(module, package) for module in modules for package in PACKAGES)


def find_violations(path: str, source: str) -> list[str]:
    """Return one line per broken rule of the module at that path, from the root with `/`."""
    tree = ast.parse(source, path)
    own_room = room_of(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    found = set()
    for module in imported_modules(path, tree):
        for restricted, allowed in ONLY_IN.items():
            if is_inside(module, restricted) and not matches(path, allowed):
                found.add(f"{path} imports {restricted}")
        if own_room and not knows(own_room, module):
            found.add(f"{path} imports {room_of(module)}: {own_room} does not know that room")
    for name in environment_reads(tree):
        if not matches(path, ENVIRONMENT_ONLY_IN):
            found.add(f"{path} uses os.{name}")
    if FORBIDDEN_NAMES & set(path.removesuffix(".py").split("/")):
        found.add(f"{path} has a name that says nothing")
    if tree.body and ast.get_docstring(tree) is None:
        found.add(f"{path} has no docstring")
    if path.endswith("/__init__.py") and path not in DOORS and len(tree.body) > 1:
        found.add(f"{path} holds more than a docstring")
    if path in DOORS and imports_eagerly(tree):
        found.add(f"{path} imports before it is asked")
    return sorted(found)


MODULES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_the_modules_are_found() -> None:
    assert {"codesearch/core/types.py", "indexer/__init__.py"} <= set(MODULES)
    assert set(DOORS) <= set(MODULES)


@pytest.mark.parametrize("path", MODULES)
def test_the_module_keeps_the_rules(path: str) -> None:
    assert find_violations(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("codesearch/core/types.py", "from codesearch.retrieval import search"),
        ("codesearch/core/types.py", "from codesearch import api"),
        ("codesearch/core/types.py", "from ..retrieval.search import Retriever"),
        ("codesearch/core/types.py", "from codesearch.core.text.terms import Terms"),
        ("codesearch/core/types.py", "import indexer"),
        ("codesearch/core/types.py", "import pydantic"),
        ("codesearch/core/text/terms.py", "from codesearch.core.embedding.embedder import Embedder"),
        ("codesearch/core/index/builder.py", "from codesearch.core.store.rows import TABLE_PREFIX"),
        ("codesearch/core/catalog/keys.py", "from codesearch.core.store import rows"),
        ("codesearch/retrieval/search.py", "def search():\n    from indexer.pipeline import run"),
        ("codesearch/retrieval/search.py", "from codesearch.assembly import Assembly"),
        ("codesearch/retrieval/search.py", "import lancedb.index"),
        ("codesearch/retrieval/search.py", "from fastapi import Request"),
        ("codesearch/retrieval/search.py", "from codesearch.tools.toolbox import Toolbox"),
        ("codesearch/tools/toolbox.py", "from codesearch.api.deps import Services"),
        ("codesearch/tools/toolbox.py", "from indexer.source.git import Git"),
        ("codesearch/tools/toolbox.py", "import pydantic"),
        ("codesearch/dify/connection.py", "from codesearch.core.catalog import keys"),
        ("codesearch/api/app.py", "import httpx2"),
        ("codesearch/api/app.py", "from prometheus_client import Counter"),
        ("codesearch/telemetry/opening.py", "from opentelemetry import trace"),
        ("codesearch/telemetry/figures.py", "from codesearch.retrieval.turns import Turns"),
        ("codesearch/retrieval/search.py", "from codesearch.telemetry.observing import Observer"),
        ("codesearch/api/app.py", "from indexer import pipeline"),
        ("codesearch/api/app.py", "from codesearch.core.store.rows import TABLE_PREFIX"),
        ("codesearch/api/errors.py", "from codesearch.web.pages import render_page"),
        ("codesearch/web/search.py", "from codesearch.api.app import create_app"),
        ("codesearch/web/search.py", "from codesearch.core.store.rows import TABLE_PREFIX"),
        ("codesearch/web/search.py", "import jinja2"),
        ("codesearch/core/store/chunk_store.py", "import sqlalchemy"),
        ("indexer/pipeline.py", "import codesearch.retrieval.search"),
        ("indexer/pipeline.py", "from codesearch.cli import main"),
        ("indexer/pipeline.py", "from pyarrow import Table"),
        ("indexer/source/walk.py", "from indexer.chunking.grammars import grammar_of"),
        ("indexer/source/walk.py", "import os\nos.environ['HOME']"),
        ("codesearch/cli/main.py", "from os import getenv"),
        ("codesearch/core/utils.py", "import re"),
        ("indexer/helpers/text.py", "import re"),
        ("indexer/source/walk.py", "# nothing\nimport re"),
        ("indexer/source/__init__.py", "VALUE = 1"),
        ("codesearch/__init__.py", "from codesearch.core import errors"),
        ("codesearch/core/embedding/__init__.py", "import codesearch.core.embedding.embedder"),
    ],
)
def test_each_rule_can_be_broken(path: str, code: str) -> None:
    docstring = "" if code.startswith("#") else '"""A module."""\n'
    assert len(find_violations(path, docstring + code)) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("codesearch/cli/index.py", "from indexer.pipeline import run"),
        ("codesearch/assembly.py", "def open_indexer():\n    import indexer.pipeline"),
        ("codesearch/api/routes/retrieval.py", "from fastapi import APIRouter\nfrom pydantic import BaseModel"),
        ("codesearch/web/search.py", "from codesearch.api.deps import run_admitted\nfrom fastapi import Request"),
        ("codesearch/api/app.py", "from codesearch.web.routers import PAGES\nfrom codesearch.api import deps"),
        ("codesearch/core/store/schema.py", "import pyarrow, lancedb"),
        ("codesearch/core/store/rows.py", "from codesearch.core.index.builder import RowBatch"),
        ("indexer/pipeline.py", "from codesearch.core.types import Chunk\nfrom indexer.source.walk import walk"),
        ("indexer/chunking/languages/rules.py", "from . import table"),
        ("indexer/source/git.py", "import os\nos.environ['HOME']"),
        ("codesearch/__init__.py", "import importlib\ndef __getattr__(name):\n    import codesearch.assembly"),
    ],
)
def test_what_the_rules_allow_is_no_violation(path: str, code: str) -> None:
    assert find_violations(path, f'"""A module."""\n{code}') == []
