"""What every chunk of every file must hold, and how definitions, containers and gaps become chunks."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.types import MAX_LINE_CHARACTERS, ArtifactKind, Chunk, SourceFile
from indexer.chunking.chunker import Chunker
from indexer.chunking.languages.table import all_languages

_WORD = re.compile(r"\w+|[^\w\s]")


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(_WORD.findall(text)) for text in texts]


def count_words_between_marks(texts: Sequence[str]) -> list[int]:
    """Count like a model that puts a start and an end mark around every text."""
    return [count + 2 for count in count_words(texts)]


def chunk(path: str, text: str, max_tokens: int = 60) -> list[Chunk]:
    chunks = Chunker(count_words, max_tokens).chunk(SourceFile(path, text, "id", None))
    assert_holds(path, text, chunks, max_tokens)
    return chunks


def assert_holds(path: str, text: str, chunks: Sequence[Chunk], max_tokens: int) -> None:
    lines = [line[:MAX_LINE_CHARACTERS] for line in text.split("\n")]
    covered: set[int] = set()
    for found in chunks:
        assert found.path == path
        assert 1 <= found.start_line <= found.end_line <= len(lines)
        assert found.content == "\n".join(lines[found.start_line - 1 : found.end_line])
        assert found.content.strip()
        if found.start_line < found.end_line:
            assert count_words([found.content])[0] <= max_tokens
        assert (found.artifact_kind is ArtifactKind.SYMBOL) == (found.symbol is not None)
        assert "\n" not in (found.signature or "")
        if found.symbol_lines is None:
            assert found.holds_head
        else:
            first, last = found.symbol_lines
            assert found.symbol is not None
            assert 1 <= first <= last <= len(lines)
            assert found.start_line > first or found.end_line < last
        covered.update(range(found.start_line, found.end_line + 1))
    missed = [row for row, line in enumerate(lines, 1) if line.strip() and row not in covered]
    assert not missed
    keys = [(found.start_line, -found.end_line) for found in chunks]
    assert keys == sorted(keys)


def described(chunks: Sequence[Chunk]) -> list[tuple[int, int, str, str | None]]:
    return [(c.start_line, c.end_line, c.symbol_kind or c.artifact_kind.value, c.symbol) for c in chunks]


_FILES = st.sampled_from(
    [f"a/file{language.extensions[0]}" for language in all_languages()]
    + ["x.md", "x.yaml", "x", "x.vue", "x.astro", "x.erb", "x.razor", "x.blade.php", "x.j2", "x.mdx"]
)
_PIECES = st.sampled_from(
    [
        *(
            "def f(x):\n",
            "class A:\n",
            "    pass\n",
            "\n",
            "}\n",
            "{\n",
            "(",
            ")",
            "func f() {\n",
            "#if X\n",
            "#endif\n",
        ),
        *("<script>\n", "</script>", "<% ", " %>", "@code {", "@php\n", "{% macro f() %}", "---\n"),
        *(
            "int f(int a) {\n",
            "struct S {\n",
            "#define X(a) \\\n",
            "/* open",
            "*/",
            '"',
            "'",
            "fn main() {",
            "impl A {\n",
        ),
        *(
            "module M\n",
            "end\n",
            "do\n",
            "<?php\n",
            "namespace N {\n",
            "template <class T>\n",
            "=begin\n",
            "\r\n",
            "\t",
            "é",
        ),
        *(
            "\u2028",
            "\x0c",
            "\x85",
            "\ud800",
            "export const a = () => {\n",
            "interface I {\n",
            "@x\n",
            "// c\n",
            "# c\n",
        ),
    ]
)


@settings(max_examples=120)
@given(_FILES, st.lists(_PIECES | st.text(max_size=12), max_size=60).map("".join), st.integers(1, 80))
def test_any_text_is_covered_within_bounds(path: str, text: str, max_tokens: int) -> None:
    chunk(path, text, max_tokens)


@settings(max_examples=60)
@given(st.lists(_PIECES, max_size=40).map("".join), st.integers(3, 40))
def test_marks_around_every_text_count_once(text: str, max_tokens: int) -> None:
    chunks = Chunker(count_words_between_marks, max_tokens).chunk(SourceFile("a.py", text, "id", None))
    for found in chunks:
        if found.start_line < found.end_line:
            assert count_words_between_marks([found.content])[0] <= max_tokens


def test_small_definitions_and_gaps() -> None:
    text = (
        '"""Doc."""\n\nimport os\n\nLIMIT = 3\n\n\n# Says hello.\n@cached\ndef hello(name: str) -> str:\n'
        '    """Greet."""\n    return name\n\n\nprint(hello("x"))\n'
    )
    chunks = chunk("m.py", text)
    assert described(chunks) == [
        (1, 3, "chunk", None),
        (5, 5, "constant", "LIMIT"),
        (8, 12, "function", "hello"),
        (15, 15, "chunk", None),
    ]
    assert chunks[2].signature == "def hello(name: str) -> str:"
    assert all(found.language == "python" for found in chunks)


def test_class_that_fits_is_one_chunk_beside_its_methods() -> None:
    text = (
        "class Client:\n    retries = 3\n\n    def retry(self):\n        pass\n\n    def close(self):\n        pass\n"
    )
    assert described(chunk("m.py", text)) == [
        (1, 8, "class", "Client"),
        (4, 5, "method", "Client.retry"),
        (7, 8, "method", "Client.close"),
    ]


def test_long_class_keeps_head_fields_and_member_signatures() -> None:
    body = "".join(f"        x{index} = compute({index})\n" for index in range(8))
    text = (
        f'class Client:\n    """Talks."""\n\n    retries = 3\n\n    def retry(self):\n{body}\n    timeout = 5\n\n'
        f"    def close(self):\n{body}"
    )
    chunks = chunk("m.py", text)
    assert described(chunks) == [
        (1, 4, "class", "Client"),
        (6, 14, "method", "Client.retry"),
        (16, 16, "class", "Client"),
        (18, 26, "method", "Client.close"),
    ]
    assert chunks[0].outline == "def retry(self):\ndef close(self):"
    assert chunks[1].outline is None


def test_long_function_splits_at_statements_and_keeps_its_symbol() -> None:
    statements = "".join(f"    if a{i}:\n        b{i} = c(d{i})\n        e{i} = f(g{i})\n" for i in range(12))
    chunks = chunk("m.py", f"def work(a):\n{statements}")
    assert len(chunks) > 2
    assert {(c.symbol, c.symbol_kind, c.signature) for c in chunks} == {("work", "function", "def work(a):")}
    assert all(c.content.lstrip().startswith(("if ", "def ")) for c in chunks)
    assert [c.start_line for c in chunks[1:]] == [c.end_line + 1 for c in chunks[:-1]]


def test_closing_lines_join_what_they_close() -> None:
    body = "".join(f"    int x{i} = f({i});\n" for i in range(9))
    text = f"namespace a {{\nvoid one() {{\n{body}}}\n\nvoid two() {{\n{body}}}\n\n}}  // namespace a\n"
    chunks = chunk("m.cpp", text, 90)
    assert described(chunks) == [
        (1, 1, "namespace", "a"),
        (2, 12, "function", "a.one"),
        (14, 26, "function", "a.two"),
    ]


def test_small_file_without_definitions_is_one_file_chunk() -> None:
    assert described(chunk("m.py", "\nimport os\nos.exit()\n\n")) == [(2, 3, "file", None)]
    assert described(chunk("README.md", "# Title\n\ntext\n")) == [(1, 3, "file", None)]
    assert described(chunk("unknown.xyz", "some words\n")) == [(1, 1, "file", None)]


def test_documents_are_cut_by_heading() -> None:
    words = "\n".join("some words that fill the line" for _ in range(6))
    chunks = chunk("guide.md", f"# Start\n\n{words}\n\n# Configure\n\n{words}\n", 45)
    assert {c.artifact_kind for c in chunks} == {ArtifactKind.CHUNK}
    assert [c.signature for c in chunks] == ["Start", "Configure"]
    assert {c.language for c in chunks} == {"markdown"}


def test_unknown_text_breaks_at_paragraphs() -> None:
    paragraph = "\n".join("one two three four five" for _ in range(4))
    chunks = chunk("notes.xyz", "\n\n".join([paragraph] * 5), 45)
    assert [(c.start_line, c.end_line) for c in chunks] == [(1, 9), (11, 19), (21, 24)]


@pytest.mark.parametrize("text", ["", "\n\n", "  \n\t\r\n", "\ufeff\n"])
def test_blank_files_have_no_chunks_or_one_line(text: str) -> None:
    chunks = chunk("m.py", text)
    assert len(chunks) == (1 if text.strip() else 0)


def test_line_ends_stay_inside_the_content() -> None:
    chunks = chunk("m.py", "def a():\r\n    return 1\r\n\r\n\r\ndef b():\r\n    return 2\r\n")
    assert chunks[0].content == "def a():\r\n    return 1\r"
    assert described(chunks) == [(1, 2, "function", "a"), (5, 6, "function", "b")]


def test_definitions_around_an_error_are_kept() -> None:
    text = "def a():\n    return 1\n\n\ndef broken(:\n    x = = 2\n\n\ndef b():\n    return 2\n"
    assert {"a", "b"} <= {c.symbol for c in chunk("m.py", text)}


def test_methods_that_an_open_parenthesis_swallowed_are_kept() -> None:
    text = (
        "class A:\n    def one(self):\n        return (1\n\n    def two(self):\n        return 2\n\n"
        "    def three(self):\n        return 3\n\n\ndef four():\n    return 4\n"
    )
    found = {(c.symbol_kind, c.symbol, c.start_line) for c in chunk("m.py", text)}
    assert {("method", "A.two", 5), ("method", "A.three", 8), ("function", "four", 12)} <= found


def test_deep_nesting_and_long_lines_are_survived() -> None:
    chunk("m.py", "(" * 5000)
    chunk("m.js", "function f(){" * 2000 + "}" * 2000)
    chunk("m.c", "".join(f"{' ' * 0}if (a) {{\n" for _ in range(3000)))
    chunk("m.json", "[" * 20000 + "]" * 20000)
    line = "".join(f"function f{i}(){{return {i}}}" for i in range(400))
    assert len(chunk("m.js", line)) < 20


def test_one_line_longer_than_the_bound_stays_whole() -> None:
    text = "x = [" + ", ".join(str(i) for i in range(200)) + "]\n"
    chunks = chunk("m.py", text)
    assert [(c.start_line, c.end_line) for c in chunks] == [(1, 1)]


def around(path: str, before: str, row: str, after: str) -> list[Chunk]:
    """Chunk a file with one row blown up to hundreds of kilobytes on its line."""
    return chunk(path, f"{before}{row * (300_000 // len(row))}{after}")


@pytest.mark.parametrize(
    ("path", "before", "row", "after", "symbol"),
    [
        ("m.py", "WORDS = [", "'kettle', ", "]\n\n\ndef find(word):\n    return word in WORDS\n", "find"),
        (
            "m.go",
            'package m\n\nconst text = "',
            "over and over ",
            '"\n\nfunc Size() int {\n\treturn len(text)\n}\n',
            "Size",
        ),
        ("m.ts", "const rows = [", "{a:1,b:2},", "]\n\nexport function at(i: number) {\n  return rows[i]\n}\n", "at"),
        ("m.js", "const rows = [", "{a:1,b:2},", "]\n\nfunction at(i) {\n  return rows[i]\n}\n", "at"),
        ("m.c", "const int rows[] = {", "1, 2, ", "};\n\nint at(int i) {\n  return rows[i];\n}\n", "at"),
        ("m.rb", "ROWS = %w[", "kettle ", "]\n\ndef at(i)\n  ROWS[i]\nend\n", "at"),
        (
            "m.java",
            'class M {\n  String t = "',
            "kettle ",
            '";\n\n  int size() {\n    return t.length();\n  }\n}\n',
            "M.size",
        ),
    ],
)
def test_a_giant_line_is_cut_and_what_is_around_it_found(
    path: str, before: str, row: str, after: str, symbol: str
) -> None:
    chunks = around(path, before, row, after)
    assert max(len(found.content) for found in chunks) <= MAX_LINE_CHARACTERS + 200
    assert max(len(found.signature or "") + len(found.outline or "") for found in chunks) < 4000
    assert symbol in {found.symbol for found in chunks}


@pytest.mark.parametrize("path", ["m.md", "m.txt", "m.sql", "m.json", "m.xml", "m.yaml", "m.csv", "m.html", "m.tf"])
def test_a_giant_line_of_a_document_is_cut(path: str) -> None:
    chunks = around(path, "# Notes\n\nFirst.\n\n", '("kettle", 1), ', "\n\nLast line.\n")
    assert max(len(found.content) for found in chunks) <= MAX_LINE_CHARACTERS + 200
    assert max(len(found.signature or "") for found in chunks) < 4000
    assert any("Last line." in found.content for found in chunks)


def test_lines_of_few_but_giant_words_do_not_pile_up() -> None:
    chunks = chunk("m.txt", ("x" * 3000 + "\n") * 40, max_tokens=400)
    assert max(len(found.content) for found in chunks) <= 8000


def test_max_tokens_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Chunker(count_words, 0)


@pytest.mark.parametrize("max_tokens", range(4, 60, 3))
@pytest.mark.parametrize("path", ["m.cpp", "m.cs", "m.rb", "m.scala"])
def test_runs_of_dividers_and_closers_lose_no_line(path: str, max_tokens: int) -> None:
    text = (
        "class A {\n public:\n#if X\n  void a() { f(); }\n#endif\n\n#if Y\n private:\n  void b() { g(1, 2, 3); }\n"
        "#else\n}\n#endif\n\n  end\n)\n\nprivate\n  def c() { h(); }\n}\n\n)\n#if Z\n\n}\n  void d() { }\n#endif\n}\n"
    )
    chunk(path, text, max_tokens)


@pytest.mark.parametrize(("inner_lines", "is_container"), [(49, False), (50, True)])
def test_a_function_of_a_hundred_lines_is_a_container_when_half_of_them_are_nested(
    inner_lines: int, is_container: bool
) -> None:
    """Then the nested lines are chunks of the nested function alone, else of both."""
    lines = ["def outer(value):", "    def inner(value):"]
    lines += [f"        value = value + {number}" for number in range(inner_lines - 1)]
    lines += [f"    value = value * {number}" for number in range(100 - len(lines))]
    chunks = chunk("a.py", "\n".join(lines))
    nested = {line for found in chunks if found.symbol == "outer.inner" for line in line_range(found)}
    of_outer = {line for found in chunks if found.symbol == "outer" for line in line_range(found)}
    assert nested == set(range(2, 2 + inner_lines))
    assert (nested & of_outer == set()) is is_container


def line_range(found: Chunk) -> range:
    return range(found.start_line, found.end_line + 1)


@pytest.mark.parametrize(
    ("path", "text", "symbols"),
    [
        ("a.graphql", "type Lamp {\n  id: ID!\n}\n\nenum Mood {\n  ON\n}\n", {"Lamp": (1, 3), "Mood": (5, 7)}),
        (
            "a.proto",
            'syntax = "proto3";\n\n// A lamp.\nmessage Lamp {\n  string id = 1;\n}\nservice Shop {\n}\n',
            {"Lamp": (3, 6), "Shop": (7, 8)},
        ),
        (
            "a.thrift",
            "namespace py shop\nconst i32 MOST = 3\n\nstruct Lamp {\n  1: string id // {\n}\n\nservice Shop {\n}\n",
            {"Lamp": (4, 6), "Shop": (8, 9)},
        ),
        ("a.prisma", "model Lamp {\n  id Int @id\n}\n\nenum Mood {\n  ON\n}\n", {"Lamp": (1, 3), "Mood": (5, 7)}),
    ],
)
def test_small_schemas_have_their_definitions(path: str, text: str, symbols: dict[str, tuple[int, int]]) -> None:
    found = {one.symbol: (one.start_line, one.end_line) for one in chunk(path, text) if one.symbol is not None}
    assert found == symbols
