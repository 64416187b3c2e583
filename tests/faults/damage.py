"""Ways in which a file on a disk goes wrong, and data folders to let them happen in."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.e2e.service import Outcome, run_cli

FLIPPED_BYTES = 8
QUERIES = ("where are orders added up", "close the account", "retry after a failure")


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    draw = random.Random(f"{path.suffix}{len(content)}")
    for place in draw.sample(range(len(content)), min(FLIPPED_BYTES, len(content))):
        content[place] ^= 1 << draw.randrange(8)
    _replace(path, bytes(content))


def _replace(path: Path, content: bytes) -> None:
    # As another file: whoever has the old one mapped keeps it.
    path.unlink()
    path.write_bytes(content)


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "lost": Path.unlink,
    "emptied": lambda path: _replace(path, b""),
    "truncated": lambda path: _replace(path, path.read_bytes()[: path.stat().st_size // 2]),
    "flipped": _flip,
    "a folder": _make_folder,
}


def copy_folder(indexed: Path, to: Path) -> Path:
    """Copy a data folder that a test may damage."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(indexed, to)
    return to


def answers_of(data_dir: Path, knowledge_id: str, queries: Iterable[str] = QUERIES) -> list[object]:
    """Ask on the command line; every question must be answered. Return what a client can tell answers apart by."""
    found: list[object] = []
    for query in queries:
        outcome = run_cli(data_dir, "search", knowledge_id, query, "--json")
        assert outcome.status == 0, outcome.err
        found.append(
            [(hit["metadata"]["document_id"], hit["content"], hit["score"]) for hit in outcome.json["records"]]
        )
    return found


def check_error(outcome: Outcome) -> str:
    """Return the one line of a failure, after a look at its form: nobody's raw words, and a command or a place."""
    assert outcome.status == 1, outcome.out
    for raw in ("Unforeseen", "Traceback", ".rs:", "lance error", "sqlalche.me", "panicked"):
        assert raw not in outcome.error, outcome.error
    return outcome.error


def bad_subjects(data_dir: Path) -> dict[str, str]:
    """Run doctor, and return the findings that are not good with their advice."""
    report = run_cli(data_dir, "doctor", "--json").json
    return {item["subject"]: f"{item['found']} {item['advice']}" for item in report["findings"] if not item["ok"]}
