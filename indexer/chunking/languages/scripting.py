"""Python, Ruby and PHP: what defines a symbol in their grammars."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, child_text, text_of


def _assigned_name(node: Node) -> str | None:
    """Name of `NAME = value` and `name: type = value`; targets that are no plain name define nothing."""
    left = node.child_by_field_name("left")
    return text_of(left) if left is not None and left.type == "identifier" else None


def _assigned_kind(node: Node) -> str | None:
    name = _assigned_name(node)
    if name is None:
        return None
    right = node.child_by_field_name("right")
    if right is not None and right.type == "lambda":
        return "function"
    return "constant" if name.upper() == name and name.strip("_") else "variable"


PYTHON = Language(
    name="python",
    grammar="python",
    extensions=(".py", ".pyi", ".pyw", ".bzl", ".star"),
    filenames=("sconstruct", "sconscript", "wscript", "build.bazel", "tiltfile"),
    interpreters=("python", "pypy"),
    rules={
        "function_definition": Rule("function"),
        "class_definition": Rule("class", container=True),
        "assignment": Rule(_assigned_kind, _assigned_name, body=None, local=False, minor=True),
        "type_alias_statement": Rule("type", by_field("left"), body="right"),
    },
    descend=frozenset(
        {
            "expression_statement",
            "if_statement",
            "elif_clause",
            "else_clause",
            "try_statement",
            "except_clause",
            "finally_clause",
            "with_statement",
            "block",
        }
    ),
    wrappers=frozenset({"decorated_definition"}),
    comments=frozenset({"comment"}),
)


def _ruby_constant(node: Node) -> str | None:
    left = node.child_by_field_name("left")
    return text_of(left) if left is not None and left.type in ("constant", "scope_resolution") else None


def _ruby_constant_kind(node: Node) -> str | None:
    """`Point = Struct.new(:x) do ... end` and `Class.new`, `Module.new`, `Data.define` make classes."""
    if _ruby_constant(node) is None:
        return None
    right = node.child_by_field_name("right")
    if right is not None and right.type == "call":
        made_by = (child_text(right, "receiver"), child_text(right, "method"))
        if made_by in (("Struct", "new"), ("Class", "new"), ("Data", "define")):
            return "class"
        if made_by == ("Module", "new"):
            return "module"
    return "constant"


def _ruby_receiver(node: Node) -> str | None:
    """`def self.open` belongs to the class around it, `def Client.open` names its owner."""
    receiver = child_text(node, "object")
    return None if receiver in (None, "self") else receiver


_RUBY_ACCESSORS = frozenset({"attr_accessor", "attr_reader", "attr_writer"})
_RUBY_TESTS = frozenset({"test", "it", "describe", "context", "specify", "feature", "scenario", "should"})


def _ruby_call_kind(node: Node) -> str | None:
    method = child_text(node, "method")
    if method in _RUBY_ACCESSORS:
        return "property"
    is_test = method in _RUBY_TESTS and node.child_by_field_name("block") is not None
    return "test" if is_test and node.child_by_field_name("receiver") is None else None


def _ruby_arguments(node: Node) -> list[str]:
    arguments = node.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [text_of(child).strip(":'\"") for child in arguments.named_children]


def _ruby_call_name(node: Node) -> str | None:
    names = _ruby_arguments(node)
    return names[0] if names else None


RUBY = Language(
    name="ruby",
    grammar="ruby",
    extensions=(".rb", ".rake", ".gemspec", ".ru", ".podspec", ".thor", ".jbuilder", ".rbi"),
    filenames=("rakefile", "gemfile", "guardfile", "vagrantfile", "capfile", "podfile", "brewfile", "fastfile"),
    interpreters=("ruby", "jruby"),
    rules={
        "class": Rule("class", container=True),
        "module": Rule("module", container=True),
        "method": Rule("method"),
        "singleton_method": Rule("method", scope=_ruby_receiver),
        "alias": Rule("method", by_field("name"), local=False, minor=True),
        "assignment": Rule(_ruby_constant_kind, _ruby_constant, body="right.block", local=False, minor=True),
        "call": Rule(
            _ruby_call_kind,
            _ruby_call_name,
            body="block",
            minor=True,
            also=lambda node: _ruby_arguments(node) if _ruby_call_kind(node) == "property" else (),
        ),
    },
    descend=frozenset({"body_statement", "singleton_class", "if", "unless", "else", "then", "begin", "begin_block"}),
    comments=frozenset({"comment"}),
)


PHP = Language(
    name="php",
    grammar="php",
    extensions=(".php", ".phtml", ".php3", ".php4", ".php5", ".phps", ".inc"),
    interpreters=("php",),
    rules={
        "function_definition": Rule("function"),
        "class_declaration": Rule("class", container=True),
        "interface_declaration": Rule("interface", container=True),
        "trait_declaration": Rule("trait", container=True),
        "enum_declaration": Rule("enum", container=True),
        "method_declaration": Rule("method"),
        "const_element": Rule("constant", by_child("name"), body=None, minor=True),
        "property_element": Rule("field", by_field("name"), body=None, minor=True),
        "property_promotion_parameter": Rule("field", by_field("name"), body=None, minor=True),
        "namespace_definition": Rule(
            lambda node: "namespace" if node.child_by_field_name("body") is not None else None,
            lambda node: (child_text(node, "name") or "").replace("\\", ".") or None,
            container=True,
            transparent=True,
        ),
    },
    descend=frozenset({"if_statement", "compound_statement", "else_clause", "colon_block", "declaration_list"}),
    wrappers=frozenset({"const_declaration", "property_declaration"}),
    comments=frozenset({"comment"}),
)

LANGUAGES: tuple[Language, ...] = (PYTHON, RUBY, PHP)
