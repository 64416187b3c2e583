"""Runs git: one hardened environment, a stall timeout, no prompts, and no secret in arguments, output or errors.

Everything that talks to git (mirror.py, snapshot.py) goes through `Git`. GitPython starts what talks
to other machines; its import takes as long as git needs for a small repository of this one.
"""

from __future__ import annotations

import base64
import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlsplit

from codesearch.core.errors import SourceError, UnreachableSourceError
from codesearch.core.git_tokens import find_token
from indexer.source.git_messages import explain_failure, may_pass
from indexer.source.location import Location, secrets_of

if TYPE_CHECKING:
    from codesearch.core.config import Settings

NETWORK_PROTOCOLS = "file:git:http:https:ssh"
TOKEN_USERNAME = "x-access-token"  # noqa: S105 - the user name that code hosts expect beside a token
NO_REPOSITORY = Path(os.devnull)

_CHUNK_BYTES = 1 << 16
_STDERR_KEPT_BYTES = 1 << 16
_USERNAME_VARIABLE = "GIT_CODESEARCH_USERNAME"
_PASSWORD_VARIABLE = "GIT_CODESEARCH_PASSWORD"  # noqa: S105 - the name of a variable, not its value
# Reads the login from the environment: the argument list, which every user of the machine sees, holds only names.
_CREDENTIAL_HELPER = (
    '!f() { if test "$1" = get; then printf "username=%s\\npassword=%s\\n" '
    f'"${_USERNAME_VARIABLE}" "${_PASSWORD_VARIABLE}"; fi; }}; f'
)
_CONFIGURATION = {
    "advice.detachedHead": "false",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    # Reading a large repository file by file would map a quarter of a gigabyte of it, for nothing.
    "core.packedGitLimit": "32m",
    "core.packedGitWindowSize": "4m",
    "core.quotePath": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",  # keeps every fetch one pack, so that a mirror never fills with loose objects
    "gc.auto": "0",
    "log.mailmap": "false",  # the file that mailmap.file names would be read
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.ext.allow": "never",
    "safe.directory": "*",  # only objects are read, and hooks, fsmonitor and filters are off
    "submodule.recurse": "false",
}
_ENVIRONMENT = {
    "GIT_ASKPASS": "",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LANGUAGE": "C",
    "LC_ALL": "C",
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
}
# check-ignore fails with GIT_LITERAL_PATHSPECS; paths are plain for it with ./ in front.
_UNLITERAL = {"GIT_LITERAL_PATHSPECS": "0"}


@dataclass(frozen=True, slots=True)
class Access:
    """How to log in at one location. `scope` is the scheme, host and port that the login is for."""

    scope: str | None = None
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ssh_key: Path | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def scrub(self, text: str) -> str:
        """Return the text with every secret replaced by `***`."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def find_access(location: Location, settings: Settings) -> Access:
    """Return the login for a location: the one its URL carried, else the token for its host, else git's own means."""
    parts = urlsplit(location.url) if location.url and "://" in location.url else None
    scope = f"{parts.scheme}://{parts.netloc}" if parts and parts.scheme in {"https", "http"} else None
    token = find_token(location.url, settings) if location.url and parts else None
    username, password = "", ""
    if location.credentials is not None:
        username = location.credentials.username
        password = location.credentials.password or token or ""
    elif token:
        username, password = TOKEN_USERNAME, token
    if not (username or password):
        scope = None
    pair = base64.b64encode(f"{username}:{password}".encode()).decode() if scope else ""
    secrets = (*([pair] if pair else []), *secrets_of(location.credentials, token))
    ssh_key = settings.git_ssh_key.expanduser().resolve() if settings.git_ssh_key else None
    return Access(scope, username, password, ssh_key, secrets)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one git command gave: its exit status, its output, and its error text without secrets."""

    status: int
    output: bytes
    error_text: str


class GitProcess:
    """A running git command; leaving the context ends it and everything it started."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    @property
    def stdin(self) -> IO[bytes]:
        """The command's input."""
        return cast(IO[bytes], self.process.stdin)

    @property
    def stdout(self) -> IO[bytes]:
        """The command's output."""
        return cast(IO[bytes], self.process.stdout)

    @property
    def stderr(self) -> IO[bytes]:
        """The command's messages."""
        return cast(IO[bytes], self.process.stderr)

    def stop(self) -> None:
        """Kill the command and its children, and wait for it."""
        if self.process.poll() is None:
            try:
                # git starts transports such as git-remote-https and ssh: the whole group has to go.
                os.killpg(self.process.pid, signal.SIGKILL)
            except (AttributeError, OSError):
                self.process.kill()
        self.process.wait()

    def __enter__(self) -> GitProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # unsent input of a process that was killed


class Git:
    """Git on one repository (`git_dir`; NO_REPOSITORY for none), about one location (`display`, for messages)."""

    def __init__(
        self, git_dir: Path, *, display: str, access: Access | None = None, timeout_seconds: float = 600
    ) -> None:
        self.git_dir = git_dir
        self.display = display
        self.access = access or Access()
        self.timeout_seconds = timeout_seconds
        # Where the remote said that it is now, without secrets.
        self.moved_to: str | None = None
        self._work_tree: Path | None = None
        self._index: Path | None = None

    def at_work_tree(self, root: Path, index: Path) -> Git:
        """Return git on the same repository with the work tree in `root`, whatever its configuration says of that."""
        git = Git(self.git_dir, display=self.display, access=self.access, timeout_seconds=self.timeout_seconds)
        git._work_tree, git._index = root, index
        return git

    def start(self, *arguments: str, network: bool = False, with_input: bool = False) -> GitProcess:
        """Start a git command. Without `network` no protocol is allowed, so nothing is fetched lazily either."""
        where = [f"--git-dir={self.git_dir}", *([f"--work-tree={self._work_tree}"] if self._work_tree else [])]
        command = ["git", *self._configuration(network), *where, *arguments]
        folder = self._work_tree or (self.git_dir if self.git_dir.is_dir() else self.git_dir.parent)
        environment = self._environment(network) | (_UNLITERAL if "check-ignore" in arguments else {})
        start = _start_with_library if network else _start_alone
        try:
            process = start(command, folder, environment, subprocess.PIPE if with_input else None)
        except FileNotFoundError as error:
            raise SourceError("git was not found; install git and make sure it is on the PATH.") from error
        return GitProcess(process)

    def run(
        self, *arguments: str, network: bool = False, content: bytes | None = None, stop_at: bytes | None = None
    ) -> Outcome:
        """Run a git command to its end, on `content` as its input; once its messages have `stop_at`, it is stopped.

        Raises SourceError when it shows no sign of life for `timeout_seconds`.
        """
        with self.start(*arguments, network=network, with_input=content is not None) as running:
            if content is not None:
                threading.Thread(target=_feed, args=(running.stdin, content), daemon=True).start()
            chunks: queue.SimpleQueue[tuple[bool, bytes]] = queue.SimpleQueue()
            for is_output, stream in ((True, running.stdout), (False, running.stderr)):
                threading.Thread(target=_pump, args=(stream, is_output, chunks), daemon=True).start()
            output, messages, open_streams = bytearray(), bytearray(), 2
            while open_streams:
                try:
                    is_output, chunk = chunks.get(timeout=self.timeout_seconds)
                except queue.Empty:
                    raise self._stalled(network) from None
                if not chunk:
                    open_streams -= 1
                elif is_output:
                    output += chunk
                else:
                    messages += chunk
                    if stop_at is not None and stop_at in messages:
                        running.stop()
                    del messages[:-_STDERR_KEPT_BYTES]
            status = running.process.wait()
        return Outcome(status, bytes(output), self.access.scrub(messages.decode("utf-8", "replace")))

    def require(self, *arguments: str, network: bool = False) -> bytes:
        """Run a git command and return its output; raise SourceError, explained and without secrets, when it fails."""
        outcome = self.run(*arguments, network=network)
        if outcome.status:
            raise self.failure(outcome.error_text)
        return outcome.output

    def failure(self, error_text: str) -> SourceError:
        """Return the error that explains what git said."""
        kind = UnreachableSourceError if may_pass(error_text) else SourceError
        return kind(self.access.scrub(explain_failure(error_text, self.display)))

    def _stalled(self, network: bool) -> SourceError:
        remedy = "check the network, or raise CODESEARCH_GIT_TIMEOUT_SECONDS."
        if not network:
            remedy = "raise CODESEARCH_GIT_TIMEOUT_SECONDS"
            remedy += ", or index what is committed." if self._work_tree else "."
        kind = UnreachableSourceError if network else SourceError
        return kind(f"git made no progress on {self.display} for {self.timeout_seconds:g} s and was stopped; {remedy}")

    def _configuration(self, network: bool) -> Iterable[str]:
        values = list(_CONFIGURATION.items())
        if network:
            seconds = str(max(1, int(self.timeout_seconds)))
            values += [("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", seconds)]
        if network and self.access.scope:
            # The empty value drops the person's own helpers: they would store what is not theirs to store. A helper for
            # one host, unlike an extra header, is never followed to another host by a redirect.
            values += [("credential.helper", ""), (f"credential.{self.access.scope}.helper", "")]
            values += [(f"credential.{self.access.scope}.helper", _CREDENTIAL_HELPER)]
        for key, value in values:
            yield "-c"
            yield f"{key}={value}"

    def _environment(self, network: bool) -> dict[str, str]:
        environment = dict(_ENVIRONMENT, GIT_ALLOW_PROTOCOL=NETWORK_PROTOCOLS if network else "none")
        if self._index is not None:
            # A hook that runs this, such as post-commit, has it set to an index of its own.
            environment["GIT_INDEX_FILE"] = str(self._index)
        if network and self.access.scope:
            environment[_USERNAME_VARIABLE] = self.access.username
            environment[_PASSWORD_VARIABLE] = self.access.password
        if network and self.access.ssh_key is not None:
            key = quote(str(self.access.ssh_key))
            environment["GIT_SSH_COMMAND"] = f"ssh -i {key} -o IdentitiesOnly=yes -o BatchMode=yes"
        return environment


def _start_alone(
    command: list[str], folder: Path, environment: dict[str, str], stdin: int | None
) -> subprocess.Popen[bytes]:
    """Start git, without a terminal to prompt at, in a group that can be killed as one."""
    return subprocess.Popen(
        command,
        cwd=folder if os.access(folder, os.X_OK) else None,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _start_with_library(
    command: list[str], folder: Path, environment: dict[str, str], stdin: int | None
) -> subprocess.Popen[bytes]:
    """Do the same by GitPython. Raises FileNotFoundError where git is missing."""
    try:
        # Here and not at the top: importing GitPython runs git, and fails where git is missing.
        from git import Git as Command
        from git.exc import GitCommandNotFound
    except ImportError as error:
        raise FileNotFoundError("git") from error
    try:
        wrapper = Command(str(folder)).execute(
            command, as_process=True, istream=stdin, env=environment, start_new_session=True
        )
    except GitCommandNotFound as error:
        raise FileNotFoundError("git") from error
    process = cast("subprocess.Popen[bytes]", wrapper.proc)
    wrapper.proc = None  # GitProcess ends it
    return process


def read_tokens(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the NUL-terminated tokens of a stream."""
    rest = b""
    while chunk := stream.read(_CHUNK_BYTES):
        *tokens, rest = (rest + chunk).split(b"\0")
        yield from tokens


def _feed(stream: IO[bytes], content: bytes) -> None:
    """Write a command's whole input, as far as it wants it."""
    with contextlib.suppress(OSError, ValueError), stream:
        stream.write(content)


def _pump(stream: IO[bytes], is_output: bool, chunks: queue.SimpleQueue[tuple[bool, bytes]]) -> None:
    """Hand on what a stream gives, then an empty chunk."""
    try:
        while chunk := os.read(stream.fileno(), _CHUNK_BYTES):
            chunks.put((is_output, chunk))
    except (OSError, ValueError):
        pass  # the process was stopped and its streams closed
    finally:
        chunks.put((is_output, b""))
