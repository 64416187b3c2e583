"""get_file_tree: the folders and files below a path, with their sizes and languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from codesearch.core.checks import Check
from codesearch.core.counts import say_count
from codesearch.core.errors import NotFoundError
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex
from codesearch.tools.filters import clean_path
from codesearch.tools.freshness import render
from codesearch.tools.missing import explain_missing_folder
from codesearch.tools.scope import DATA_SOURCE, find_source
from codesearch.tools.staleness import assess_answer
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext

_BLOCK_FILES = 1_000


@dataclass(slots=True)
class _Node:
    """A folder or file: its path, its lines and, of a folder, how many files are below and what is in it."""

    path: str
    depth: int
    lines: int = 0
    files: int = 0
    language: str | None = None
    is_shown: bool = False
    children: dict[str, _Node] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether something is below."""
        return bool(self.children)

    def ordered(self) -> list[_Node]:
        """Return what is in the folder, folders first, each by name."""
        return sorted(self.children.values(), key=lambda node: (not node.is_folder, node.path))


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """Return the tree below a path, level by level until `max_nodes` are shown. Raises NotFoundError for no path."""
    source = find_source(context, arguments["data_source"])
    path = clean_path(arguments["path"] or "").rstrip("/")
    depth, most = arguments["max_depth"], arguments["max_nodes"]
    index = context.open_index(source)
    with context.take_turn() as turn:
        root = _read_tree(index, path, turn.check)
        missing = explain_missing_folder(context, source, index, path, turn.check) if root is None and path else None
    freshness = assess_answer(context, source, [])
    if missing is not None:
        raise NotFoundError(missing)
    obj: dict[str, Any] = {"data_source": source.name, "path": path}
    if root is None:
        obj |= {"nodes": [], "left_out": 0}
        text = f"{source.name} has no files."
    else:
        left_out = _choose(root, depth, most)
        obj |= {"nodes": [_describe(node) for node in _shown(root)], "left_out": left_out}
        text = _render(root, source.name, depth, left_out)
    return Answer({**obj, "freshness": [freshness.as_json()]}, f"{text}\n\n{render([freshness])}")


def _read_tree(index: SourceIndex, path: str, check: Check) -> _Node | None:
    """Return the folder, or the file, at a path with all that is below; None where there is nothing."""
    root = _Node(path, 0)
    file = index.find_file(path)
    if file is not None:
        _add_files(root, file[0], [file[1]], check)
    else:
        # Which segment comes first makes no difference: a folder sums up, and what is in it is put in order later.
        for segment in index.segments:
            _add_files(root, segment, segment.files_below(f"{path}/" if path else ""), check)
    return root if root.files else None


def _add_files(root: _Node, segment: SearchIndex, files: Sequence[int], check: Check) -> None:
    """Add files of a segment, ascending, to the folder that they are below, or the file that `root` is."""
    if not files:
        return
    first, last = files[0], files[-1] + 1
    firsts = segment.first_rows[first:last]
    lines = np.maximum.reduceat(segment.end_lines[: segment.first_rows[last]], firsts).tolist()
    languages = segment.row_languages[firsts].tolist()
    skipped = len(root.path) + 1 if root.path else 0
    for place, number in enumerate(files):
        if not place % _BLOCK_FILES:
            check()
        node, count = root, lines[number - first]
        node.files, node.lines = node.files + 1, node.lines + count
        for part in segment.path_of(number)[skipped:].split("/"):
            if part:
                known = f"{node.path}/{part}" if node.path else part
                node = node.children.setdefault(part, _Node(known, node.depth + 1))
                node.files, node.lines = node.files + 1, node.lines + count
        node.language = segment.languages[languages[number - first]] or None


def _choose(root: _Node, max_depth: int, max_nodes: int) -> int:
    """Mark what is shown, level by level, and return how many files and folders are not."""
    level, count = [root], 0
    for _ in range(max_depth):
        level = [child for node in level for child in node.ordered()]
        for node in level[: max_nodes - count]:
            node.is_shown = True
        count = min(max_nodes, count + len(level))
    return _count(root) - count


def _count(node: _Node) -> int:
    """Return how many files and folders are below, each once."""
    found, pending = 0, [node]
    while pending:
        children = pending.pop().children.values()
        found += len(children)
        pending.extend(children)
    return found


def _shown(node: _Node) -> Iterator[_Node]:
    """Yield what is shown below, a folder before what is in it; a file that was asked for itself."""
    if not node.children:
        yield node
    pending = [child for child in reversed(node.ordered()) if child.is_shown]
    while pending:
        child = pending.pop()
        yield child
        pending.extend(inner for inner in reversed(child.ordered()) if inner.is_shown)


def _describe(node: _Node) -> dict[str, Any]:
    if node.is_folder:
        return {"path": node.path, "type": "folder", "files": node.files, "lines": node.lines}
    described = {"path": node.path, "type": "file", "lines": node.lines, "language": node.language}
    return {key: value for key, value in described.items() if value is not None}


def _render(root: _Node, name: str, max_depth: int, left_out: int) -> str:
    title = f"{name}{f' {root.path}' if root.path else ''}"
    parts = [f"{title}: {say_count(root.files, 'file')}, {say_count(root.lines, 'line')}"]
    for node in _shown(root) if root.children else ():
        indent, title = "  " * (node.depth - 1), " ".join(node.path.rpartition("/")[2].splitlines())
        if not node.is_folder:
            parts.append(f"{indent}{title}  {node.lines:,}{f' {node.language}' if node.language else ''}")
            continue
        hidden = sum(not child.is_shown for child in node.children.values())
        closed = f", {say_count(hidden, 'entry', 'entries')} left out" if hidden else ""
        parts.append(f"{indent}{title}/  {say_count(node.files, 'file')}, {say_count(node.lines, 'line')}{closed}")
    if left_out:
        cut = say_count(left_out, "file or folder is", "files and folders are")
        parts.append(
            f"{cut} left out, below {say_count(max_depth, 'level')} or over max_nodes; for those of a folder, ask with "
            "its path, or raise max_depth or max_nodes."
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
