"""GraphQL: types, inputs, enums and their like, operations and fragments, and the fields that clients call."""

from __future__ import annotations

from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.rules import Language

_START = r"^[ \t]*(?:extend[ \t]+)?"
_NAME = r"(?P<name>[A-Za-z_]\w*)"
_TEXT = r"\"(?!\"\")(?:[^\"\\\n]|\\.)*\""
_BLOCK_CHARACTER = r"(?:[^\"\\]|\\[\s\S]|\"(?!\"\"))"
_BLOCK_TEXT = rf"\"\"\"{_BLOCK_CHARACTER}*(?:\"\"\"|\Z)"
# What parameters and arguments hold: texts, comments, and anything else but a bracket of their own kind. Each can be
# read in one way alone and has a bound, so that one without an end costs little.
_ARGUMENTS = rf"\((?:[^()\"#]|\"\"\"{_BLOCK_CHARACTER}{{0,1000}}\"\"\"|{_TEXT}|#[^\n]*\n){{0,4000}}\)"
_DIRECTIVES = rf"(?:\s*@\w+(?:\s*{_ARGUMENTS})?){{0,50}}"
_INTERFACES = r"(?:\s+implements[\s&]+\w+(?:\s*&\s*\w+|[ \t]+\w+){0,100})?"
_REST = rf"{_INTERFACES}{_DIRECTIVES}"
# Those that clients call, by the names that nearly everybody gives them.
_ROOTS = "Query|Mutation|Subscription"


def _type(kind: str) -> tuple[Head, Head]:
    """Make the heads of a kind with a block, and of one without."""
    head = rf"{_START}{kind}[ \t]+{_NAME}{_REST}"
    return Head(kind, rf"{head}\s*\{{", "{"), Head(kind, head)


def _operation(kind: str) -> tuple[Head, Head]:
    """Make the heads of an operation with a name, and of one without, which is named by its kind."""
    rest = rf"[ \t]*(?:{_ARGUMENTS})?{_DIRECTIVES}\s*\{{"
    return Head(kind, rf"^[ \t]*{kind}[ \t]+{_NAME}{rest}", "{"), Head(kind, rf"^[ \t]*(?P<name>{kind}){rest}", "{")


LANGUAGE = Language(
    name="graphql",
    grammar="",
    extensions=(".graphql", ".gql", ".graphqls"),
    rules={},
    lines=LineRules(
        heads=(
            Head("type", rf"{_START}type[ \t]+(?P<name>{_ROOTS})\b{_REST}\s*\{{", "root", container=True),
            *_type("type"),
            *_type("interface"),
            *_type("input"),
            *_type("enum"),
            Head("union", rf"{_START}union[ \t]+{_NAME}{_DIRECTIVES}(?:\s*=\s*\|?\s*\w+(?:\s*\|\s*\w+){{0,1000}})?"),
            Head("scalar", rf"{_START}scalar[ \t]+{_NAME}{_DIRECTIVES}"),
            Head(
                "directive",
                rf"^[ \t]*directive[ \t]+(?P<name>@\w+)(?:\s*{_ARGUMENTS})?(?:\s*repeatable\b)?"
                r"(?:\s*on\b\s*\|?\s*\w+(?:\s*\|\s*\w+){0,100})?",
            ),
            Head("schema", rf"{_START}(?P<name>schema)\b{_DIRECTIVES}\s*\{{", "{"),
            Head("schema", rf"^[ \t]*extend[ \t]+(?P<name>schema)\b{_DIRECTIVES}"),
            *_operation("query"),
            *_operation("mutation"),
            *_operation("subscription"),
            Head("fragment", rf"^[ \t]*fragment[ \t]+{_NAME}\s+on\s+\w+{_DIRECTIVES}\s*\{{", "{"),
            Head(
                "field",
                rf"^[ \t]*{_NAME}[ \t]*(?:{_ARGUMENTS}\s*)?:[ \t]*[\[\]!\w \t]*{_DIRECTIVES}",
                within="root",
            ),
            Head("type", r"\{", "{"),
        ),
        comment=rf"#[^\n]*|{_BLOCK_TEXT}|^[ \t]*{_TEXT}[ \t]*(?=\r?$)",
        text=_TEXT,
        end=r"\}",
    ),
)
