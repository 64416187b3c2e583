"""Older versions: what is kept beside a newer one, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.index.versions import superseded_versions


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["src/v3/types.ts", "src/v4/core/api.ts", "src/index.ts"], [3, -1, -1]),
        (["v0/a.py", "v2/b/a.py", "v10/a.py"], [0, 2, -1]),
        # A copy of the folder above it, here and there.
        (["lib/v1/fields.py", "lib/v1/old.py", "lib/fields.py"], [1, 1, -1]),
        (["lib/v1/__init__.py", "lib/v1/a.py", "lib/v1/b.py", "lib/v1/c.py", "lib/v1/d.py", "lib/d.py"], [-1] * 6),
        # The only version of an API, names that only look like versions, versions of different things.
        (["api/v1/users.py", "api/server.py"], [-1, -1]),
        (["v8/a.cc", "v8.md", "src/vec2/a.c", "src/vec3/a.c", "av1/a.c", "av2/a.c"], [-1] * 6),
        (["a/v1/x.go", "b/v2/x.go"], [-1, -1]),
        # Within an older version everything is old, as old as its innermost folder says.
        (["v1/sub/v1/a.py", "v1/sub/v2/a.py", "v2/a.py"], [1, 1, -1]),
        ([], []),
    ],
)
def test_older_versions(paths: list[str], expected: list[int]) -> None:
    assert superseded_versions(paths).tolist() == expected


PARTS = st.sampled_from(["v1", "v2", "v3", "src", "a", "v10"])
PATHS = st.lists(st.lists(PARTS, max_size=4).map(lambda parts: "/".join([*parts, "f.py"])), unique=True, max_size=12)


@given(PATHS)
def test_the_order_of_paths_does_not_matter(paths: list[str]) -> None:
    found = dict(zip(paths, superseded_versions(paths).tolist(), strict=True))
    turned = paths[::-1]
    assert dict(zip(turned, superseded_versions(turned).tolist(), strict=True)) == found


@given(PATHS)
def test_the_newest_of_siblings_is_never_old_by_itself(paths: list[str]) -> None:
    newest = [path for path in paths if path.startswith("v10/") and path.count("/") == 1]
    assert all(version == -1 for version in superseded_versions(newest))
    for path, version in zip(paths, superseded_versions(paths).tolist(), strict=True):
        assert version == -1 or f"v{version}/" in path
