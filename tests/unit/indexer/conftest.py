"""Real git repositories for the indexer's tests, cut off from the machine's own git configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

FIRST_COMMIT_AT = 1_700_000_000


class Repository:
    """A git repository with a work tree; each commit is an hour after the last one."""

    def __init__(self, path: Path, *, object_format: str = "sha1") -> None:
        self.path = path
        self.commits = 0
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def git(self, *arguments: str, content: bytes | None = None) -> str:
        """Run git in the work tree and return its output."""
        at = f"{FIRST_COMMIT_AT + 3600 * self.commits} +0000"
        identity = {
            f"GIT_{role}_{part}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path,
            env={**os.environ, **identity, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at},
            input=content,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def commit(self, files: Mapping[str, str | bytes | None], *options: str) -> str:
        """Write the files (None removes one), commit everything and return the commit's id."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message=change", *options)
        self.commits += 1
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def isolated_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep git away from the configuration, the home folder and the askpass programs of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_SSH_COMMAND",
        "GIT_CONFIG_COUNT",
        "http_proxy",
        "HTTP_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_repository(tmp_path: Path) -> Callable[..., Repository]:
    """Return a function that makes an empty repository of a name."""

    def make(name: str = "origin", *, object_format: str = "sha1") -> Repository:
        return Repository(tmp_path / name, object_format=object_format)

    return make
