"""The table of Nim."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

NIM = """\
## Clients.
import std/strutils

const MaxWait* = 30
var counter = 0

type
  Client* = ref object of RootObj
    url*: string
  Color = enum
    red, green

proc retry*(c: Client, times: int): int =
  ## Retries.
  proc inner(x: int): int = x
  result = inner(times)

func area(r: float): float = r
method speak(c: Client) {.base.} = discard
iterator items(c: Client): int =
  yield 1
template unless(x: bool, body: untyped) =
  if not x: body
macro mk(x: untyped): untyped = x
converter toInt(c: Client): int = 1
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("MaxWait", "constant", 4, 4),
        ("Client", "type", 8, 9),
        ("Color", "type", 10, 11),
        ("retry", "function", 13, 16),
        ("retry.inner", "function", 15, 15),
        ("area", "function", 18, 18),
        ("speak", "method", 19, 19),
        ("items", "function", 20, 21),
        ("unless", "macro", 22, 23),
        ("mk", "macro", 24, 24),
        ("toInt", "function", 25, 25),
    ]
    assert found_in("client.nim", NIM) == expected
