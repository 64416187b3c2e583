"""Runs a command of the operator's, bounded in time and output, and ends it with all that it has started."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from codesearch.core.redaction import redact

_BLOCK_BYTES = 65_536
_SHOWN_CHARACTERS = 300
_MAX_ERROR_BYTES = 65_536


def read_output(command: Sequence[str], seconds: float, max_bytes: int) -> bytes:
    """Return what a command prints on stdout; no shell reads it. Its stdin is empty.

    Raises OSError when it cannot be started, takes longer, prints more, or ends with another status than 0.
    """
    deadline = time.monotonic() + seconds
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        printed, errors = _read_both(process, deadline, max_bytes)
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise OSError(f"it took longer than {seconds:g} s") from None
    finally:
        _end(process)
    if status != 0:
        lines = errors.decode("utf-8", "replace").strip().splitlines()
        said = f": {redact(lines[-1])[:_SHOWN_CHARACTERS]}" if lines else ""
        raise OSError(f"it ended with status {status}{said}")
    return printed


def _read_both(process: subprocess.Popen[bytes], deadline: float, max_bytes: int) -> tuple[bytes, bytes]:
    """Return stdout and the beginning of stderr, both read to their ends. Raises TimeoutError, and OSError for more."""
    if process.stdout is None or process.stderr is None:
        raise OSError("it has no output")
    printed, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, printed)
        selector.register(process.stderr, selectors.EVENT_READ, errors)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                block = os.read(key.fd, _BLOCK_BYTES)
                if not block:
                    selector.unregister(key.fileobj)
                key.data.extend(block)
            if len(printed) > max_bytes:
                raise OSError(f"it printed more than {max_bytes} bytes")
            del errors[_MAX_ERROR_BYTES:]
    return bytes(printed), bytes(errors)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command's group, also what of it outlives the command."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
