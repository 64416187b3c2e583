"""get_file_tree: the folders and files below a path, with their sizes and languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from codesearch.core.counts import say_count
from codesearch.core.errors import NotFoundError
from codesearch.tools.filters import clean_path
from codesearch.tools.freshness import render
from codesearch.tools.lookups.asking import look_in
from codesearch.tools.lookups.tree import LIST_TREE, Entry, TreeAsked, TreeTold
from codesearch.tools.missing import explain_missing_folder
from codesearch.tools.scope import DATA_SOURCE, find_source
from codesearch.tools.staleness import assess_answer
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """Return the tree below a path, level by level until `max_nodes` are shown. Raises NotFoundError for no path."""
    source = find_source(context, arguments["data_source"])
    path = clean_path(arguments["path"] or "").rstrip("/")
    asked = TreeAsked(path, arguments["max_depth"], arguments["max_nodes"])
    told = look_in(context, source, LIST_TREE, asked)
    if told.absence is not None:
        raise NotFoundError(explain_missing_folder(context, source, path, told.absence))
    freshness = assess_answer(context, source, [])
    obj: dict[str, Any] = {
        "data_source": source.name,
        "path": path,
        "nodes": [_describe(entry) for entry in told.entries],
        "left_out": told.left_out,
        "freshness": [freshness.as_json()],
    }
    text = f"{source.name} has no files." if told.root is None else _render(told.root, told, source.name, asked)
    return Answer(obj, f"{text}\n\n{render([freshness])}")


def _describe(entry: Entry) -> dict[str, Any]:
    if entry.is_folder:
        return {"path": entry.path, "type": "folder", "files": entry.files, "lines": entry.lines}
    described = {"path": entry.path, "type": "file", "lines": entry.lines, "language": entry.language}
    return {key: value for key, value in described.items() if value is not None}


def _render(root: Entry, told: TreeTold, name: str, asked: TreeAsked) -> str:
    title = f"{name}{f' {root.path}' if root.path else ''}"
    parts = [f"{title}: {say_count(root.files, 'file')}, {say_count(root.lines, 'line')}"]
    for entry in told.entries if root.is_folder else ():
        indent, title = "  " * (entry.depth - 1), " ".join(entry.path.rpartition("/")[2].splitlines())
        if not entry.is_folder:
            parts.append(f"{indent}{title}  {entry.lines:,}{f' {entry.language}' if entry.language else ''}")
            continue
        closed = f", {say_count(entry.hidden, 'entry', 'entries')} left out" if entry.hidden else ""
        parts.append(f"{indent}{title}/  {say_count(entry.files, 'file')}, {say_count(entry.lines, 'line')}{closed}")
    if told.left_out:
        cut = say_count(told.left_out, "file or folder is", "files and folders are")
        parts.append(
            f"{cut} left out, below {say_count(asked.max_depth, 'level')} or over max_nodes; for those of a folder, "
            "ask with its path, or raise max_depth or max_nodes."
        )
    return "\n".join(parts)


TOOL: Final = Tool(
    name="get_file_tree",
    title="List files",
    description=(
        "Lists the folders and files of a repository, or below one folder, with lines and languages. Use it to learn "
        "how a repository is laid out, or to find out which paths there are."
    ),
    parameters=(
        DATA_SOURCE,
        Parameter("path", "string", "The folder to list; left out: all of the repository"),
        Parameter("max_depth", "integer", "How many levels are shown", 3, minimum=1, maximum=50),
        Parameter("max_nodes", "integer", "At most so many files and folders", 300, minimum=1, maximum=5_000),
    ),
    run=run,
)
