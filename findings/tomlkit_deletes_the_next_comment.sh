#!/bin/sh
# tomlkit 0.15.2
#
# Expected: a library that keeps comments and layout deletes a table and leaves all lines that are not of it; a comment
# above the next table's head is about that table.
# Really: such a comment belongs to the table before it. Deleting that table deletes the comment without a word, and a table that is
# added to a group of them comes between the next table and its comment. The values are right each time.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check tomlkit==0.15.2

environment/bin/python - <<'EOF'
import platform
from importlib.metadata import version

import tomlkit

TEXT = """\
[servers.first]
command = "one"

# The port is that of the proxy.
[proxy]
port = 8080
"""

deleted = tomlkit.parse(TEXT)
del deleted["servers"]
added = tomlkit.parse(TEXT)
added["servers"]["second"] = {"command": "two"}
deleted_text, added_text = tomlkit.dumps(deleted), tomlkit.dumps(added)
print(f"tomlkit {version('tomlkit')}, Python {platform.python_version()}")
print(f"--- first deleted:\n{deleted_text}--- second added:\n{added_text}")
assert deleted.unwrap() == {"proxy": {"port": 8080}}
assert "# The port" not in deleted_text
lines = added_text.splitlines()
comment = lines.index("# The port is that of the proxy.")
assert comment < lines.index("[servers.second]") < lines.index("[proxy]")
EOF
