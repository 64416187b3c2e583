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
    "fastembed": ["codesearch/core/embedding.py"],
    "lancedb": ["codesearch/core/store*.py"],
    "pyarrow": ["codesearch/core/store*.py"],
    "sqlalchemy": ["codesearch/core/catalog*.py"],
    "pydantic": ["codesearch/core/config.py", "codesearch/api/*"],
    "pydantic_settings": ["codesearch/core/config.py"],
    "fastapi": ["codesearch/api/*"],
    "indexer": ["indexer/*", "codesearch/cli*.py"],
}
# What reads the environment, as attributes of os. putenv does not: it only reaches libraries. The environment of git
# is built where git is started.
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}
ENVIRONMENT_ONLY_IN = ["codesearch/core/config.py", "indexer/source*", "indexer/git*"]
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


def find_violations(path: str, source: str) -> list[str]:
    """Return one line per broken rule of the module at that path, from the root with `/`."""
    tree = ast.parse(source, path)
    found = set()
    for module in imported_modules(path, tree):
        for restricted, allowed in ONLY_IN.items():
            if is_inside(module, restricted) and not matches(path, allowed):
                found.add(f"{path} imports {restricted}")
        if is_inside(module, "codesearch") and module != "codesearch" and not is_inside(module, "codesearch.core"):
            side = ".".join(module.split(".")[:2])
            if path.startswith("codesearch/core/"):
                found.add(f"{path} imports {side}: core knows neither side")
            if path.startswith("indexer/"):
                found.add(f"{path} imports {side}: indexer knows codesearch.core and nothing else")
    for name in environment_reads(tree):
        if not matches(path, ENVIRONMENT_ONLY_IN):
            found.add(f"{path} uses os.{name}")
    if FORBIDDEN_NAMES & set(path.removesuffix(".py").split("/")):
        found.add(f"{path} has a name that says nothing")
    if tree.body and ast.get_docstring(tree) is None:
        found.add(f"{path} has no docstring")
    return sorted(found)


MODULES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_the_modules_are_found() -> None:
    assert {"codesearch/core/types.py", "indexer/__init__.py"} <= set(MODULES)


@pytest.mark.parametrize("path", MODULES)
def test_the_module_keeps_the_rules(path: str) -> None:
    assert find_violations(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("codesearch/core/types.py", "from codesearch.retrieval import search"),
        ("codesearch/core/types.py", "from codesearch import api"),
        ("codesearch/core/types.py", "from ..retrieval.search import Retriever"),
        ("codesearch/core/types.py", "import indexer"),
        ("codesearch/core/types.py", "import pydantic"),
        ("codesearch/retrieval/search.py", "def search():\n    from indexer.pipeline import run"),
        ("codesearch/retrieval/search.py", "import lancedb.index"),
        ("codesearch/retrieval/search.py", "from fastapi import Request"),
        ("codesearch/api/app.py", "from indexer import pipeline"),
        ("codesearch/core/store.py", "import sqlalchemy"),
        ("indexer/pipeline.py", "import codesearch.retrieval.search"),
        ("indexer/pipeline.py", "from codesearch.cli import main"),
        ("indexer/pipeline.py", "from pyarrow import Table"),
        ("indexer/walk.py", "import os\nos.environ['HOME']"),
        ("codesearch/cli.py", "from os import getenv"),
        ("codesearch/core/utils.py", "import re"),
        ("indexer/helpers/text.py", "import re"),
        ("indexer/walk.py", "# nothing\nimport re"),
    ],
)
def test_each_rule_can_be_broken(path: str, code: str) -> None:
    docstring = "" if code.startswith("#") else '"""A module."""\n'
    assert len(find_violations(path, docstring + code)) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("codesearch/cli.py", "from indexer.pipeline import run"),
        ("codesearch/cli_index.py", "import indexer"),
        ("codesearch/api/routes/retrieval.py", "from fastapi import APIRouter\nfrom pydantic import BaseModel"),
        ("codesearch/core/store_schema.py", "import pyarrow, lancedb"),
        ("indexer/pipeline.py", "from codesearch.core.types import Chunk\nfrom indexer.walk import walk"),
        ("indexer/languages/rules.py", "from . import tables"),
        ("indexer/git_command.py", "import os\nos.environ['HOME']"),
    ],
)
def test_what_the_rules_allow_is_no_violation(path: str, code: str) -> None:
    assert find_violations(path, f'"""A module."""\n{code}') == []
