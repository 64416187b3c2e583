"""lancedb is imported without its REST client, works on a folder, and leaves the client to others as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from codesearch.core.store.library import import_lancedb
lancedb = import_lancedb()
assert import_lancedb() is lancedb is sys.modules["lancedb"]
print(*sorted(name for name in sys.modules if name.startswith(("lance_namespace", "overrides"))))
import pyarrow
database = lancedb.connect(sys.argv[1])
for number in range(3):
    database.create_table(f"table_{number}", schema=pyarrow.schema([pyarrow.field("x", pyarrow.int64())]))
page = database.list_tables(limit=2)
print(*page.tables, *database.list_tables(page_token=page.page_token).tables)
try:
    database.open_table("other")
except Exception as error:
    print("was not found" in str(error))
import lance_namespace
print(lance_namespace.ListTablesResponse(tables=["a"]).to_dict())
"""


def test_a_folder_needs_no_rest_client(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["", "table_0 table_1 table_2", "True", "{'tables': ['a']}"]
