"""Which addresses are taken from a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.cli.management.addresses import check_address
from codesearch.core.errors import InvalidRequestError
from indexer.source.location import parse_location, source_id


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("https://git.example.org/team/app.git", "https://git.example.org/team/app.git"),
        (" git@git.example.org:team/app ", "git@git.example.org:team/app"),
        ("pallets/flask", "https://github.com/pallets/flask"),
        ("gitlab.com/group/app", "https://gitlab.com/group/app"),
    ],
)
def test_clone_urls_are_taken_as_codesearch_index_takes_them(text: str, location: str) -> None:
    address = check_address(text, "main", "server", takes_paths=False)
    assert address.location == location
    assert address.source_id == source_id(parse_location(text), "main", "server")
    assert address.name.endswith("-server")


def test_owner_and_name_are_not_looked_up_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pallets" / "flask").mkdir(parents=True)
    assert check_address("pallets/flask", None, None, takes_paths=False).location == "https://github.com/pallets/flask"


def test_paths_are_refused_alike_whether_they_are_there_or_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = set()
    for text in (tmp_path, tmp_path / "file", tmp_path / "missing", "..", "~", "~root", tmp_path.as_uri()):
        with pytest.raises(InvalidRequestError, match="Only clone URLs") as refused:
            check_address(str(text), None, None, takes_paths=False)
        told.add(refused.value.message)
    assert len(told) == 1


def test_paths_are_taken_where_a_setting_says_so(tmp_path: Path) -> None:
    assert check_address(str(tmp_path), None, None, takes_paths=True).location == str(tmp_path)
    assert check_address(tmp_path.as_uri(), None, None, takes_paths=True).location == tmp_path.as_uri()
    with pytest.raises(InvalidRequestError, match="There is no"):
        check_address(str(tmp_path / "missing"), None, None, takes_paths=True)


@pytest.mark.parametrize("takes_paths", [False, True])
@pytest.mark.parametrize(
    ("text", "branch", "subdir", "told"),
    [
        ("", None, None, "No source given"),
        ("https://someone:secret@git.example.org/team/app", None, None, "login"),
        ("https://ghp_0123456789abcdefghijABCDEFGHIJ@git.example.org/team/app", None, None, "login"),
        ("https://git.example.org/ghp_0123456789abcdefghijABCDEFGHIJ/app", None, None, "token"),
        ("ext::sh -c true", None, None, "refused"),
        ("gopher://git.example.org/app", None, None, "not supported"),
        ("https://git.example.org/team/app?x=1", None, None, "part"),
        ("https://git.example.org/team/app", "--upload-pack=true", None, "branch"),
        ("https://git.example.org/team/app", None, "../..", "sub-folder"),
    ],
)
def test_what_is_refused_says_why_without_the_secret(
    text: str, branch: str | None, subdir: str | None, told: str, takes_paths: bool
) -> None:
    with pytest.raises(InvalidRequestError, match=told) as refused:
        check_address(text, branch, subdir, takes_paths=takes_paths)
    assert "secret" not in refused.value.message
    assert "ghp_" not in refused.value.message
