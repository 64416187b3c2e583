"""The table of Prolog."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

PROLOG = """\
:- module(ways, [path/3]).
:- use_module(library(lists)).
% edges
edge(a, b).
edge(b, c).

/* paths */
path(X, Y, [X, Y]) :-
    edge(X, Y).
path(X, Z, [X|P]) :-
    edge(X, Y),
    path(Y, Z, P), C = 0'a.

greeting --> [hello].
start :-
    write('a. b').
"""


def test_finds_predicates() -> None:
    expected: Found = [
        ("ways", "module", 1, 1),
        ("edge", "predicate", 3, 5),
        ("path", "predicate", 7, 12),
        ("greeting", "predicate", 14, 14),
        ("start", "predicate", 15, 16),
    ]
    assert found_in("routes.pl", PROLOG) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("routes.pl", PROLOG, "path") == "/* paths */"
