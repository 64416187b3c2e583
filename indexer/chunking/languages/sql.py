"""SQL of all dialects: read statement by statement, since no grammar reads more than one of them."""

from __future__ import annotations

from indexer.chunking.languages.rules import Language, OwnReader
from indexer.chunking.sql.heads import KINDS
from indexer.chunking.sql.reading import read_statements

LANGUAGE = Language(
    name="sql",
    grammar="",
    extensions=tuple(
        ".sql .psql .pgsql .tsql .mysql .bqsql .cql .ddl .plsql .pls .plb .pks .pkb .pck .spc .bdy .prc .fnc .trg .tps "
        ".tpb .vw .viw .udf".split()
    ),
    rules={},
    reader=OwnReader(kinds=frozenset({*KINDS.values(), "cursor", "method", "prototype"}), read=read_statements),
)
