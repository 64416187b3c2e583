"""The table of C."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from indexer.chunking.languages import c_repair
from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

C = """
#define LIMIT 3
#define GUARD
#define MAX(a, b) ((a) > (b) ? (a) : (b))
typedef struct node { struct node *next; } list;
typedef int (*callback)(void *);
struct point { int x; };
enum color { RED };
static const int size = 3;
char *name(void);
int *find(struct point *p) { struct local { int q; }; return 0; }
"""


def test_finds_every_definition() -> None:
    expected = {
        ("macro", "LIMIT"),
        ("macro", "MAX"),
        ("struct", "list"),
        ("struct", "node"),
        ("type", "callback"),
        ("struct", "point"),
        ("enum", "color"),
        ("constant", "size"),
        ("prototype", "name"),
        ("function", "find"),
        ("struct", "find.local"),
    }
    assert language_name_of("a.c", C) == "c"
    assert kinds_in("a.c", C) == expected


REGEX_OF_UNENDED = re.compile(rb"^[A-Z][A-Z0-9]*_[A-Z0-9_]*\b[^;{}#]*?(?=\r?\n[ \t]*\r?\n)", re.MULTILINE)
PIECES = [b"A_B", b"A_B(c)", b"\n", b"\n\n", b"\r\n", b" ", b";", b"{", b"a", b"#", b"X_", b"\n \t\n", b"_", b"\nA_B "]


@given(st.lists(st.sampled_from(PIECES), max_size=15).map(b"".join))
def test_lines_that_never_end_are_found_as_by_a_pattern_that_looks_at_them_again_and_again(text: bytes) -> None:
    assert list(c_repair._unended(text)) == [found.span() for found in REGEX_OF_UNENDED.finditer(text)]
