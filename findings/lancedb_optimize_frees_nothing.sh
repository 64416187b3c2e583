#!/bin/sh
# LanceDB 0.40.0 on a local folder.
#
# Expected: optimize(), which compacts files and prunes old versions, brings back the room of rows that were replaced or
# deleted. An empty table is small.
# Really: it keeps every version of the last seven days, and writes the compacted rows beside them. A table whose rows were
# replaced one by one is larger after optimize() than before, and a table without a row is as large as it was. Only
# optimize(cleanup_older_than=timedelta(0)) frees the room, and makes readers of older versions fail.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check lancedb==0.40.0 pyarrow==26.0.1

environment/bin/python - <<'EOF'
import os
import tempfile
import warnings
from datetime import timedelta
from importlib.metadata import version

import lancedb


def count_bytes(folder):
    return sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(folder) for name in names)


def make_rows(ids):
    return [{"id": number, "text": f"text of row {number} " * 50} for number in ids]


folder = tempfile.mkdtemp(dir=os.getcwd())
table = lancedb.connect(folder).create_table("rows", make_rows(range(2_000)))
sizes = {"new": count_bytes(folder)}
for number in range(50):
    table.merge_insert("id").when_matched_update_all().execute(make_rows([number]))
sizes["50 rows replaced"] = count_bytes(folder)
table.optimize()
sizes["optimized"] = count_bytes(folder)
table.delete("id >= 0")
table.optimize()
sizes["all rows deleted, optimized"] = count_bytes(folder)
versions = len(table.list_versions())
warnings.simplefilter("ignore")  # It warns of readers that would fail; there are none here.
table.optimize(cleanup_older_than=timedelta(0))
sizes["old versions deleted"] = count_bytes(folder)
print(f"lancedb {version('lancedb')}: {versions} versions; bytes: {sizes}")
assert table.count_rows() == 0
assert versions > 50
new, replaced, optimized, empty, cleaned = sizes.values()
assert new < replaced < optimized <= empty
assert cleaned < new / 100
EOF
