#!/bin/sh
# tree-sitter-language-pack 1.25.0, tree-sitter grammars for Python.
#
# Expected: as with 0.13 and before, the installed package holds the grammars, and has_language("python") says that Python
# can be parsed here.
# Really: the package holds no grammar. get_parser fetches one from the network when it is asked for the first time; without
# a network it raises. has_language only looks the name up, and says True all the same, while available_languages is empty.
# So a service that was tested beside a filled cache starts in a container without network, and fails at its first file.
#
# The proxy that nobody listens on stands for the missing network.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check tree-sitter-language-pack==1.25.0

environment/bin/python - <<'EOF'
import os

closed_proxy = "http://127.0.0.1:9"
os.environ.update(HTTPS_PROXY=closed_proxy, https_proxy=closed_proxy, HOME=os.getcwd(), XDG_CACHE_HOME=os.getcwd())

from importlib.metadata import version

import tree_sitter_language_pack as pack

try:
    pack.get_parser("python")
    outcome = "a parser"
except pack.Error as error:
    outcome = type(error).__name__
known, unknown, available = pack.has_language("python"), pack.has_language("no-such-language"), pack.available_languages()
print(
    f"tree-sitter-language-pack {version('tree-sitter-language-pack')}: has_language {known}, "
    f"available_languages {available}, get_parser {outcome}"
)
assert (known, unknown, available, outcome) == (True, False, [], "DownloadError")
EOF
