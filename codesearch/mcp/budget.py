"""How long an answer may be for a model, and what it says when it was cut. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codesearch.core.counts import say_count
from codesearch.retrieval.budgets import CHARACTERS_PER_TOKEN

# By tool, how to ask for what was left out.
HINTS: Mapping[str, str] = {
    "get_data_sources": "Name the one that you look for with `query`.",
    "semantic_search": "Ask for fewer with `max_results`, or narrow it with `paths`, `extensions` or `languages`.",
    "grep_search": "Narrow it with `paths` or `extensions`, or ask for fewer with `max_results` and `context_lines`.",
    "get_file_tree": "Ask for one folder with `path`, or less deep with `max_depth`.",
    "read_file": "Ask for the rest with `start_line` and `end_line`.",
    "outline": "Read the part that you need with read_file, `start_line` and `end_line`.",
    "fetch_artifacts": "Ask for fewer `identifiers` at once, or for lines: `repository::path::start-end`.",
    "get_artifact_relationships": "Ask for one `profile`, or for fewer with `max_count_per_type`.",
}
_FENCE = "```"


def cut_text(tool_name: str, text: str, max_tokens: int) -> str:
    """Return the text, or its first whole lines up to so many tokens and a line on how much is missing and what to do.

    The lines at the end that say how fresh the index is stay. A block of code that is open at the cut is closed.
    """
    most = max_tokens * CHARACTERS_PER_TOKEN
    if len(text) <= most:
        return text
    lines = text.splitlines()
    last = _begin_of_end(lines)
    ending = "\n".join(lines[last:])
    note = _describe_cut(tool_name, last, last, max_tokens)
    room = most - len(note) - len(ending) - len(_FENCE) - 4
    kept: list[str] = []
    for line in lines[:last]:
        room -= len(line) + 1
        if room < 0:
            # One line may be longer than all that is allowed.
            if not kept:
                kept.append(line[: max(0, room + len(line))])
            break
        kept.append(line)
    note = _describe_cut(tool_name, last - len(kept), last, max_tokens)
    if sum(line.startswith(_FENCE) for line in kept) % 2:
        kept.append(_FENCE)
    return "\n".join([*kept, note, *([ending] if ending else [])])


def _begin_of_end(lines: Sequence[str]) -> int:
    """Return where the lines in brackets at the end begin."""
    begin = len(lines)
    while begin and lines[begin - 1].startswith("[") and lines[begin - 1].endswith("]"):
        begin -= 1
    return begin


def _describe_cut(tool_name: str, missing: int, count: int, max_tokens: int) -> str:
    hint = HINTS.get(tool_name, "Ask for less.")
    verb = "is" if missing <= 1 else "are"
    return f"[Cut at {max_tokens} tokens: {max(1, missing):,} of {say_count(count, 'line')} {verb} left out. {hint}]"
