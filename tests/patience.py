"""How long a test waits for what a busy machine may do late: only for what would never end."""

from __future__ import annotations

PATIENCE_SECONDS = 300.0
