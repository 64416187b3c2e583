#!/bin/sh
# SQLite 3.54.1, here through apsw 3.54.1.0.
#
# Expected: with a busy timeout every statement waits for another connection's lock, so that two processes may open a new
# database at once and each say PRAGMA journal_mode = WAL first.
# Really: that statement alone fails at once with "database is locked"; the busy handler, which is what a timeout is, is not
# even asked. So the first start of several processes on one new file fails now and then, whatever the timeout. It has
# to be tried again by hand.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check apsw==3.54.1.0

environment/bin/python - <<'EOF'
import os

import apsw

path = os.path.join(os.getcwd(), "new.sqlite3")
writer, other = apsw.Connection(path), apsw.Connection(path)
writer.execute("CREATE TABLE rows (id INTEGER)")
writer.execute("BEGIN IMMEDIATE")
asked = 0


def wait_twice(attempts):
    global asked
    asked += 1
    return attempts < 2


def try_statement(statement):
    global asked
    asked = 0
    try:
        other.execute(statement)
    except apsw.BusyError:
        return f"busy, handler asked {asked} times"
    return "done"


other.set_busy_handler(wait_twice)
insert, pragma = try_statement("INSERT INTO rows VALUES (1)"), try_statement("PRAGMA journal_mode = WAL")
writer.execute("COMMIT")
afterwards = try_statement("PRAGMA journal_mode = WAL")
print(f"SQLite {apsw.sqlite_lib_version()}: INSERT {insert}; PRAGMA journal_mode {pragma}; after the commit {afterwards}")
assert (insert, pragma, afterwards) == ("busy, handler asked 3 times", "busy, handler asked 0 times", "done")
EOF
