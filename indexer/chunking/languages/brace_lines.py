"""What interface languages of blocks in braces share (protobuf, Thrift, Avro IDL), which are read line by line."""

from __future__ import annotations

from indexer.chunking.languages.line_rules import Head

# What a comment and a string are; nothing in them opens or closes a block.
COMMENT = r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)"
TEXT = r"\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?"
END = r"\}"
# Parameters with further brackets in them, as far as anybody writes them.
PARAMETERS = r"\((?:[^()]|\([^()]{0,1000}\)){0,8000}\)"


def block(kind: str, words: str, *, name: str = r"(?P<name>\w+)", key: str = "{", container: bool = False) -> Head:
    """Make the head of a block that begins with one of these words, has a name and ends with its brace."""
    return Head(kind, rf"(?<![\w.])(?:{words})\s+{name}[^;{{}}()=]{{0,400}}\{{", key, container=container)


def other_block(kind: str) -> Head:
    """Make the head of any other block, which is only kept account of; `kind` is never shown."""
    return Head(kind, r"\{", "{")
