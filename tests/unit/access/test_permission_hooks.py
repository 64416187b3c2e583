"""The file and the command that say who may read what: how fresh they are, and what counts while they fail."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer

import pytest

from codesearch.access.permission_command import MAX_OUTPUT_BYTES, PAUSE_SECONDS, PermissionCommand
from codesearch.access.permission_file import PermissionFile
from codesearch.core.errors import ConfigurationError
from tests.patience import PATIENCE_SECONDS

MAX_AGE = 100.0


class Clock:
    """A clock that is moved by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def written(hook: PermissionFile | PermissionCommand, user: str) -> tuple[str, ...]:
    return hook.find_patterns(user).written


# The file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.json", '{"alice": ["a", "b"], "*": "all", "bob@example.org": []}'),
        ("p.toml", 'alice = ["a", "b"]\n"*" = ["all"]\n"bob@example.org" = []\n'),
        ("permissions", '\ufeff{"alice": ["a", "b"], "*": ["all"], "bob@example.org": []}'),
    ],
)
def test_a_file_maps_users_to_repositories(tmp_path: Path, clock: Clock, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    file = PermissionFile(path, MAX_AGE, clock)
    assert written(file, "alice") == ("a", "b", "all")
    assert written(file, "bob@example.org") == ("all",)
    assert written(file, "Alice") == ("all",)
    assert file.find_patterns("alice") is file.find_patterns("alice")
    assert "2 users" in file.examine()


def test_a_changed_file_counts_at_once(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"alice": ["a"]}', encoding="utf-8")
    file = PermissionFile(path, MAX_AGE, clock)
    assert written(file, "alice") == ("a",)
    other = tmp_path / "other.json"
    other.write_text('{"alice": ["b"]}', encoding="utf-8")
    other.replace(path)
    assert written(file, "alice") == ("b",)
    path.write_text("{}", encoding="utf-8")
    assert written(file, "alice") == ()


BROKEN = ["", "{", "[]", '{"alice": 1}', '{"alice": [1]}', '{"alice": {"a": 1}}', "[" * 100_000]


@pytest.mark.parametrize("content", [*BROKEN, '{"alice": ["' + "x" * 3_000 + '"]}'])
def test_a_broken_file_leaves_what_it_said_for_as_long_as_that_may_count(
    tmp_path: Path, clock: Clock, content: str
) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"alice": ["a"]}', encoding="utf-8")
    file = PermissionFile(path, MAX_AGE, clock)
    assert written(file, "alice") == ("a",)
    path.write_text(content, encoding="utf-8")
    clock.now += MAX_AGE
    assert written(file, "alice") == ("a",)
    assert written(file, "bob") == ()
    clock.now += 1
    with pytest.raises(ConfigurationError, match="CODESEARCH_PERMISSIONS_FILE"):
        file.find_patterns("alice")
    path.write_text('{"alice": ["b"]}', encoding="utf-8")
    assert written(file, "alice") == ("b",)


def test_a_file_that_is_not_there_or_anybodys_is_said(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "p.json"

    def check() -> None:
        with pytest.raises(ConfigurationError, match=r"p\.json"):
            PermissionFile(path, MAX_AGE, clock).find_patterns("alice")

    check()
    path.mkdir()
    check()
    path.rmdir()
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o666)
    check()
    path.chmod(0o644)
    assert written(PermissionFile(path, MAX_AGE, clock), "alice") == ()
    path.unlink()
    os.mkfifo(path)
    # Who waited for a pipe would be let go by its other end.
    waited = Timer(20.0, lambda: path.write_bytes(b""))
    waited.daemon = True
    waited.start()
    check()
    assert waited.is_alive()
    waited.cancel()


# The command

Make = Callable[..., PermissionCommand]


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Iterator[Make]:
    """Make commands of Python programs, which find the folder of the test as their first argument."""
    made: list[PermissionCommand] = []

    def make_command(program: str, seconds: float = 10.0) -> PermissionCommand:
        script = tmp_path / f"program{len(made)}.py"
        script.write_text(
            f"import os, pathlib, sys, time\nhere = pathlib.Path(sys.argv[1])\n{program}", encoding="utf-8"
        )
        made.append(PermissionCommand([sys.executable, str(script), str(tmp_path)], seconds, MAX_AGE, clock))
        return made[-1]

    yield make_command
    for command in made:
        command.close()


COUNTING = """
count = int((here / "count").read_text()) + 1 if (here / "count").exists() else 1
(here / "count").write_text(str(count))
if (here / "failing").exists(): sys.exit("no answer")
print("# of", sys.argv[2], "\\n\\n  repo", count, sep="")
"""


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_command_gets_the_user_as_one_word_and_no_shell(make: Make) -> None:
    command = make("print(len(sys.argv), sys.argv[2], sys.stdin.read(), sep='|')")
    for user in ("alice", "a b", "$(id); `id` | x > y", "'\"", "Zoë"):
        assert written(command, user) == (f"3|{user}|",)


def test_answers_are_kept_and_asked_for_anew_behind_a_request(make: Make, clock: Clock) -> None:
    command = make(COUNTING)
    for _ in range(3):
        assert written(command, "alice") == ("repo1",)
    clock.now += MAX_AGE / 2
    assert written(command, "alice") == ("repo1",)
    wait_until(lambda: written(command, "alice") == ("repo2",))
    clock.now += MAX_AGE + 1
    assert written(command, "alice") == ("repo3",)


def test_when_it_fails_nothing_counts_longer_than_it_may(
    make: Make, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    command = make(COUNTING)
    assert written(command, "alice") == ("repo1",)
    (tmp_path / "failing").touch()
    clock.now += MAX_AGE
    assert written(command, "alice") == ("repo1",)
    wait_until(lambda: "no answer" in caplog.text)
    with pytest.raises(ConfigurationError, match=r"failed: it ended with status 1: no answer|a moment ago"):
        command.find_patterns("bob")
    clock.now += 1
    with pytest.raises(ConfigurationError):
        command.find_patterns("alice")
    assert "no answer" in caplog.text
    (tmp_path / "failing").unlink()
    clock.now += PAUSE_SECONDS
    assert written(command, "alice")[0].startswith("repo")


def test_a_command_that_fails_is_left_alone_for_a_moment(make: Make, clock: Clock, tmp_path: Path) -> None:
    command = make(COUNTING)
    (tmp_path / "failing").touch()
    for _ in range(4):
        with pytest.raises(ConfigurationError):
            command.find_patterns("alice")
    assert (tmp_path / "count").read_text() == "1"
    clock.now += PAUSE_SECONDS
    with pytest.raises(ConfigurationError):
        command.find_patterns("alice")
    assert (tmp_path / "count").read_text() == "2"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("time.sleep(60)", "longer than 0.5 s"),
        ("os.fork() or time.sleep(60)", "longer than 0.5 s"),
        ("sys.stdout.close(); os.close(1); time.sleep(60)", "longer than 0.5 s"),
        ("print('repo'); sys.stderr.write('x' * 200_000 + '\\n token=ghp_' + 'a' * 36); sys.exit(3)", "status 3"),
        ("sys.stdout.buffer.write(b'\\xff')", "not UTF-8"),
        ("print('x' * 3_000)", "characters"),
        ("os.kill(os.getpid(), 9)", "status -9"),
    ],
)
def test_what_goes_wrong_is_no_answer(make: Make, program: str, message: str) -> None:
    seconds = 0.5 if "0.5" in message else 20.0
    with pytest.raises(ConfigurationError, match=message) as caught:
        make(program, seconds).find_patterns("alice")
    assert "ghp_" not in caught.value.message
    assert "\n" not in caught.value.message


def test_output_without_end_is_no_answer(make: Make) -> None:
    with pytest.raises(ConfigurationError, match=f"more than {MAX_OUTPUT_BYTES} bytes"):
        make("while True: print('x' * 1000)", 20.0).find_patterns("alice")


def test_what_a_command_leaves_behind_is_ended(make: Make, tmp_path: Path) -> None:
    command = make(
        "if os.fork(): print('repo'); sys.exit()\n"
        "os.close(1); os.close(2)\n(here / 'child').write_text(str(os.getpid()))\ntime.sleep(60)"
    )
    assert written(command, "alice") == ("repo",)
    if (tmp_path / "child").exists() and (pid := (tmp_path / "child").read_text()):
        arguments = Path(f"/proc/{pid}/cmdline")
        wait_until(lambda: not arguments.exists() or not arguments.read_bytes())


def test_no_such_command_is_said(clock: Clock) -> None:
    command = PermissionCommand(["/no/such/program"], 1.0, MAX_AGE, clock)
    with pytest.raises(ConfigurationError, match=r"/no/such/program.*No such file"):
        command.find_patterns("alice")
    command.close()
