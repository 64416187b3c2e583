"""The pipe between the process that speaks MCP and the one that searches, with a small program at its other end."""

from __future__ import annotations

import asyncio
import sys

from codesearch.mcp.engine_process import EngineProcess
from codesearch.mcp.reply import Progress, Reply

# Answers by what it is asked; of "wait" it says only that it was cancelled, in the next answer.
PROGRAM = """
import os, sys, time
from codesearch.mcp.engine_loop import EngineLoop
from codesearch.mcp.reply import Progress, Reply, ToolListing

cancelled = []

def answer(name, arguments, work, report):
    if name == "fail":
        raise ZeroDivisionError
    if name == "die":
        os._exit(3)
    if name == "wait":
        while not work.is_cancelled:
            time.sleep(0.01)
        cancelled.append(name)
    report(Progress(1, 2, "half"))
    return Reply(f"{name} {arguments} {os.getpid()} {cancelled}")

loop = EngineLoop(sys.stdin.buffer, sys.stdout.buffer)
loop.announce([ToolListing("echo", "Echo", "Says it again", {"type": "object"}, 10)])
loop.run(answer)
"""


def test_calls_are_answered_cancelled_and_made_again() -> None:
    async def run(engine: EngineProcess) -> None:
        seen: list[Progress] = []

        async def report(progress: Progress) -> None:
            seen.append(progress)

        assert [listing.name for listing in await engine.list_tools()] == ["echo"]
        first, second = await asyncio.gather(*(engine.call("echo", {"a": number}, report) for number in (1, 2)))
        assert (first.text.startswith("echo {'a': 1}"), second.text.startswith("echo {'a': 2}")) == (True, True)
        assert seen == [Progress(1, 2, "half")] * 2
        assert await engine.call("fail", {}, report) == Reply("Internal error. The log says more.", is_error=True)
        waiting = asyncio.create_task(engine.call("wait", {}, report))
        await asyncio.sleep(0.1)
        waiting.cancel()
        while "['wait']" not in (await engine.call("echo", {}, report)).text:
            await asyncio.sleep(0.02)
        # It dies over this, twice; the next call finds another one.
        died = await engine.call("die", {}, report)
        assert died.is_error
        assert "has ended (exit status 3)" in died.text
        again = await engine.call("echo", {}, report)
        assert again.text.split()[2] != first.text.split()[3]

    engine = EngineProcess([sys.executable, "-c", PROGRAM])
    engine.start()
    try:
        asyncio.run(asyncio.wait_for(run(engine), 120))
    finally:
        engine.close()


def test_a_program_that_ends_at_once_is_an_answer() -> None:
    async def run(engine: EngineProcess) -> Reply:
        async def report(_: Progress) -> None:
            raise AssertionError

        try:
            return await engine.call("echo", {}, report)
        except Exception as error:
            return Reply(str(error), is_error=True)

    engine = EngineProcess([sys.executable, "-c", "raise SystemExit(5)"])
    engine.start()
    try:
        reply = asyncio.run(asyncio.wait_for(run(engine), 120))
    finally:
        engine.close()
    assert reply.is_error
    assert "has ended (exit status 5)" in reply.text
