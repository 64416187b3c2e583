"""The process that opens the index and calls tools, seen from the one that speaks MCP: lines of JSON in pipes.

The two start at the same time, so that neither waits until the other's libraries are loaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from codesearch.mcp.reply import Progress, Reply, ToolListing

Report = Callable[[Progress], Awaitable[None]]

_ENDED = (
    "The process of codesearch that searches has ended (exit status {status}). The next call starts it again; "
    "`codesearch doctor` in a shell may say why."
)


@dataclass(slots=True)
class _Call:
    """A call that is under way: what came of it so far, the Reply last; None when the process ended."""

    came: asyncio.Queue[Progress | Reply | None] = field(default_factory=asyncio.Queue)


class EngineProcess:
    """Starts the process, and again where it has ended; hands calls to it. For one event loop, after `start`."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._listings: asyncio.Future[list[ToolListing]] | None = None
        self._calls: dict[int, _Call] = {}
        self._last_id = 0
        self._writing = threading.Lock()
        self._starting = asyncio.Lock()

    def start(self) -> None:
        """Start the process and return at once. No event loop is needed yet."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )

    async def list_tools(self) -> list[ToolListing]:
        """Return the tools, when the process has named them. Raises EngineEndedError when it ends before."""
        return await asyncio.shield(self._attach())

    async def call(self, name: str, arguments: Mapping[str, Any], report: Report) -> Reply:
        """Call a tool, report how far it is, and return its reply. Cancelling this cancels the call.

        Tools only read: a call over which the process ends is made once more.
        """
        for _ in range(2):
            async with self._starting:
                await self._ready()
            reply = await self._try(name, arguments, report)
            if reply is not None:
                return reply
        return self._describe_end()

    async def _try(self, name: str, arguments: Mapping[str, Any], report: Report) -> Reply | None:
        """Call a tool; return None when the process ends over it."""
        self._last_id += 1
        identifier = self._last_id
        call = self._calls[identifier] = _Call()
        try:
            if not await self._write({"id": identifier, "tool": name, "arguments": arguments}):
                return None
            while isinstance(item := await call.came.get(), Progress):
                await report(item)
            return item
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, ValueError):
                self._write_now({"cancel": identifier})
            raise
        finally:
            self._calls.pop(identifier, None)

    def close(self, patience_seconds: float = 2.0) -> None:
        """End the process: it ends when nobody is at the other end of its pipe."""
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join(patience_seconds)
        elif process.stdout is not None:
            process.stdout.close()

    async def _ready(self) -> None:
        """Wait for a living process; one that has ended is started again. Raises EngineEndedError."""
        with contextlib.suppress(EngineEndedError):
            await self.list_tools()
            if self._process is not None and self._process.poll() is None:
                return
        if self._reader is not None:
            # It ends the calls of the last process.
            await asyncio.to_thread(self._reader.join)
        self.close()
        self._listings = self._reader = None
        self.start()
        await self.list_tools()

    def _attach(self) -> asyncio.Future[list[ToolListing]]:
        """Begin to read what the process writes."""
        if self._listings is None:
            process, loop = self._process, asyncio.get_running_loop()
            if process is None or process.stdout is None:
                raise EngineEndedError(_ENDED.format(status="none"))
            listings = self._listings = loop.create_future()
            # Whoever asks for the tools is told; nobody has to.
            listings.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._reader = threading.Thread(
                target=self._read, args=(process, process.stdout, loop, listings), name="engine", daemon=True
            )
            self._reader.start()
        return self._listings

    def _read(
        self,
        process: subprocess.Popen[bytes],
        lines: IO[bytes],
        loop: asyncio.AbstractEventLoop,
        listings: asyncio.Future[list[ToolListing]],
    ) -> None:
        with lines, contextlib.suppress(RuntimeError):  # the event loop has ended
            for line in lines:
                loop.call_soon_threadsafe(self._dispatch, json.loads(line), listings)
            process.wait()
            loop.call_soon_threadsafe(self._end_calls, listings)

    def _dispatch(self, message: dict[str, Any], listings: asyncio.Future[list[ToolListing]]) -> None:
        if "tools" in message:
            listings.set_result([ToolListing(**item) for item in message["tools"]])
            return
        call = self._calls.get(message.pop("id"))
        if call is not None:
            kind = Reply if "text" in message else Progress
            call.came.put_nowait(kind(**message))

    def _end_calls(self, listings: asyncio.Future[list[ToolListing]]) -> None:
        if not listings.done():
            listings.set_exception(EngineEndedError(self._describe_end().text))
        for call in self._calls.values():
            call.came.put_nowait(None)

    def _describe_end(self) -> Reply:
        status = None if self._process is None else self._process.poll()
        return Reply(_ENDED.format(status=status), is_error=True)

    async def _write(self, message: Mapping[str, Any]) -> bool:
        """Write one line; False where nobody reads it any more."""
        try:
            await asyncio.to_thread(self._write_now, message)
        except (OSError, ValueError):
            return False
        return True

    def _write_now(self, message: Mapping[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise BrokenPipeError
        with self._writing:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()


class EngineEndedError(Exception):
    """The process ended before it named its tools."""
