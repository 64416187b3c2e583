"""What the command line shows, where the logic is pure: control characters, ages, tables, the welcome, progress."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.cli import hits, listings
from codesearch.cli import output as cli_output
from codesearch.cli import progress as cli_progress
from codesearch.cli.filters import Form
from codesearch.cli.welcome import NewKey, own_command, print_welcome
from codesearch.core.catalog.totals import RunTotals
from codesearch.core.conditions import condition_of
from codesearch.core.index.usage import DiskUsage
from codesearch.core.keys import ApiKey
from codesearch.core.settings.places import find_default_data_dir
from codesearch.core.types import ArtifactKind, Chunk, DataSource, Hit, SourceState

NOW = datetime.now(timezone.utc)


def make_source(**changes: object) -> DataSource:
    values: dict[str, object] = {
        "id": "a" * 24,
        "name": "app",
        "type": "repository",
        "location": "/srv/app",
        "state": SourceState.READY,
        "file_count": 3,
        "chunk_count": 1234,
        "indexed_at": NOW,
        **changes,
    }
    return DataSource(**values)  # type: ignore[arg-type]


def make_hit(content: str, path: str = "a.py") -> Hit:
    chunk = Chunk(path, 8, 8 + content.count("\n"), content, ArtifactKind.CHUNK)
    return Hit("d", chunk, 0.5, make_source(), None, None)


@given(st.text())
def test_visible_text_is_one_line_that_steers_nothing(text: str) -> None:
    shown = cli_output.visible(text)
    assert not any((ord(character) < 32 and character != "\t") or 127 <= ord(character) < 160 for character in shown)
    if text.isprintable():
        assert shown == text


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    cli_output.print_error("first\nsecond \x1b[31mred")
    assert capsys.readouterr().err == "codesearch: first second \\x1b[31mred\n"


def listed(
    source: DataSource, progress: str = "", usage: DiskUsage | None = None, *, is_at_work: bool = False
) -> listings.ListedSource:
    condition = condition_of(source, is_at_work=is_at_work)
    return listings.ListedSource(source, condition, progress, usage or DiskUsage(), RunTotals())


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (3_599, "59 minutes"),
        (7_200, "2 hours"),
    ],
)
def test_ages(capsys: pytest.CaptureFixture[str], seconds: int, shown: str) -> None:
    source = make_source(indexed_at=datetime.now(timezone.utc) - timedelta(seconds=seconds))
    listings.print_sources([listed(source)], as_json=False)
    _, row = columns_of(capsys.readouterr().out)
    assert row[-2].strip() == shown


def columns_of(text: str) -> Sequence[Sequence[str]]:
    return [[cell for cell in line.split("  ") if cell] for line in text.splitlines()]


def test_sources_are_aligned_whatever_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [listed(make_source(name=name)) for name in ("a", "[b]wide name[/b]", "日本語")]
    listings.print_sources(rows, as_json=False)
    head, *lines = capsys.readouterr().out.splitlines()
    assert "[b]wide name[/b]" in lines[1]
    assert len({line.index("/srv/app") + (3 if "日" in line else 0) for line in lines}) == 1
    assert head.index("location") == lines[0].index("/srv/app")
    assert not any(line.endswith(" ") for line in (head, *lines))


def test_a_state_names_progress_and_failures(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        listed(make_source(state=SourceState.INDEXING, name="busy"), "indexing: 5 of 9 files", is_at_work=True),
        listed(make_source(message="x" * 500, name="failed once"), "its last run failed", DiskUsage(1, 999)),
        listed(make_source(branch="next", subdir="server"), "", DiskUsage(2, 2_345_000, 1_200_000)),
    ]
    listings.print_sources(rows, as_json=False)
    shown = capsys.readouterr().out
    assert "indexing: 5 of 9 files" in shown
    assert f"stale; last run failed: {'x' * 80}…  " in shown
    assert "/srv/app, branch next, folder server" in shown
    assert "  999 B  " in shown
    assert "  2.3 MB, 1.2 MB shared  " in shown
    listings.print_sources(rows, as_json=True)
    items = json.loads(capsys.readouterr().out)["sources"]
    assert items[1]["message"] == "x" * 500
    assert [item["state"] for item in items] == ["processing", "stale", "ready"]
    assert (items[2]["segments"], items[2]["index_bytes"], items[2]["shared_bytes"]) == (2, 2_345_000, 1_200_000)
    assert "commit" not in items[0]


def test_long_records_are_cut_with_a_note_and_numbers_are_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    hits.print_hits([make_hit("\n".join(f"line {n}\r" for n in range(50)))], Form(), hits.View())
    head, first, *rest = capsys.readouterr().out.splitlines()
    assert head == "1  app  a.py:8-57  0.500"
    assert first == " 8  line 0"
    assert rest[hits.SHOWN_LINES - 1] == "… 20 more lines"
    assert rest[hits.SHOWN_LINES - 2] == "37  line 29"


def test_json_is_one_line_whatever_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    hits.print_hits([make_hit("a\n\u2028b\x1b ü", "ü\n.py")], Form(as_json=True), hits.View())
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    (record,) = json.loads(out)["records"]
    assert record["content"] == "a\n\u2028b\x1b ü"


def test_the_welcome_offers_a_source_that_answers(capsys: pytest.CaptureFixture[str]) -> None:
    sources = [make_source(id="b" * 24, name="new", state=SourceState.INDEXING), make_source()]
    print_welcome(sources, [], "http://127.0.0.1:1", NewKey("cs_secret"), "codesearch")
    shown = capsys.readouterr().out
    assert f'"knowledge_id": "{"a" * 24}"' in shown
    assert shown.count("cs_secret") == 2
    assert "open http://127.0.0.1:1 and paste the key" in shown
    print_welcome([], [], "http://127.0.0.1:1", None, "codesearch")
    shown = capsys.readouterr().out
    assert "curl" not in shown
    assert "codesearch index SOURCE" in shown
    assert "open http://127.0.0.1:1 and paste a key" in shown


def test_where_no_terminal_shows_the_key_its_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    key = NewKey("cs_secret", Path("/srv/my data/first-key"))
    print_welcome([make_source()], [], "http://127.0.0.1:1", key, "codesearch")
    shown = capsys.readouterr().out
    assert "cs_secret" not in shown
    assert "cs_secret" not in repr(key)
    assert "\"Authorization: Bearer $(cat '/srv/my data/first-key')\"" in shown


def test_the_command_says_which_data_it_is_about_where_that_is_not_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    default = find_default_data_dir()
    assert default is not None
    assert own_command(default) == "codesearch"
    assert own_command(Path("my data")) == f"CODESEARCH_DATA_DIR='{tmp_path}/my data' codesearch"


def test_key_states(capsys: pytest.CaptureFixture[str]) -> None:
    day = timedelta(days=1)
    keys = [
        ApiKey("1", "open", "cs_aaaaa", False, None, NOW),
        ApiKey("2", "late", "cs_bbbbb", False, frozenset(), NOW - day, expires_at=NOW - day / 2),
        ApiKey("3", "both", "cs_ccccc", False, frozenset({"x"}), NOW - day, expires_at=NOW - day / 2, revoked_at=NOW),
    ]
    listings.print_keys(keys, as_json=False)
    _, *rows = columns_of(capsys.readouterr().out)
    assert [row[-1].strip() for row in rows] == ["usable", "expired", "revoked"]
    assert [row[3].strip() for row in rows] == ["everything", "nothing", "x"]


def test_without_a_terminal_progress_is_a_line_per_phase(capsys: pytest.CaptureFixture[str]) -> None:
    with cli_progress.index_progress("my\x1bapp") as progress:
        progress.start("reading the source")
        progress.start("indexing", 12)
        for files in range(12):
            progress.advance(files, files * 10, 1)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "my\\x1bapp: reading the source\nmy\\x1bapp: indexing: 12 files to read\n"
