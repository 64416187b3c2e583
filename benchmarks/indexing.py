"""Indexing speed and memory: indexes each source in a process of its own, as `codesearch index` does, and watches it.

python -m benchmarks.indexing SOURCE... [--data-dir DIR] [--repeat N]: one JSON object per run on stdout. With a data
folder that holds the sources already, it measures incremental runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.processes import ProcessWatch, folder_bytes
from benchmarks.quality import open_assembly
from codesearch.assembly import open_indexer


class PhaseClock:
    """Notes when each phase of a run begins."""

    def __init__(self) -> None:
        self._marks: list[tuple[str, float]] = []

    def start(self, phase: str, total: int | None = None) -> None:
        """Begin a phase."""
        self._marks.append((phase, time.monotonic()))

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        """Ignore the progress within a phase."""

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each phase, the last one until now."""
        ends = [begun for _, begun in self._marks[1:]] + [time.monotonic()]
        return {phase: round(end - begun, 2) for (phase, begun), end in zip(self._marks, ends, strict=True)}


def main() -> None:
    """Measure each run in a process of its own, or be that process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    parser.add_argument("--data-dir", type=Path, help="keep the index here; default: a new temporary folder per run")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each source")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(index_once(arguments.sources[0], arguments.data_dir)))
        return
    for source in arguments.sources:
        for _ in range(arguments.repeat):
            with tempfile.TemporaryDirectory() as temporary:
                print(json.dumps(watch_run(source, arguments.data_dir or Path(temporary))), flush=True)


def index_once(source: str, data_dir: Path) -> dict[str, object]:
    """Index one source; return what the run says of itself."""
    clock = PhaseClock()
    with closing(open_assembly(data_dir)) as assembly:
        indexer = open_indexer(assembly)
        report = indexer.index(source, name=None, branch=None, subdir=None, progress=clock)
    return {
        "source": source,
        "files": report.changed,
        "chunks": report.source.chunk_count,
        "embedded_chunks": report.embedded_chunks,
        "megabytes": round(report.characters / 1e6, 2),
        "phase_seconds": clock.seconds(),
    }


def watch_run(source: str, data_dir: Path) -> dict[str, object]:
    """Run `index_once` in a new process; return its figures with time, memory and size seen from outside."""
    command = [sys.executable, "-m", "benchmarks.indexing", source, "--inside", "--data-dir", str(data_dir)]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, ProcessWatch(process.pid) as watch:
        output, _ = process.communicate()
        seconds = time.monotonic() - started
    if process.returncode:
        sys.exit(process.returncode)
    figures: dict[str, object] = json.loads(output)
    megabytes = float(str(figures["megabytes"]))
    return {
        **figures,
        "seconds": round(seconds, 2),
        "megabytes_per_second": round(megabytes / seconds, 2),
        "cpu_seconds": round(watch.cpu_seconds, 2),
        "cpu_seconds_per_megabyte": round(watch.cpu_seconds / megabytes, 3) if megabytes else None,
        "peak_resident_megabytes": round(watch.peak_bytes / 1e6),
        "peak_per_process_megabytes": [round(part / 1e6) for part in watch.peak_parts],
        "store_megabytes": round((folder_bytes(data_dir / "store") + folder_bytes(data_dir / "search")) / 1e6, 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    main()
