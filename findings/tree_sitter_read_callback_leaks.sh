#!/bin/sh
# tree-sitter 0.26.1 with tree-sitter-python 0.25.0.
#
# Expected: what a read callback hands to Parser.parse is let go once the parser has read it, at the latest with the tree.
# Really: the binding takes a reference to each buffer that the callback returns and never gives it back. A program that
# parses file after file through a callback, which is the only way to have a progress callback, keeps every byte that it
# ever handed out. A memoryview that is released by hand after the parse keeps only itself.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check tree-sitter==0.26.1 tree-sitter-python==0.25.0

environment/bin/python - <<'EOF'
import gc
import tracemalloc
from importlib.metadata import version

import tree_sitter
import tree_sitter_python

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
source = b"value = 1\n" * 20_000


def kept_after(parse):
    """Return how many more bytes Python holds after ten parses whose trees are gone."""
    parse()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(10):
        parse()
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return kept


def in_pieces():
    parser.parse(lambda offset, _point: source[offset : offset + 4096])


def released():
    views = []

    def read(offset, _point):
        views.append(memoryview(source)[offset:])
        return views[-1]

    parser.parse(read)
    for view in views:
        view.release()


def whole():
    parser.parse(source)


found = {name: kept_after(parse) for name, parse in (("pieces", in_pieces), ("released", released), ("bytes", whole))}
print(f"tree-sitter {version('tree-sitter')}: bytes kept after ten parses of {len(source):,} bytes: {found}")
assert found["pieces"] > 10 * len(source)
assert found["released"] < 100_000
assert found["bytes"] < 20_000
EOF
