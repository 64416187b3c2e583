"""Links to code hosts: every known form, nothing for sources without a web page, and paths that need quoting."""

from __future__ import annotations

import pytest

from codesearch.retrieval.links import line_url

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://github.com/pallets/flask", f"https://github.com/pallets/flask/blob/{COMMIT}/src/app.py#L3-L9"),
        ("https://github.com/pallets/flask.git", f"https://github.com/pallets/flask/blob/{COMMIT}/src/app.py#L3-L9"),
        ("git@github.com:pallets/flask.git", f"https://github.com/pallets/flask/blob/{COMMIT}/src/app.py#L3-L9"),
        ("ssh://git@github.com:22/pallets/flask", f"https://github.com/pallets/flask/blob/{COMMIT}/src/app.py#L3-L9"),
        (
            "https://gitlab.com/group/sub/project.git/",
            f"https://gitlab.com/group/sub/project/-/blob/{COMMIT}/src/app.py#L3-9",
        ),
        (
            "ssh://git@gitlab.example.org:2222/group/project.git",
            f"https://gitlab.example.org/group/project/-/blob/{COMMIT}/src/app.py#L3-9",
        ),
        ("git@bitbucket.org:team/tool.git", f"https://bitbucket.org/team/tool/src/{COMMIT}/src/app.py#lines-3:9"),
        ("https://codeberg.org/team/tool", f"https://codeberg.org/team/tool/src/commit/{COMMIT}/src/app.py#L3-L9"),
        (
            "http://gitea.example.org:3000/team/tool.git",
            f"https://gitea.example.org:3000/team/tool/src/commit/{COMMIT}/src/app.py#L3-L9",
        ),
        (
            "https://dev.azure.com/org/project/_git/tool",
            "https://dev.azure.com/org/project/_git/tool?path=%2Fsrc%2Fapp.py"
            f"&version=GC{COMMIT}&line=3&lineEnd=10&lineStartColumn=1&lineEndColumn=1",
        ),
        (
            "git@ssh.dev.azure.com:v3/org/project/tool",
            "https://dev.azure.com/org/project/_git/tool?path=%2Fsrc%2Fapp.py"
            f"&version=GC{COMMIT}&line=3&lineEnd=10&lineStartColumn=1&lineEndColumn=1",
        ),
    ],
)
def test_known_hosts_get_a_link_to_the_lines(location: str, expected: str) -> None:
    assert line_url(location, COMMIT, "src/app.py", 3, 9) == expected


@pytest.mark.parametrize(
    "location",
    [
        "/srv/git/project",
        "./project",
        "file:///srv/git/project.git",
        "https://git.example.org/team/tool",
        "https://notgithub.com/team/tool",
        "https://github.com/",
        "https://github.com:port/team/tool",
        "C:\\code\\tool",
        "",
    ],
)
def test_other_places_have_no_link(location: str) -> None:
    assert line_url(location, COMMIT, "src/app.py", 1, 2) is None


def test_no_link_without_a_commit() -> None:
    assert line_url("https://github.com/a/b", None, "x.py", 1, 2) is None


def test_paths_are_quoted() -> None:
    url = line_url("https://github.com/a/b", COMMIT, "docs/50% #1 ü?.md", 1, 1)
    assert url == f"https://github.com/a/b/blob/{COMMIT}/docs/50%25%20%231%20%C3%BC%3F.md#L1-L1"
