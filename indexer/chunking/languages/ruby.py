"""Ruby: modules, classes and methods; accessors, tests and `Struct.new` are calls."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_field, child_text, text_of


def _constant(node: Node) -> str | None:
    left = node.child_by_field_name("left")
    return text_of(left) if left is not None and left.type in ("constant", "scope_resolution") else None


def _constant_kind(node: Node) -> str | None:
    """`Point = Struct.new(:x) do ... end` and `Class.new`, `Module.new`, `Data.define` make classes."""
    if _constant(node) is None:
        return None
    right = node.child_by_field_name("right")
    if right is not None and right.type == "call":
        made_by = (child_text(right, "receiver"), child_text(right, "method"))
        if made_by in (("Struct", "new"), ("Class", "new"), ("Data", "define")):
            return "class"
        if made_by == ("Module", "new"):
            return "module"
    return "constant"


def _receiver(node: Node) -> str | None:
    """`def self.open` belongs to the class around it, `def Client.open` names its owner."""
    receiver = child_text(node, "object")
    return None if receiver in (None, "self") else receiver


_ACCESSORS = frozenset({"attr_accessor", "attr_reader", "attr_writer"})
_TESTS = frozenset({"test", "it", "describe", "context", "specify", "feature", "scenario", "should"})


def _call_kind(node: Node) -> str | None:
    method = child_text(node, "method")
    if method in _ACCESSORS:
        return "property"
    is_test = method in _TESTS and node.child_by_field_name("block") is not None
    return "test" if is_test and node.child_by_field_name("receiver") is None else None


def _arguments(node: Node) -> list[str]:
    arguments = node.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [text_of(child).strip(":'\"") for child in arguments.named_children]


def _call_name(node: Node) -> str | None:
    names = _arguments(node)
    return names[0] if names else None


LANGUAGE = Language(
    name="ruby",
    grammar="ruby",
    extensions=(".rb", ".rake", ".gemspec", ".ru", ".podspec", ".thor", ".jbuilder", ".rbi"),
    filenames=("rakefile", "gemfile", "guardfile", "vagrantfile", "capfile", "podfile", "brewfile", "fastfile"),
    interpreters=("ruby", "jruby", "rake", "truffleruby", "mruby"),
    rules={
        "class": Rule("class", container=True),
        "module": Rule("module", container=True),
        "method": Rule("method"),
        "singleton_method": Rule("method", scope=_receiver),
        "alias": Rule("method", by_field("name"), local=False, minor=True),
        "assignment": Rule(_constant_kind, _constant, body="right.block", local=False, minor=True),
        "call": Rule(
            _call_kind,
            _call_name,
            body="block",
            minor=True,
            also=lambda node: _arguments(node) if _call_kind(node) == "property" else (),
        ),
    },
    descend=frozenset({"body_statement", "singleton_class", "if", "unless", "else", "then", "begin", "begin_block"}),
    comments=frozenset({"comment"}),
)
