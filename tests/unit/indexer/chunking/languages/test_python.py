"""The table of Python."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

PYTHON = """
import os
LIMIT = 3
timeout: float = 2.0
if os.name == "nt":
    def windows(): ...
class Client(Base):
    retries = 3
    @property
    async def state(self): ...
    class Inner:
        def deep(self): ...
square = lambda x: x * x
type Pair = tuple[int, int]
"""


def test_finds_every_definition() -> None:
    expected = {
        ("constant", "LIMIT"),
        ("variable", "timeout"),
        ("function", "windows"),
        ("class", "Client"),
        ("variable", "Client.retries"),
        ("method", "Client.state"),
        ("class", "Client.Inner"),
        ("method", "Client.Inner.deep"),
        ("function", "square"),
        ("type", "Pair"),
    }
    assert language_name_of("a.py", PYTHON) == "python"
    assert kinds_in("a.py", PYTHON) == expected


def test_type_parameters_are_no_part_of_a_name() -> None:
    text = (
        "type Plain = int\ntype Row[T] = list[T]\ntype Call[**P, *Ts, R: int = int] = (\n    Callable[P, R]\n)\n"
        "def swap[T](a: Row[T]) -> T:\n    return a[0]\n"
        "class Box[T: int]:\n    type Item[U] = tuple[T, U]\n\n    def open[K](self) -> T: ...\n"
    )
    expected = {
        ("type", "Plain"),
        ("type", "Row"),
        ("type", "Call"),
        ("function", "swap"),
        ("class", "Box"),
        ("type", "Box.Item"),
        ("method", "Box.open"),
    }
    assert kinds_in("a.py", text) == expected
