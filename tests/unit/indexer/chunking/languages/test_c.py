"""The table of C."""

from __future__ import annotations

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
