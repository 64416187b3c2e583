#!/bin/sh
# tree-sitter 0.26.1 with tree-sitter-yaml 0.7.2.
#
# Expected: how long a file may be depends on memory; a valid YAML file of 33,000 short lines, 160 kB, has a tree like any other.
# Really: the scanner counts rows in 16 bits. From row 32,768 on the same lines are errors, and the tree says so of the whole
# file, although a shorter one of the same lines has none. Columns that far to the right do no harm.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check tree-sitter==0.26.1 tree-sitter-yaml==0.7.2

environment/bin/python - <<'EOF'
from importlib.metadata import version

import tree_sitter
import tree_sitter_yaml

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_yaml.language()))


def has_error(text):
    return parser.parse(text.encode()).root_node.has_error


found = {rows: has_error("a: 1\n" * rows) for rows in (32_000, 33_000)}
wide = has_error("a: " + "x" * 40_000 + "\nb: 1\n")
print(f"tree-sitter-yaml {version('tree-sitter-yaml')}: errors by rows {found}, in a line of 40,000 characters {wide}")
assert found == {32_000: False, 33_000: True}
assert not wide
EOF
