"""Other processes of this machine: whether one is still there."""

from __future__ import annotations

import os


def is_alive(process_id: int) -> bool:
    """Say whether there is a process of this number; true where the system takes no harmless question."""
    if os.name != "posix":
        return True
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
