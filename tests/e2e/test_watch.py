"""`codesearch watch` as a process, on real folders: what is saved is found, what goes wrong is said and survived."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.service import PATIENCE_SECONDS, clean_environment, command_of, run_cli, spawn_cli
from tests.unit.indexer.conftest import Repository, isolated_git

__all__ = ["isolated_git"]


class Watching:
    """A process that watches, and what it has said."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            command_of("watch", *arguments),
            env=clean_environment(data_dir, index_workers="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.said.append(line.rstrip("\n"))

    def wait_for(self, *texts: str) -> None:
        """Wait until there is a line with each of the texts."""
        wait_until(lambda: all(any(text in line for line in self.said) for text in texts), self.said)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE_SECONDS)
        self.reader.join()
        return status


def wait_until(is_reached: Callable[[], bool], told: object = "") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline, told
        time.sleep(0.1)


@contextmanager
def watching(data_dir: Path, *arguments: str) -> Iterator[Watching]:
    watching = Watching(data_dir, *arguments)
    try:
        watching.wait_for("ctrl-C ends it")
        yield watching
    finally:
        if watching.process.poll() is None:
            watching.process.kill()
        watching.process.wait()
        watching.reader.join()


def finds(data_dir: Path, text: str, path: str) -> bool:
    """Say whether what is indexed now has the line in that file."""
    found = run_cli(data_dir, "grep", text, "--json")
    return f'"{path}"' in found.out


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "shop")
    repository.commit({"cart.py": "def add_to_cart(item):\n    return [item]\n", ".gitignore": "built/\n"})
    return repository


def test_what_is_saved_is_found_and_what_is_ignored_is_not(tmp_path: Path, repository: Repository) -> None:
    data_dir, root = tmp_path / "data", repository.path
    with watching(data_dir, str(root / ".")) as watched:
        (root / "coupon.py").write_text("def redeem_coupon(code):\n    return code\n")
        wait_until(lambda: finds(data_dir, "redeem_coupon", "coupon.py"), watched.said)
        (root / "built").mkdir()
        (root / "built" / "out.py").write_text("def redeem_built(code):\n    return code\n")
        (root / "coupon.py").unlink()
        wait_until(lambda: not finds(data_dir, "redeem_coupon", "coupon.py"), watched.said)
        assert not finds(data_dir, "redeem_built", "built/out.py")

        # Another branch: many files at once, and one that is gone.
        files = {f"orders/order_{n}.py": f"def ship_order_{n}():\n    return {n}\n" for n in range(40)}
        repository.git("checkout", "--quiet", "-b", "orders")
        repository.commit({**files, "cart.py": None})
        wait_until(lambda: finds(data_dir, "ship_order_39", "orders/order_39.py"), watched.said)
        repository.git("checkout", "--quiet", "main")
        wait_until(
            lambda: (
                finds(data_dir, "add_to_cart", "cart.py") and not finds(data_dir, "ship_order_39", "orders/order_39.py")
            ),
            watched.said,
        )

        # One watcher for a folder, from wherever in it.
        (root / "docs").mkdir()
        second = spawn_cli(data_dir, "watch", str(root / "docs"))
        assert second.status == 1
        assert "watched already" in second.error

        assert watched.end() == 0
        assert watched.said[-1] == "Stopped."
    # The lock went with it.
    with watching(data_dir, str(root)) as again:
        assert again.end(signal.SIGTERM) == 0
        assert again.said[-1] == "Stopped."


def test_a_whole_group_of_processes_can_be_ended_twice_without_another_word(
    tmp_path: Path, repository: Repository
) -> None:
    """As a supervisor does: the processes that start workers get the signal, too."""
    with watching(tmp_path / "data", str(repository.path)) as watched:
        for _ in range(2):
            with suppress(ProcessLookupError):
                os.killpg(watched.process.pid, signal.SIGTERM)
        assert watched.process.wait(PATIENCE_SECONDS) == 0
        watched.reader.join()
        place = next(number for number, line in enumerate(watched.said) if "ctrl-C ends it" in line)
        assert watched.said[place + 1 :] == ["Stopped."]


def test_a_folder_that_goes_and_comes_back_is_watched_again(tmp_path: Path, repository: Repository) -> None:
    data_dir, root = tmp_path / "data", repository.path
    with watching(data_dir, str(root)) as watched:
        shutil.move(root, tmp_path / "elsewhere")
        watched.wait_for("is gone")
        # What was indexed goes on to be served.
        assert finds(data_dir, "add_to_cart", "cart.py")
        shutil.move(tmp_path / "elsewhere", root)
        watched.wait_for("is back")
        (root / "refund.py").write_text("def refund_order(order):\n    return order\n")
        wait_until(lambda: finds(data_dir, "refund_order", "refund.py"), watched.said)

        # Who removes it does not get it back.
        assert run_cli(data_dir, "remove", "shop").status == 0
        (root / "refund.py").write_text("def refund_all(orders):\n    return orders\n")
        assert watched.process.wait(PATIENCE_SECONDS) == 1
        watched.wait_for("is watched no longer")
        assert run_cli(data_dir, "list", "--json").json["sources"] == []


def test_what_fails_is_said_and_tried_again(tmp_path: Path) -> None:
    data_dir, folder = tmp_path / "data", tmp_path / "notes"
    folder.mkdir()
    (folder / "one.md").write_text("# One\n\nThe first heron.\n")
    with watching(data_dir, str(folder)) as watched:
        # Where rows are written there is a file.
        shutil.rmtree(data_dir / "staging", ignore_errors=True)
        (data_dir / "staging").write_text("in the way")
        (folder / "two.md").write_text("# Two\n\nThe second heron.\n")
        watched.wait_for(str(data_dir / "staging"))
        (data_dir / "staging").unlink()
        wait_until(lambda: finds(data_dir, "second heron", "two.md"), watched.said)
        watched.wait_for("It works again.")
        assert watched.end() == 0


def test_what_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("x = 1\n")
    for path in (tmp_path / "none", tmp_path / "file.py", Path.home(), Path("/")):
        refused = run_cli(tmp_path / "data", "watch", str(path))
        assert refused.status == 1
        assert str(path) in refused.error
        assert "client" not in refused.error
