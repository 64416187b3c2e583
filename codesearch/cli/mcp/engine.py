"""The engine's process: opens the data folder, calls the tools, and sees to the index of the client's folder."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.cli import output
from codesearch.cli.context import open_logging_assembly
from codesearch.cli.freshening import open_process_freshener
from codesearch.cli.limits import require_room_to_search
from codesearch.cli.mcp.folder import Folder, choose_folder
from codesearch.cli.mcp.local_index import LocalIndex, Standing
from codesearch.cli.wording import describe_error
from codesearch.core.config import Settings
from codesearch.core.errors import CodesearchError
from codesearch.mcp.engine_loop import EngineLoop, Report
from codesearch.mcp.listing import list_tools
from codesearch.mcp.replies import reply_to
from codesearch.mcp.reply import Reply
from codesearch.retrieval.turns import Work
from codesearch.tools.toolbox import TOOLS, Toolbox

# A client shows that a call goes on, but gives up some time: after this it is told how far the first index is.
FIRST_INDEX_SECONDS = 20.0
# Bringing an index up to date takes a core: the first answer goes first.
IDLE_SECONDS = 5.0
_DEFAULT_MAX_TOKENS = int(Settings.model_fields["mcp_max_tokens"].default)
# These say themselves which data source they mean.
_NAMING = ("data_source", "data_sources", "identifier", "identifiers")
_ANYWHERE = "get_data_sources"


def main(given: str = "") -> None:
    """Answer calls from stdin to stdout until stdin ends; `given` is the folder that the client named."""
    os.umask(0o077)
    incoming, outgoing = _take_pipes()
    loop = EngineLoop(incoming, outgoing)
    try:
        engine = Engine(open_logging_assembly(), choose_folder(given or None, Path.cwd()))
    except CodesearchError as error:
        output.print_error(describe_error(error))
        message = error.message
        loop.announce(list_tools(TOOLS, _DEFAULT_MAX_TOKENS))
        loop.run(lambda *_: Reply(message, is_error=True))
    else:
        loop.announce(list_tools(TOOLS, engine.max_tokens))
        engine.start()
        loop.run(engine.answer)
    # The run that indexes ends by itself when this process does.
    os._exit(0)


class Engine:
    """Calls the tools for one client on this machine."""

    def __init__(self, assembly: Assembly, folder: Folder) -> None:
        self._assembly = assembly
        self._folder = folder
        self._opening = threading.Lock()
        self._local: LocalIndex | None = None
        self.max_tokens = assembly.settings.mcp_max_tokens

    def start(self) -> None:
        """Open the parts beside the client's first messages, and see to the folder's index."""
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def answer(self, name: str, arguments: Mapping[str, Any], work: Work, report: Report) -> Reply:
        """Answer one call. Where the folder has no index yet, wait for it, or say how far it is."""
        try:
            toolbox, local = self._open()
            if local is not None and name != _ANYWHERE and not any(arguments.get(item) for item in _NAMING):
                standing = local.wait(FIRST_INDEX_SECONDS, report, lambda: not work.is_cancelled)
                if not standing.is_ready:
                    return self._describe(standing)
        except CodesearchError as error:
            return Reply(error.message, is_error=True)
        reply = reply_to(
            name,
            lambda: toolbox.call(name, LOCAL_PRINCIPAL, arguments, work, here=self._folder.here),
            self.max_tokens,
            is_local=True,
        )
        if local is None:
            return reply
        local.refresh()
        if name == _ANYWHERE and not (standing := local.look()).is_ready:
            # What is listed does not hold the folder yet.
            return Reply(f"{reply.text}\n[{self._tell(standing)}]", reply.is_error)
        return reply

    def _open(self) -> tuple[Toolbox, LocalIndex | None]:
        with self._opening:
            if self._local is None and self._folder.root is not None:
                require_room_to_search()
                assembly = self._assembly
                self._local = LocalIndex(self._folder, assembly.catalog, assembly.retriever.is_ready)
            # Opened here, where one thread at a time is.
            if self._assembly.retriever.freshener is None:
                self._assembly.retriever.freshener = open_process_freshener(self._assembly)
            return self._assembly.toolbox, self._local

    def _warm_up(self) -> None:
        """Open what the first call needs before it comes. What fails here fails there, with a message."""
        try:
            _, local = self._open()
            if local is not None and not local.look().is_ready:
                return
            self._assembly.retriever.warm_up()
        except CodesearchError as error:
            output.print_error(describe_error(error))
            return
        threading.Event().wait(IDLE_SECONDS)
        if local is not None:
            local.refresh()

    def _describe(self, standing: Standing) -> Reply:
        if standing.failure is not None:
            return Reply(self._tell(standing), is_error=True)
        return Reply(
            f"{self._tell(standing)} Nothing was searched yet: ask again in a minute, and use what else you have until "
            "then."
        )

    def _tell(self, standing: Standing) -> str:
        """Say in a sentence why the folder cannot be asked."""
        root, progress = self._folder.root, standing.progress
        if standing.failure is not None:
            return f"{root} could not be indexed: {standing.failure}"
        how_far = f" ({progress.message})" if progress is not None else ""
        return f"codesearch is indexing {root} for the first time{how_far}."


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Return stdin and stdout for the loop alone: what is printed goes to stderr, what reads finds nothing."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    return incoming, outgoing
