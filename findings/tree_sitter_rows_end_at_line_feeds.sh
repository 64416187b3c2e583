#!/bin/sh
# tree-sitter 0.26.1 with tree-sitter-python 0.25.0.
#
# Expected: the row of a node is the line that Python itself gives it, and an index into text.splitlines().
# Really: only a line feed starts a row. A file with bare carriage returns, three lines and valid to CPython, is one row, and the
# grammar reports errors in it. In a file with a form feed or a line separator, which str.splitlines() takes for line ends,
# every row below is an index to the wrong line. Lines for tree-sitter are text.split("\n").
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check tree-sitter==0.26.1 tree-sitter-python==0.25.0

environment/bin/python - <<'EOF'
import ast
from importlib.metadata import version

import tree_sitter
import tree_sitter_python

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))


def look_at(text):
    """Return the rows of the statements for CPython, for tree-sitter and in splitlines(), and whether there are errors."""
    root = parser.parse(text.encode()).root_node
    rows = [child.start_point.row for child in root.children]
    lines = [number for number, line in enumerate(text.splitlines()) if "=" in line]
    return [node.lineno - 1 for node in ast.parse(text).body], rows, lines, root.has_error


found = {
    "carriage returns": look_at("a = 1\rb = 2\rc = 3\r"),
    "form feed": look_at("a = 1\n\f\nb = 2\n"),
    "line separator": look_at("a = '\u2028'\nb = 2\n"),
}
print(f"tree-sitter {version('tree-sitter')}: rows for CPython, tree-sitter, splitlines, errors: {found}")
assert found == {
    "carriage returns": ([0, 1, 2], [0], [0, 1, 2], True),
    "form feed": ([0, 2], [0, 2], [0, 3], False),
    "line separator": ([0, 1], [0, 1], [0, 2], False),
}
EOF
