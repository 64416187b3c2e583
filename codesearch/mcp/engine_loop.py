"""The other end of EngineProcess: reads calls from a pipe, answers each in a thread, writes progress and replies.

Ends when its input does.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import IO, Any

from codesearch.mcp.reply import Progress, Reply, ToolListing
from codesearch.retrieval.turns import Work

logger = logging.getLogger(__name__)

Report = Callable[[Progress], None]
Answer = Callable[[str, Mapping[str, Any], Work, Report], Reply]


class EngineLoop:
    """Answers the calls of one client, several at once where it sends several."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._writing = threading.Lock()
        self._works: dict[int, Work] = {}

    def announce(self, listings: Sequence[ToolListing]) -> None:
        """Name the tools. To be done first, before what takes time."""
        self._write({"tools": [asdict(listing) for listing in listings]})

    def run(self, answer: Answer) -> None:
        """Answer calls until the input ends; then cancel what is still under way."""
        for line in self._incoming:
            message = json.loads(line)
            if "cancel" in message:
                if (work := self._works.get(message["cancel"])) is not None:
                    work.cancel()
                continue
            # One at a time works, by its turn; each may wait for an index.
            identifier = int(message["id"])
            self._works[identifier] = Work("local")
            arguments = (answer, identifier, message["tool"], message["arguments"])
            threading.Thread(target=self._answer, args=arguments, daemon=True).start()
        for work in list(self._works.values()):
            work.cancel()

    def _answer(self, answer: Answer, identifier: int, name: str, arguments: Mapping[str, Any]) -> None:
        work = self._works[identifier]

        def report(progress: Progress) -> None:
            self._write({"id": identifier, **asdict(progress)})

        try:
            reply = answer(name, arguments, work, report)
        except Exception:
            # Whoever waits for it is told something, whatever happened.
            logger.exception("Unforeseen error of a call to %s", name)
            reply = Reply("Internal error. The log says more.", is_error=True)
        try:
            self._write({"id": identifier, **asdict(reply)})
        except (OSError, ValueError):  # nobody reads it any more
            work.cancel()
        finally:
            self._works.pop(identifier, None)

    def _write(self, message: Mapping[str, Any]) -> None:
        with self._writing:
            self._outgoing.write(json.dumps(message).encode() + b"\n")
            self._outgoing.flush()
