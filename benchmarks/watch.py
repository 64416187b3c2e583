"""From save to searchable: `codesearch watch` on a copy of a tree, files changed one after the other, found by search.

python -m benchmarks.watch TREE [--changes 20] [--workers N]

The copy becomes a git repository. Each change adds a function to one of its files; another process of codesearch, with
everything open as a service has it, looks every 20 ms until exact search finds it. Prints one JSON object: seconds
from save to found (p50, p95, largest), CPU seconds of the watching processes for each change, and their memory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import ProcessWatch, read_tree
from benchmarks.quality import open_assembly
from codesearch.assembly import LOCAL_PRINCIPAL, Assembly

_PATIENCE_SECONDS = 120.0


def main() -> None:
    """Copy, watch, change, look, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, metavar="TREE", help="a folder with source code")
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--workers", type=int, default=0, help="index workers; 0: one per core")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / arguments.tree.name
        shutil.copytree(arguments.tree, folder, ignore=shutil.ignore_patterns(".git"), symlinks=True)
        _make_repository(folder)
        print(json.dumps(_measure(folder, Path(temporary) / "data", arguments.changes, arguments.workers), indent=2))


def _make_repository(folder: Path) -> None:
    identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    for arguments in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "-m", "All"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


def _measure(folder: Path, data_dir: Path, changes: int, workers: int) -> dict[str, Any]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CODESEARCH_")},
        "CODESEARCH_DATA_DIR": str(data_dir),
        "CODESEARCH_INDEX_WORKERS": str(workers),
    }
    command = [sys.executable, "-m", "codesearch.cli", "watch", str(folder)]
    watching = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert watching.stderr is not None
        while b"ctrl-C" not in (line := watching.stderr.readline()):
            if not line:
                raise SystemExit("watching ended")
        assembly = open_assembly(data_dir)
        files = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".rb", ".js", ".ts", ".go", ".php"))
        seconds = []
        with ProcessWatch(watching.pid) as used:
            time.sleep(0.2)
            began = used.cpu_seconds
            for number in range(changes):
                time.sleep(1.5)
                seconds.append(_change(files[number * 7919 % len(files)], number, assembly))
            cpu = used.cpu_seconds - began
            memory = sum(resident for _, _, resident in read_tree(watching.pid))
        count = assembly.catalog.list_sources()[0].file_count
        assembly.close()
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.wait(60)
    ordered = sorted(seconds)
    return {
        "tree": folder.name,
        "files": count,
        "changes": changes,
        "p50 s": round(statistics.median(ordered), 2),
        "p95 s": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "largest s": round(ordered[-1], 2),
        "CPU s for each": round(cpu / changes, 2),
        "memory MB": round(memory / 1e6),
    }


def _change(file: Path, number: int, assembly: Assembly) -> float:
    """Save a file, and return after how many seconds what it says now is found."""
    name = f"freshly_saved_{number}_{os.getpid()}"
    text = file.read_text("utf-8", "replace")
    began = time.perf_counter()
    file.write_text(f"{text}\n# {name}\n", "utf-8")
    while True:
        answer = assembly.toolbox.call("grep_search", LOCAL_PRINCIPAL, {"query": name})
        took = time.perf_counter() - began
        if any(match["path"].endswith(file.name) for match in answer.obj["matches"]):
            return took
        if took > _PATIENCE_SECONDS:
            raise SystemExit(f"{file} was not found within {_PATIENCE_SECONDS:g} s")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
