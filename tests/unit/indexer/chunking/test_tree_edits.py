"""What is parsed again after a repair: the tree is the one that a parser finds which reads all of the repaired text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Parser, Tree

from indexer.chunking.grammars import grammar_of
from indexer.chunking.languages.c_repair import repair_c, repair_cpp
from indexer.chunking.tree_edits import edit_tree

DECLARATIONS = (
    "int add(int a, int b)\n{\n\treturn a + b;\n}\n",
    "static LIB_INLINE int get(struct node *node)\n{\n\treturn node->value;\n}\n",
    "LIB_API(int) start(void) LIB_NOTHROW\n\n",
    "EXPORT_SYMBOL(add);\n",
    "#if A\nvoid f(int a) {\n#else\nvoid f(void) {\n#endif\n\treturn;\n}\n",
    "#ifdef B\nint only_with_b;\nMACRO_LINE(x)\nint more(void) { return 1; }\n#endif\n",
    "struct node { int value; LIB_FIELD int other; struct node *next; };\n",
    "int broken(int a { return a; }\n",
    "#define TWICE(x) \\\n\t((x) + \\\n\t (x))\n",
    "namespace sea {\nclass LIB_API Boat {\n public:\n  explicit Boat(int size) LIB_NOEXCEPT : size_(size) {}\n};\n}\n",
    "}\n",
    "LIB_BEGIN_NAMESPACE\nLIB_BEGIN_EXPORT\ntemplate <typename T> class context {\n  int get() { return 1; }\n};\n",
    "/* größe */ int size;\n",
)


def dump(tree: Tree) -> list[tuple[str, int, int, bool]]:
    found, pending = [], [tree.root_node]
    while pending:
        node = pending.pop()
        found.append((node.type, node.start_byte, node.end_byte, node.is_missing))
        pending.extend(node.children)
    return found


@given(st.lists(st.sampled_from(DECLARATIONS), min_size=1, max_size=9), st.sampled_from(["c", "cpp"]))
def test_an_edited_tree_leads_to_the_tree_of_the_whole_text(declarations: list[str], grammar: str) -> None:
    source = "".join(declarations).encode()
    repaired = (repair_c if grammar == "c" else repair_cpp)(source)
    parser = Parser(grammar_of(grammar))
    first = parser.parse(source)
    before = dump(first)
    again = parser.parse(repaired, edit_tree(first, source, repaired))
    assert dump(again) == dump(parser.parse(repaired))
    assert dump(first) == before


def test_what_differs_and_what_has_errors_is_parsed_again() -> None:
    source = (DECLARATIONS[0] * 3 + DECLARATIONS[7] + DECLARATIONS[0]).encode()
    tree = Parser(grammar_of("c")).parse(source)
    edited = edit_tree(tree, source, source.replace(b"+", b"-", 1))
    said = [(child.has_changes, child.has_error) for child in edited.root_node.children]
    assert said == [(True, False), (False, False), (False, False), (True, True), (False, False)]
    assert not any(child.has_changes for child in tree.root_node.children)
