"""What goes through the pipe between the two processes, and to MCP: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """The text of an answer, or of an error that the model can do something about."""

    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call is that waits for an index: files done, of how many, None where that is not known yet."""

    done: float
    total: float | None
    message: str


@dataclass(frozen=True, slots=True)
class ToolListing:
    """What a client sees of a tool. `max_characters` is the longest answer that it can get."""

    name: str
    title: str
    description: str
    input_schema: dict[str, Any]
    max_characters: int
