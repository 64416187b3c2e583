"""The secret of sessions: one for all processes of a data folder, and nobody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codesearch.core.errors import UnreliableFileError
from codesearch.web.session_secret import FILE_NAME, load_secret


def test_processes_that_start_at_once_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(load_secret, [tmp_path] * 8))
    assert len(secrets) == 1
    assert load_secret(tmp_path) in secrets
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_may_have_made_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    load_secret(tmp_path)
    path.chmod(0o666)
    with pytest.raises(UnreliableFileError, match="others may write"):
        load_secret(tmp_path)
    path.rename(tmp_path / "other")
    path.symlink_to(tmp_path / "other")
    with pytest.raises(UnreliableFileError, match="symbolic link"):
        load_secret(tmp_path)


def test_a_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"short")
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(UnreliableFileError, match="delete it"):
        load_secret(tmp_path)


def test_where_nothing_can_be_written_sessions_last_as_long_as_the_process(caplog: pytest.LogCaptureFixture) -> None:
    nowhere = Path("/proc/nowhere")
    first = load_secret(nowhere)
    assert len(first) == 32
    assert first != load_secret(nowhere)
    assert "signs in" in caplog.text
