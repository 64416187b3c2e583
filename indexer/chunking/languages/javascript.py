"""JavaScript, with JSX and CommonJS."""

from __future__ import annotations

from indexer.chunking.languages.ecmascript import ECMASCRIPT_COMMENTS, ECMASCRIPT_DESCEND, ECMASCRIPT_RULES
from indexer.chunking.languages.rules import Language

LANGUAGE = Language(
    name="javascript",
    grammar="javascript",
    extensions=(".js", ".mjs", ".cjs", ".jsx", ".es6"),
    filenames=("jakefile",),
    interpreters=("node", "nodejs", "bun", "qjs", "gjs", "jsc", "zx", "rhino"),
    rules=ECMASCRIPT_RULES,
    descend=ECMASCRIPT_DESCEND,
    wrappers=frozenset({"export_statement"}),
    comments=ECMASCRIPT_COMMENTS,
    attached=frozenset({"decorator"}),
)
