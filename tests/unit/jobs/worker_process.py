"""A real worker on the real engine, with a few lines of Python in the place of an indexer; run as a process."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from codesearch.api.management import JobRequest
from codesearch.cli.index_process import IndexProcess
from codesearch.core.catalog import postgres
from codesearch.core.catalog.catalog import open_catalog
from codesearch.jobs.database import JobDatabase
from codesearch.jobs.engine import LEASE_SECONDS
from codesearch.jobs.places import WorkerPlace
from codesearch.jobs.worker import Worker

PROGRESS = {"source": "shop", "phase": "indexing", "files_done": 3, "files_total": 9, "chunks_done": 7}
REPORT = {"changed_files": 9, "removed_files": 0, "warnings": []}
# By the first word of what a job is called. `long` says how far it is and waits for the end of stdin, with a process of
# its own that would not end by itself; `once` waits the first time, and succeeds the second; `flaky` fails the first
# time, and `killed` is killed; `crowded` leaves what is to be merged; `marks` takes a moment; `alone` does not end by
# itself the first time, and fails the second time where the first is still there. Each notes in the file `marks` when
# it begins and ends.
PROGRAMS = {
    "good": f"print({json.dumps(REPORT)!r})",
    "bad": "print('noise\\ncodesearch: https://a:b@c/d is gone', file=sys.stderr); sys.exit(1)",
    "silent": "os._exit(3)",
    "long": "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    f"print({json.dumps(PROGRESS)!r}, flush=True)\n"
    "sys.stdin.read(); sys.exit(1)",
    "once": "again = folder.joinpath('again'); is_first = not again.exists(); again.touch()\n"
    f"if is_first: print({json.dumps(PROGRESS)!r}, flush=True); sys.stdin.read(); sys.exit(1)\n"
    f"print({json.dumps(REPORT)!r})",
    "flaky": "again = folder.joinpath('again'); is_first = not again.exists(); again.touch()\n"
    "if is_first: print('{\"may_pass\": true}'); print('codesearch: no answer', file=sys.stderr); sys.exit(1)\n"
    f"print({json.dumps(REPORT)!r})",
    "killed": "again = folder.joinpath('again'); is_first = not again.exists(); again.touch()\n"
    "if is_first: os.kill(os.getpid(), 9)\n"
    f"print({json.dumps(REPORT)!r})",
    "alone": "other = folder.parent.joinpath('at-work')\n"
    f"if not other.exists(): other.write_text(str(os.getpid())); print({json.dumps(PROGRESS)!r}, flush=True); "
    "time.sleep(600)\n"
    "try: os.kill(int(other.read_text()), 0)\n"
    f"except ProcessLookupError: print({json.dumps(REPORT)!r})\n"
    "else: print('codesearch: two at once', file=sys.stderr); sys.exit(1)",
    "crowded": "if kind == 'merge': print('{\"summary\": \"4 segments became 1.\"}')\n"
    f"else: time.sleep(0.3); print({json.dumps({**REPORT, 'crowded': True})!r})",
    "marks": f"time.sleep(0.3); print({json.dumps(REPORT)!r})",
}
_FRAME = (
    "import os, pathlib, subprocess, sys, time\n"
    "folder, kind = pathlib.Path(sys.argv[1]), sys.argv[3]\n"
    "def mark(sign):\n"
    "    with folder.joinpath('marks').open('a') as file: file.write(sign + sys.argv[2] + '\\n')\n"
    "mark('+')\n"
    "{program}\n"
    "mark('-')\n"
)


def start_in(folder: Path) -> Callable[[JobRequest, Callable[[str], None]], IndexProcess]:
    """Return what starts the process of a job."""

    def start(request: JobRequest, report: Callable[[str], None]) -> IndexProcess:
        code = _FRAME.format(program=PROGRAMS[request.title.partition(" ")[0]])
        name = request.source_id or request.title
        return IndexProcess(
            [sys.executable, "-c", code, str(folder), name, request.kind.value], report, has_own_group=True
        )

    return start


def main(data_dir: str, url: str, catalog_url: str, lease_seconds: str) -> None:
    """Work until SIGTERM. What waits for PostgreSQL is as much shorter than usual as the lease is."""
    postgres.SILENCE_SECONDS *= float(lease_seconds) / LEASE_SECONDS
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    folder = Path(data_dir)
    database, place, catalog = JobDatabase(url), WorkerPlace(folder), open_catalog(catalog_url)
    Worker(database, place, catalog, start_in(folder), float(lease_seconds)).run(is_over)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
