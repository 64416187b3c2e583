"""Stands for a node of a syntax tree where a language is read line by line; the planner walks both alike."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class LineNode:
    """Lines of a text: positions are 0-based, in characters. `named_children` are the definitions inside."""

    start_byte: int
    start_point: tuple[int, int]
    end_point: tuple[int, int]
    named_children: list[LineNode] = field(default_factory=list)
    type: str = "lines"
