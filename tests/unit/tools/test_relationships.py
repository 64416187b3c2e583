"""Relatives of a symbol by name, in small indexes of real chunks: who calls it, what it calls, what builds on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.checks import do_not_check
from codesearch.core.index.source_index import SourceIndex
from codesearch.tools.definitions import Definition
from codesearch.tools.relationships import Found, Neighbourhood, enclosing
from tests.unit.tools.indexed_files import index_texts

FILES = {
    "shop/client.py": '''\
"""The client: retry() is called here."""
from shop.base import Base


class Client(Base):
    def send(self, request):
        # retry() is for failures
        return self.retry(request)

    def retry(self, request):
        for _ in range(3):
            if check(request):
                return self.send(request)
        return len(request)


def check(request):
    return request.is_good
''',
    "shop/base.py": "class Base:\n    def close(self):\n        pass\n",
    "shop/orders.py": """\
from shop.client import Client, check

client = Client()
check(client)


def place(order):
    first = client.retry(order)
    return client.retry(first)


class Orders(Client):
    pass
""",
    "tests/test_client.py": "from shop.client import Client\n\n\ndef test_retry():\n    assert Client().retry('x')\n",
    "docs/client.md": "# Client\n\nCall retry() again, and check(request).\n",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SourceIndex:
    return index_texts(tmp_path_factory.mktemp("relatives"), FILES)


def around(index: SourceIndex, path: str = "shop/client.py", limit: int = 50) -> Neighbourhood:
    return Neighbourhood(index, path, limit, do_not_check)


def definition(index: SourceIndex, path: str, symbol: str) -> Definition:
    file = index.find_file(path)
    assert file is not None
    (found,) = [item for item in around(index).read(file)[1] if item.symbol == symbol]
    return found


def named(found: Found) -> list[tuple[str, str | None, tuple[int, ...]]]:
    return [(item.path, item.definition.symbol if item.definition else None, item.lines) for item in found.relatives]


def test_definitions_of_a_name(index: SourceIndex) -> None:
    assert named(around(index).find_definitions("retry")) == [("shop/client.py", "Client.retry", ())]
    assert named(around(index).find_definitions("nothing")) == []


def test_callers_come_by_the_definition_around_them_tests_last(index: SourceIndex) -> None:
    assert named(around(index).find_callers("shop/client.py", "retry")) == [
        ("shop/client.py", "Client.send", (8,)),
        ("shop/orders.py", "place", (8, 9)),
        ("tests/test_client.py", "test_retry", (5,)),
    ]
    # Outside of any definition it is the line itself.
    assert named(around(index).find_callers("shop/client.py", "check")) == [
        ("shop/client.py", "Client.retry", (12,)),
        ("shop/orders.py", None, (4,)),
    ]


def test_callees_are_what_the_repository_defines(index: SourceIndex) -> None:
    retry = definition(index, "shop/client.py", "Client.retry")
    assert named(around(index).find_callees("shop/client.py", retry)) == [
        ("shop/client.py", "check", (12,)),
        ("shop/client.py", "Client.send", (13,)),
    ]
    place = definition(index, "shop/orders.py", "place")
    assert named(around(index, "shop/orders.py").find_callees("shop/orders.py", place)) == [
        ("shop/client.py", "Client.retry", (8, 9))
    ]


def test_references_are_calls_and_mentions_without_the_definition(index: SourceIndex) -> None:
    assert named(around(index).find_references("check")) == [
        ("shop/client.py", "Client.retry", (12,)),
        ("shop/orders.py", None, (1,)),
        ("shop/orders.py", None, (4,)),
    ]


def test_ancestors_and_descendants(index: SourceIndex) -> None:
    client = definition(index, "shop/client.py", "Client")
    assert named(around(index).find_ancestors("shop/client.py", client)) == [("shop/base.py", "Base", ())]
    assert named(around(index).find_descendants("shop/client.py", "Client")) == [("shop/orders.py", "Orders", ())]
    assert named(around(index).find_descendants("shop/base.py", "Base")) == [("shop/client.py", "Client", ())]


def test_what_is_contained(index: SourceIndex) -> None:
    client = definition(index, "shop/client.py", "Client")
    contained = named(around(index).find_contained("shop/client.py", client))
    assert contained == [("shop/client.py", "Client.send", ()), ("shop/client.py", "Client.retry", ())]


def test_a_limit_says_how_many_are_left_out(index: SourceIndex) -> None:
    found = around(index, limit=1).find_callers("shop/client.py", "retry")
    assert named(found) == [("shop/client.py", "Client.send", (8,))]
    # In files that were not read, each place counts.
    assert found.left_out == 3
    assert around(index, limit=3).find_callers("shop/client.py", "retry").left_out == 0


def test_a_foreign_ancestor_is_named(tmp_path: Path) -> None:
    index = index_texts(tmp_path, {"a.py": "import abc\n\n\nclass A(abc.ABC):\n    x = 1\n"})
    (found,) = around(index, "a.py").find_ancestors("a.py", definition(index, "a.py", "A")).relatives
    assert (found.path, found.text) == ("", "ABC")


def test_traits_of_a_type_are_its_ancestors(tmp_path: Path) -> None:
    text = "trait Show {\n    fn show(&self);\n}\n\nstruct A;\n\nimpl Show for A {\n    fn show(&self) {}\n}\n"
    index = index_texts(tmp_path, {"a.rs": text})
    file = index.find_file("a.rs")
    assert file is not None
    subject = next(item for item in around(index, "a.rs").read(file)[1] if item.kind == "struct")
    assert [item[1] for item in named(around(index, "a.rs").find_ancestors("a.rs", subject))] == ["Show"]


def test_calls_stay_in_languages_that_call_one_another(tmp_path: Path) -> None:
    files = {
        "a.py": "def take(x):\n    return size(x)\n",
        "b.py": "def use(x):\n    return take(x)\n",
        "c.go": "func use(x int) int {\n\treturn take(x)\n}\n",
        "d.cpp": "int size(int x) {\n  return x;\n}\n",
        "e.c": "int twice(int x) {\n  return size(x) + size(x);\n}\n",
    }
    index = index_texts(tmp_path, files)
    assert named(around(index, "a.py").find_callers("a.py", "take")) == [("b.py", "use", (2,))]
    assert [path for path, _, _ in named(around(index, "a.py").find_references("take"))] == ["b.py", "c.go"]
    assert named(around(index, "a.py").find_callees("a.py", definition(index, "a.py", "take"))) == []
    assert named(around(index, "e.c").find_callees("e.c", definition(index, "e.c", "twice"))) == [
        ("d.cpp", "size", (2,))
    ]
    assert named(around(index, "d.cpp").find_callers("d.cpp", "size")) == [("e.c", "twice", (2,))]


def test_of_a_class_the_heads_of_its_members_are_no_calls(index: SourceIndex) -> None:
    client = definition(index, "shop/client.py", "Client")
    assert named(around(index).find_callees("shop/client.py", client)) == [
        ("shop/client.py", "Client.retry", (8,)),
        ("shop/client.py", "check", (12,)),
        ("shop/client.py", "Client.send", (13,)),
    ]


def test_the_innermost_definition_is_around_a_line() -> None:
    outer, inner = Definition("A", "class", 1, 9), Definition("A.f", "method", 3, 5)
    assert enclosing([outer, inner], 4) == inner
    assert enclosing([outer, inner], 6) == outer
    assert enclosing([outer, inner], 10) is None
