"""The engine takes half a second to import: who has no jobs to ask for does not wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from pathlib import Path
import codesearch.cli.main, codesearch.cli.management.opening
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.queue import JobQueue
queue = JobQueue(JobDatabase(jobs_url(Path(sys.argv[1]))))
print(queue.list_jobs(), sorted({"dbos", "sqlalchemy.orm", "psycopg", "lancedb"} & set(sys.modules)))
"""


def test_commands_and_an_empty_queue_do_not_load_the_engine(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout == "[] []\n"
    assert list(tmp_path.iterdir()) == []
