"""JSON answers that cannot fail on what a repository's files or a client's text contain."""

from __future__ import annotations

import json

from fastapi.responses import JSONResponse


def encode_json(value: object) -> bytes:
    """Return compact UTF-8 JSON. Half a surrogate pair becomes `?`; NaN and infinities raise ValueError."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


class ApiResponse(JSONResponse):
    """Every answer of this service; takes a JSON value, or bytes that are JSON already."""

    def render(self, content: object) -> bytes:
        """Return the body."""
        return content if isinstance(content, bytes) else encode_json(content)
