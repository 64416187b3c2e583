"""The table of Go."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

GO = """
package a
const ( A = iota
 B )
var X, Y = 1, 2
type ( Client struct { n int }
 ID = string )
type Doer interface { Do() error }
func (c *Client) Retry() {}
func (l List[T]) Len() int { return 0 }
func New() *Client { return nil }
"""


def test_finds_every_definition() -> None:
    expected = {
        ("constant", "A"),
        ("constant", "B"),
        ("variable", "X"),
        ("variable", "Y"),
        ("struct", "Client"),
        ("type", "ID"),
        ("interface", "Doer"),
        ("method", "Doer.Do"),
        ("method", "Client.Retry"),
        ("method", "List.Len"),
        ("function", "New"),
    }
    assert language_name_of("a.go", GO) == "go"
    assert kinds_in("a.go", GO) == expected
