"""C: all of its rules are those that C++ has, too."""

from __future__ import annotations

from indexer.chunking.languages.c_family import C_FAMILY_DESCEND, C_FAMILY_RULES
from indexer.chunking.languages.c_repair import repair_c
from indexer.chunking.languages.rules import Language

LANGUAGE = Language(
    name="c",
    grammar="c",
    extensions=(".c", ".h"),
    rules=C_FAMILY_RULES,
    descend=C_FAMILY_DESCEND,
    comments=frozenset({"comment"}),
    attached=frozenset({"attribute_declaration"}),
    repair=repair_c,
)
