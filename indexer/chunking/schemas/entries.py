"""One view of the trees of YAML and JSON: mappings with named entries and the rows that each of them takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from indexer.chunking.languages.rules import text_of

_MAPPINGS = frozenset({"object", "block_mapping", "flow_mapping"})
_SEQUENCES = frozenset({"array", "block_sequence", "flow_sequence"})
_PAIRS = frozenset({"pair", "block_mapping_pair", "flow_pair"})
# What only stands around a value of YAML.
_AROUND = frozenset({"document", "block_node", "flow_node", "block_sequence_item"})
_BESIDE = frozenset({"comment", "anchor", "tag", "yaml_directive", "tag_directive", "reserved_directive"})
_MAX_NAME_LENGTH = 200
_MAX_TEXT_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """A value with the key that it stands under, `name` empty for one without.

    `node` is the pair, or the value where there is no key; `previous` is the node before it, and the row `above` that
    of the key that all of them stand under. Rows are 0-based.
    """

    name: str
    node: Node
    value: Node | None
    previous: Node | None
    above: int

    @property
    def row(self) -> int:
        """The row on which the entry begins."""
        return self.node.start_point[0]

    @property
    def floor(self) -> int:
        """The row below which comments may belong to the entry."""
        return _last_row(self.previous) if self.previous is not None else self.above

    @property
    def last_row(self) -> int:
        """The last row of the entry, without the comments below it that the grammar of YAML counts in."""
        return _last_row(self.node)

    @property
    def is_mapping(self) -> bool:
        """Whether the value has named entries."""
        return self.value is not None and self.value.type in _MAPPINGS

    @property
    def text(self) -> str:
        """The value where it is a scalar, with white space squeezed; else empty."""
        return _scalar(self.value) if self.value is not None else ""

    def entries(self) -> Iterator[Entry]:
        """Yield the named entries of a mapping in order; none of anything else."""
        if self.value is None or self.value.type not in _MAPPINGS:
            return
        previous: Node | None = None
        for child in self.value.named_children:
            if child.type not in _PAIRS:
                continue
            name = _scalar(_unwrap(child.child_by_field_name("key")))[:_MAX_NAME_LENGTH]
            if name:
                yield Entry(name, child, _unwrap(child.child_by_field_name("value")), previous, self.row)
            previous = child

    def items(self) -> Iterator[Entry]:
        """Yield the items of a sequence in order; none of anything else."""
        if self.value is None or self.value.type not in _SEQUENCES:
            return
        previous: Node | None = None
        for child in self.value.named_children:
            if child.type not in _BESIDE:
                yield Entry("", child, _unwrap(child), previous, self.row)
                previous = child

    def get(self, name: str) -> Entry | None:
        """Return the entry of this name, None without one."""
        return next((entry for entry in self.entries() if entry.name == name), None)

    def text_at(self, name: str) -> str:
        """Return the scalar under a name, empty without one."""
        entry = self.get(name)
        return entry.text if entry is not None else ""


def documents_of(root: Node) -> Iterator[Entry]:
    """Yield the documents of a file in order: several of YAML, one of JSON."""
    previous: Node | None = None
    for child in root.named_children if root.type == "stream" else [root]:
        if child.type not in _BESIDE:
            yield Entry("", child, _unwrap(child), previous, -1)
            previous = child


def _unwrap(node: Node | None) -> Node | None:
    """Return the value itself; None where there is none, or several side by side."""
    while node is not None and node.type in _AROUND:
        inside = [child for child in node.named_children if child.type not in _BESIDE]
        node = inside[0] if len(inside) == 1 else None
    return node


def _last_row(node: Node) -> int:
    current = node
    while current.child_count and not current.type.endswith(("scalar", "string")):
        inner = next((child for child in reversed(current.children) if child.type != "comment"), None)
        if inner is None:
            break
        current = inner
    row, column = current.end_point
    return row - 1 if column == 0 and row > current.start_point[0] else row


def _scalar(node: Node | None) -> str:
    if node is None or node.type in _MAPPINGS or node.type in _SEQUENCES or node.type == "alias":
        return ""
    text = text_of(node)
    if node.type in ("string", "double_quote_scalar"):
        text = _without_escapes(text) if "\\" in text else text[1:-1]
    elif node.type == "single_quote_scalar":
        text = text[1:-1].replace("''", "'")
    elif node.type == "block_scalar":
        text = text[:_MAX_TEXT_LENGTH].partition("\n")[2]
    return " ".join(text.split())


def _without_escapes(quoted: str) -> str:
    try:
        return str(json.loads(quoted, strict=False))
    except ValueError:
        return quoted[1:-1]
