#!/bin/sh
# DBOS 3.4.0 (PyPI `dbos`), with its SQLite database.
#
# Expected: a queue is worked off in the order in which workflows were put into it, or by their priority; with
# partition_concurrency = 1 only what would be the second one of its partition waits.
# Really: where a worker may run fewer workflows at once than partitions wait (worker_concurrency), it takes a partition by
# chance each time. Neither the order nor the priority counts between partitions, only within one: what was asked for
# first, with the best priority, may come last behind hundreds.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check dbos==3.4.0

environment/bin/python - <<'EOF'
import importlib.metadata
import os
import time

from dbos import DBOS, DBOSClient

URL = f"sqlite:///{os.getcwd()}/jobs.sqlite3"
COUNT = 12
DBOS(config={"name": "app", "system_database_url": URL, "application_version": "1", "log_level": "ERROR"})
begun = {"plain": [], "parts": []}


@DBOS.workflow(name="note")
def note(queue, number):
    begun[queue].append(number)


DBOS.launch()
client = DBOSClient(system_database_url=URL, application_name="app")
for queue in begun:
    for number in range(COUNT):
        # A smaller number is a better priority.
        options = {"workflow_name": "note", "queue_name": queue, "app_version": "1", "priority": number + 1}
        if queue == "parts":
            options["queue_partition_key"] = f"part-{number:02}"
        client.enqueue(options, queue, number)
DBOS.register_queue("plain", worker_concurrency=1, polling_interval_sec=0.05)
DBOS.register_queue("parts", worker_concurrency=1, partition_concurrency=1, polling_interval_sec=0.05)
deadline = time.monotonic() + 120
while any(len(numbers) < COUNT for numbers in begun.values()) and time.monotonic() < deadline:
    time.sleep(0.1)
DBOS.destroy()
print(f"DBOS {importlib.metadata.version('dbos')}: without partitions {begun['plain']}, with {begun['parts']}")
assert begun["plain"] == sorted(begun["parts"]) == list(range(COUNT))
assert begun["parts"] != begun["plain"]
EOF
