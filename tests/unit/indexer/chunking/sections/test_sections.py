"""Sections of documents and configuration: titles and boundaries per language, and what holds for any text."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.chunking.sections.finding import SECTION_LANGUAGES, Section, find_sections, section_language_of

LANGUAGES = sorted(SECTION_LANGUAGES)

MARKDOWN = """\
---
title: ignored
# not: a heading
---
# Orders
Intro.

## Retry `policy`
Waits longer each time.

```sh
# not a heading
```

Under
-----
Text.
"""
YAML = """\
# Two objects.
apiVersion: v1
kind: Service
metadata:
  name: web
---
kind: ConfigMap
metadata:
  name: settings
data:
  app.ini: |
    key: value
  other: 1
"""
DOCKERFILE = """\
ARG VERSION=3.12
FROM python:${VERSION} AS build
RUN pip install \\
    FROM somewhere
FROM gcr.io/distroless/python3
COPY --from=build /app /app
"""
CSS = """\
@charset "utf-8";
/* Buttons { */
.button, .button:hover { color: red; background: url(a;b.png) }
@media (max-width: 600px) {
  .button { color: blue }
}
"""
MAKEFILE = """\
CC ?= gcc
.PHONY: all
# Builds everything.
all: main.o
\t$(CC) -o main
clean::
\trm -f main
define helper
not: a target
endef
"""
TOML = '''\
name = "x"
text = """
[not.a.table]
"""
[tool.ruff]
line-length = 120
[[bin]]
path = "a"
'''
RST = """\
======
Manual
======

Setup
=====
Text.

Retry
-----
More text.
"""
HTML = """\
<!doctype html>
<body>
<h1>Shop &amp; <em>more</em></h1>
<p>Text</p>
<h2 class="x">Cart</h2>
<p>Text</p>
<script>
const heading = 1;
</script>
"""


def titles(language: str, text: str, target_chars: int = 1) -> list[str | None]:
    """Return the titles of the sections, by default with nothing merged."""
    return [section.title for section in find_sections(language, text, target_chars)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("markdown", MARKDOWN, [None, "Orders", "Orders > Retry policy", "Orders > Under"]),
        ("rst", RST, ["Manual", "Manual > Setup", "Manual > Setup > Retry"]),
        ("asciidoc", "= Guide\n\n----\n= code\n----\n== Install\nx\n", ["Guide", "Guide > Install"]),
        ("org", "* One\ntext\n** Two\n", ["One", "One > Two"]),
        ("html", HTML, [None, "body", "Shop &amp; more", "Shop &amp; more > Cart", "script"]),
        (
            "dockerfile",
            DOCKERFILE,
            ["ARG", "build", "build > RUN", "gcr.io/distroless/python3", "gcr.io/distroless/python3 > COPY"],
        ),
        ("make", MAKEFILE, ["CC", ".PHONY", "all", "clean", "helper"]),
        ("css", CSS, ['@charset "utf-8"', ".button, .button:hover", "@media (max-width: 600px)"]),
        ("toml", TOML, ["name", "text", "tool.ruff", "tool.ruff.line-length", "bin", "bin.path"]),
        (
            "json",
            '{\n  "a": {\n    "b": 1\n  },\n  "c": [\n    {\n      "d": 1\n    }\n  ]\n}\n',
            [None, "a", "a.b", "c", "c", "c.d"],
        ),
        ("ini", "; top\nx = 1\n[server]\nport = 1\n", [None, "server"]),
        ("properties", "# c\na.b=1\\\n c=2\nd: 3\n", ["a.b", "d"]),
        (
            "xml",
            '<?xml version="1.0"?>\n<project>\n<target name="jar">\n<x/>\n</target>\n</project>',
            [None, "project", "project > target jar", "project > target jar > x"],
        ),
        ("yaml", "a:\n- name: x\n  b: 1\n- c\nd: |\n  e: 1\n", ["a", "a.x", "a.x.b", "a", "d"]),
    ],
)
def test_titles_are_paths_when_nothing_is_merged(language: str, text: str, expected: list[str | None]) -> None:
    assert titles(language, text) == expected


def test_kubernetes_objects_are_named_by_kind_and_name() -> None:
    assert titles("yaml", YAML, 110) == ["Service web", "ConfigMap settings"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("scss", "$a: 1;\n// Rounds.\n@mixin round($r) {\n  x: $r;\n}\n", [(1, 1, None), (2, 5, "mixin round")]),
    ],
)
def test_definitions_carry_their_kind_and_comments_and_stay_alone(
    language: str, text: str, expected: list[tuple[int, int, str | None]]
) -> None:
    found = [
        (section.start_line, section.end_line, f"{section.kind} {section.title}" if section.kind else None)
        for section in find_sections(language, text)
    ]
    assert found == expected


def test_small_neighbours_are_merged_and_named_by_the_first_few() -> None:
    text = "".join(f"key{number}: value\n" for number in range(20))
    assert titles("yaml", text, 100) == [
        "key0, key1, key2, ...",
        "key8, key9, key10, ...",
        "key15, key16, key17, ...",
    ]


def test_siblings_below_a_head_keep_its_path() -> None:
    text = "services:\n" + "".join(f"  web{number}:\n    image: {'x' * 40}\n" for number in range(4))
    assert titles("yaml", text, 140) == ["services", "services.web2, web3"]


def test_documents_are_cut_at_each_heading_that_has_something_to_say() -> None:
    body = "A sentence that says something about the matter at hand, twice. " * 5
    text = f"# Guide\n\n## Install\n\n{body}\n\n## Use\n\n{body}\n\n## One\n\nx\n\n## Two\n\ny\n"
    assert titles("markdown", text, 1200) == ["Guide > Install", "Guide > Use", "Guide > One, Two"]


def test_a_comment_goes_with_the_key_that_follows() -> None:
    sections = find_sections("toml", "[a]\nx = 1\n\n# About b.\n[b]\ny = 1\n", 8)
    assert Section(4, 5, "b", None) in sections or Section(4, 6, "b", None) in sections


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("deploy/Dockerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("api.Dockerfile", "dockerfile"),
        ("GNUmakefile", "make"),
        ("rules/common.mk", "make"),
        ("main.tf", None),
        ("README", "text"),
        ("readme.py", None),
        ("README.MD", "markdown"),
        (".env.example", "properties"),
        ("schema.prisma", "prisma"),
        ("theme.less", "less"),
        ("main.py", None),
        ("bin/tool", None),
    ],
)
def test_language_follows_the_name(path: str, language: str | None) -> None:
    assert section_language_of(path) == language


FRAGMENTS = (
    *[
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        '"""',
        "/*",
        "*/",
        "//",
        "#",
        "<!--",
        "-->",
        "</a>",
        "<h1>",
        "```",
        ";",
        "é",
        "\\",
        "=",
        "*",
    ],
    *("\n", "\n\n", "\r\n", "  ", "\t", "\x00", "\x1c", "- ", "---\n", "===\n", "# x", "<a b='", "key: ", "key: |\n"),
    *("name = 1", "message A ", "type B ", "FROM a AS b\n", "RUN \\\n", "all: x\n", "define y\n", "function(z)\n"),
    *("<<EOF\n", "EOF\n"),
)
fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join)


@pytest.mark.parametrize("language", [*LANGUAGES, "unknown"])
@settings(max_examples=60)
@given(text=fragments | st.text(), target_chars=st.integers(1, 2000))
@example(text="", target_chars=1200)
@example(text="\n \n", target_chars=1200)
@example(text="\ufeff{", target_chars=1)
def test_any_text_is_covered_by_disjoint_ordered_sections(language: str, text: str, target_chars: int) -> None:
    lines = text.split("\n")
    covered: set[int] = set()
    last = 0
    for section in find_sections(language, text, target_chars):
        assert last < section.start_line <= section.end_line <= len(lines)
        assert section.title is None or section.title.strip()
        last = section.end_line
        covered.update(range(section.start_line, section.end_line + 1))
    assert {number for number, line in enumerate(lines, 1) if line.strip()} <= covered


def test_a_large_json_file_is_cut_without_walking_its_depths_slowly() -> None:
    text = json.dumps([{"id": number, "tags": ["a", {"b": number}]} for number in range(4000)], indent=2)
    started = time.perf_counter()
    sections = find_sections("json", text)
    # A tenth of the expected rate: a machine under load must not fail this, a quadratic rule must.
    assert time.perf_counter() - started < 3
    assert len(sections) > 200


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "piece",
    [
        "{",
        "[",
        '"',
        "'",
        "<",
        "<a '",
        "/*",
        "#",
        "# [",
        "- ",
        " ",
        "a",
        "\\",
        "=",
        "<<A\n",
        "- a:\n",
        "{\n",
        '"""\n',
        "x:\\\n",
    ],
)
def test_hostile_repetition_stays_linear(language: str, piece: str) -> None:
    text = piece * (60_000 // len(piece))
    started = time.perf_counter()
    find_sections(language, text)
    assert time.perf_counter() - started < 3
