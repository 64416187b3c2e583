#!/bin/sh
# tree-sitter 0.26.1 (its Python package) with tree-sitter-python 0.25.0.
#
# Expected: Parser.parse takes a callable that hands the text over piece by piece, so that a large text need not be in memory at once,
# and a piece is gone once it was parsed. It is also the only form of parse that reports progress and so can be stopped.
# Really: every piece keeps a reference that nobody holds, and is never freed. A process that parses through a callable grows by each text
# that it reads, for as long as it lives; the same text given as bytes leaves nothing. Whoever needs the callable, in order to be
# able to stop a parse, has to end the process from time to time.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check tree-sitter==0.26.1 tree-sitter-python==0.25.0

environment/bin/python - <<'EOF'
import gc
import sys
from importlib.metadata import version

import tree_sitter
import tree_sitter_python

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
text = b"value = 1\n" * 100


def cut(offset):
    return text[offset : offset + 64]


def count_references(pieces):
    return {sys.getrefcount(piece) for piece in pieces}


never_parsed = count_references([cut(offset) for offset in range(0, len(text), 64)])
pieces = []


def read(offset, _):
    piece = cut(offset)
    if len(piece) > 1:
        pieces.append(piece)
    return piece


tree = parser.parse(read)
del tree
gc.collect()
parsed = count_references(pieces)

whole = bytes(bytearray(text))
before = sys.getrefcount(whole)
for _ in range(10):
    parser.parse(whole)
gc.collect()
after = sys.getrefcount(whole)
print(
    f"tree-sitter {version('tree-sitter')}: references to a piece that was never parsed {never_parsed}, to those that were {parsed}; "
    f"to a text given as bytes {before}, after ten times {after}"
)
assert min(parsed) > max(never_parsed)
assert after == before
EOF
