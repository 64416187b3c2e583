"""The application's type: a FastAPI whose OpenAPI document is made when somebody asks for it, requests included."""

from __future__ import annotations

import threading
from typing import Any

from fastapi import FastAPI

from codesearch.api.schemas import request_schemas


class Application(FastAPI):
    """A FastAPI that describes also the requests that are read by hand. Making the document takes 0.1 s of work."""

    def __init__(self, *, max_conditions: int, **options: Any) -> None:
        """`max_conditions` is how many conditions a request may have; `options` are FastAPI's."""
        super().__init__(**options)
        self._max_conditions = max_conditions
        self._describing = threading.Lock()
        self._document: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once; safe to call from many threads."""
        with self._describing:
            if self._document is None:
                document = super().openapi()
                schemas = document["components"]["schemas"]
                schemas.update(request_schemas(self._max_conditions))
                _leave_out_validation(document["paths"], schemas)
                self._document = document
            return self._document


def _leave_out_validation(paths: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Take out the answer that the framework would give to a wrong address: ours says 400, which is described."""
    for operations in paths.values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
