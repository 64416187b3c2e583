"""What runs inside a worker process: takes tasks from its parent, one after the other, until there is no parent."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import MutableSequence
from multiprocessing.connection import Connection

from codesearch.core.embedding.loading import load_embedder
from indexer.batches import BatchIndexer, parse_limits
from indexer.chunking.languages.table import all_languages
from indexer.workers.limits import FileGuard, Marks, prepare_limits
from indexer.workers.tasks import MEMORY_STATUS, Failure, Step, Task, WorkerSettings

COLLECTION_THRESHOLD = 50_000


def prepare(settings: WorkerSettings) -> BatchIndexer:
    """Load the language tables and the model; whoever is forked afterwards has them too."""
    all_languages()
    return BatchIndexer(load_embedder(settings), settings)


def work(
    connection: Connection,
    settings: WorkerSettings,
    shared: MutableSequence[float],
    slot: int,
    prepared: BatchIndexer | None = None,
) -> None:
    """Answer the tasks that come over the connection; return when the other end is gone."""
    # Ctrl-C is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _silence_libraries()
    prepare_limits()
    # There is a worker for each core: threads of the tokenizer would only wait for one another.
    os.putenv("TOKENIZERS_PARALLELISM", "false")
    try:
        indexer = prepared or prepare(settings)
        indexer.guard = FileGuard(Marks(shared, slot), parse_limits(settings))
        # Parsing makes many objects and few cycles: looking for those seldom saves a twentieth of the time.
        gc.freeze()
        gc.set_threshold(COLLECTION_THRESHOLD, 20, 20)
        _answer_all(connection, indexer)
    except (EOFError, ConnectionError):
        return
    except MemoryError:
        os._exit(MEMORY_STATUS)


def _answer_all(connection: Connection, indexer: BatchIndexer) -> None:
    while True:
        task = connection.recv()
        try:
            answer = _answer(indexer, task)
        except MemoryError:
            # What it was at is half done: the tables of words may be, too.
            os._exit(MEMORY_STATUS)
        except Exception as error:
            answer = Failure(error)
        connection.send(answer)


def _answer(indexer: BatchIndexer, task: Task) -> object:
    chunked = indexer.chunk(task.files, task.reading, task.reason)
    return chunked if task.step is Step.CHUNK else indexer.embed(chunked, task.source_id)


def _silence_libraries() -> None:
    """Keep native code from writing its last words to the terminal: what a worker died of is reported in our own."""
    try:
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    except OSError:
        return
    sys.stderr = os.fdopen(kept, "w", buffering=1, errors="backslashreplace")
