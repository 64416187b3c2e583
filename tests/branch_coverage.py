"""Which lines and branches of the product a run of the tests takes, in all its workers: `-p tests.branch_coverage`.

SlipCover puts probes into the product's code. Tracing, as coverage.py does it before Python 3.14, slows all code down:
libraries, pytest and hypothesis take two to three times as long, although nobody asks which of their lines run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import slipcover

SENT = "branch_coverage"
# A probe that has reported once is a short call. To take it out of code that may be running is not worth the danger.
NEVER = 1_000_000_000

_MEASURED = pytest.StashKey[slipcover.Slipcover]()
_OF_WORKERS = pytest.StashKey[list[dict[str, Any]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--measure", default="codesearch,indexer", help="the folders of the root folder to measure")


def _folders(config: pytest.Config) -> list[Path]:
    return [config.rootpath / name for name in config.known_args_namespace.measure.split(",")]


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Measure what is imported from here on; nothing of the folders may be yet."""
    folders = _folders(early_config)
    if imported := sorted(folder.name for folder in folders if folder.name in sys.modules):
        raise pytest.UsageError(f"imported before it could be measured: {', '.join(imported)}")
    measured = slipcover.Slipcover(branch=True, d_miss_threshold=NEVER)
    matcher = slipcover.FileMatcher(sources=[str(folder) for folder in folders])
    slipcover.ImportManager(measured, matcher).__enter__()
    early_config.stash[_MEASURED], early_config.stash[_OF_WORKERS] = measured, []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker has measured to the process that started it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[SENT] = json.dumps(session.config.stash[_MEASURED].get_coverage())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Keep what a worker has measured."""
    if sent := getattr(node, "workeroutput", {}).get(SENT):
        node.config.stash[_OF_WORKERS].append(json.loads(sent))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the sum of all processes, with files that nobody imported, without those that were run wholly."""
    total: dict[str, Any] = config.stash[_MEASURED].get_coverage()
    for found in config.stash[_OF_WORKERS]:
        slipcover.merge_coverage(total, found)
    seen = [str(Path(path).absolute()) for path in total["files"]]
    unseen = slipcover.Slipcover(branch=True, source=[str(folder) for folder in _folders(config)], omit=seen)
    slipcover.merge_coverage(total, unseen.get_coverage())
    terminalreporter.section("branch coverage")
    for line in _table(total):
        terminalreporter.write_line(line)


def _table(coverage: dict[str, Any]) -> Iterator[str]:
    rows = sorted((path, file["summary"]) for path, file in coverage["files"].items())
    rows = [row for row in rows if row[1]["missing_lines"] or row[1]["missing_branches"]]
    yield f"{'':60}{'lines':>8}{'missed':>8}{'branches':>10}{'missed':>8}{'run':>8}"
    for name, figures in [*rows, (f"all {len(coverage['files'])} files", coverage["summary"])]:
        lines, branches = (figures[f"covered_{of}"] + figures[f"missing_{of}"] for of in ("lines", "branches"))
        missed = [figures[f"missing_{of}"] for of in ("lines", "branches")]
        yield f"{name:60}{lines:>8}{missed[0]:>8}{branches:>10}{missed[1]:>8}{figures['percent_covered']:>7.1f}%"
