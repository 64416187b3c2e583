"""Services that can be killed and started again, and who asks them all the while."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from benchmarks.faults.repositories import QUERY, generations_in
from benchmarks.services import STOP_SECONDS, connect, environment_of, free_port, post, wait_until_ready

_PAUSE_SECONDS = 0.2
_ANSWER_SECONDS = 60


class ServiceProcess:
    """One service that can be killed and started again."""

    def __init__(self, data_dir: Path, settings: dict[str, str]) -> None:
        self._data_dir, self._settings = data_dir, settings
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "codesearch.cli", "serve", "--port", str(self.port)]
        environment = environment_of(self._data_dir, {**self._settings, "CODESEARCH_LOG_LEVEL": "error"})
        # What it says of faults is not looked at; why it does not start is.
        with self._data_dir.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )
        wait_until_ready(self.port, self.process)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it, and all of its processes with it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)


class Asker:
    """Asks services about sources in turns, and keeps what must not be: mixtures, other states, nothing found.

    `allowed` has the generations that may answer, by source; `refusals` counts answers that are none, by service.
    """

    def __init__(self, services: Sequence[ServiceProcess], secret: str, allowed: Mapping[str, set[int]]) -> None:
        self._services, self._secret, self._allowed = services, secret, allowed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask_all, daemon=True)
        self.answered = 0
        self.refusals: list[Counter[str]] = [Counter() for _ in services]
        self.wrong: set[str] = set()

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask_all(self) -> None:
        while True:
            for source in self._allowed:
                for number in range(len(self._services)):
                    if self._stop.wait(_PAUSE_SECONDS):
                        return
                    self.ask(number, source)

    def ask(self, number: int, source: str) -> int | None:
        """Ask one service about one source; return the generation that answers, None where none does."""
        try:
            with closing(connect(self._services[number].port, _ANSWER_SECONDS)) as connection:
                body = {"knowledge_id": source, "query": QUERY}
                status, answer = post(connection, "/retrieval", self._secret, body)
            said = json.loads(answer)
        except (OSError, http.client.HTTPException) as error:
            self.refusals[number][type(error).__name__] += 1
            return None
        except ValueError:
            # Neither records nor the envelope of an error.
            self.wrong.add(f"{status}: {answer[:100]!r}")
            return None
        if status != 200:
            self.refusals[number][str(status)] += 1
            if "error_code" not in said:
                self.wrong.add(f"{status}: {answer[:100]!r}")
            return None
        return self._judge(source, said)

    def _judge(self, source: str, said: Mapping[str, list[dict[str, str]]]) -> int | None:
        found = generations_in(record["content"] for record in said["records"])
        if len(found) != 1 or not found <= self._allowed[source]:
            self.wrong.add(f"generations {sorted(found)} of {source} in one answer")
            return None
        self.answered += 1
        return found.pop()
