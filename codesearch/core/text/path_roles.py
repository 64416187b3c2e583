"""What a file is for by its path: whether it is a test, for the ranking and for those who leave tests out. Pure."""

from __future__ import annotations

import re

_TEST = re.compile(
    r"(^|/)(tests?|testing|__tests__|specs?|testdata|fixtures?|mocks?)(/|$)"
    r"|(^|[/_.-])(test|spec)s?[_.-]|[_.-](tests?|specs?|mock)\.\w+$|(Tests?|Spec)\.\w+$"
)
# Below it, Maven's and Gradle's folder of the product, `test` is part of a package's name.
PRODUCT_FOLDER = "src/main/"


def is_test_path(path: str) -> bool:
    """Say whether a file is a test, or what only tests use, by its path."""
    return _TEST.search(path) is not None and PRODUCT_FOLDER not in path
