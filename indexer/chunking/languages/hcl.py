"""HCL, the language of Terraform: blocks of the outermost level, under the names that others refer to."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, text_of
from indexer.chunking.languages.surroundings import child_body, no_body

# Of `terraform.tfvars` and its like: shorter values stay together.
_MIN_LINES = 3


def _labels(node: Node) -> list[str]:
    """Return the labels of `resource "aws_s3_bucket" "logs" {`; without any, what kind of block it is."""
    words = [text_of(child).strip('"') for child in node.named_children if child.type in ("identifier", "string_lit")]
    return words[1:] or words


def _name(node: Node) -> str | None:
    labels = _labels(node)
    return labels[-1] if labels else None


def _scope(node: Node) -> str | None:
    return ".".join(_labels(node)[:-1]) or None


def _attribute_kind(node: Node) -> str | None:
    return "variable" if node.end_point[0] - node.start_point[0] + 1 >= _MIN_LINES else None


LANGUAGE = Language(
    name="hcl",
    grammar="hcl",
    extensions=(".tf", ".tfvars", ".hcl", ".nomad", ".tofu"),
    rules={
        "block": Rule(by_child("identifier"), _name, _scope, body=child_body("body"), local=False),
        "attribute": Rule(_attribute_kind, by_child("identifier"), body=no_body, local=False),
    },
    descend=frozenset({"body"}),
    comments=frozenset({"comment"}),
)
