"""The application over real parts: the indexed fixtures, with keys that read all of them, one, or everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from codesearch.access.opening import open_audit_log, open_door
from codesearch.api.app import create_app
from codesearch.api.deps import Services
from codesearch.assembly import Assembly
from codesearch.core.config import load_settings
from indexer.chunking.version import CHUNKER_VERSION
from tests.api.api_client import ApiClient, bearer

NARROW = "ledger-go"


@dataclass(frozen=True)
class ServedFixtures:
    """A client of the application, and the secrets of its keys by name: all, narrow (NARROW alone), admin, none."""

    client: ApiClient
    assembly: Assembly
    app: FastAPI
    keys: Mapping[str, str]

    def post(self, tool: str, arguments: object, key: str = "all") -> httpx.Response:
        """Call a tool over HTTP."""
        return self.client.request("POST", f"/api/tools/{tool}", json=arguments, headers=bearer(self.keys[key]))

    def call(self, tool: str, key: str = "all", **arguments: object) -> dict[str, Any]:
        """Call a tool that answers, and return its answer after a look at its form."""
        response = self.post(tool, arguments, key)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        assert sorted(answer) == ["obj", "rendered"]
        return answer


@contextmanager
def serve_fixtures(
    data_dir: Path, prepare: Callable[[Assembly], object] = lambda assembly: None, **settings: object
) -> Iterator[ServedFixtures]:
    """Serve a data folder in this process; keys are added to its catalog. `prepare` may give its parts first."""
    assembly = Assembly(load_settings(data_dir=data_dir, index_workers=1, **settings), CHUNKER_VERSION)
    prepare(assembly)
    catalog = assembly.catalog
    narrow = frozenset({catalog.get_source(NARROW).id})
    keys = {
        name: catalog.create_key(name, source_ids=sources, is_admin=is_admin)[1]
        for name, sources, is_admin in (
            ("all", None, False),
            ("narrow", narrow, False),
            ("admin", None, True),
            ("none", frozenset[str](), False),
        )
    }

    def open_services(_: object) -> Services:
        retriever, door = assembly.retriever, open_door(assembly.settings, catalog)
        audit = open_audit_log(assembly.settings)
        telemetry = assembly.open_telemetry()

        def close() -> None:
            door.close()
            if audit is not None:
                audit.close()
            assembly.close()

        return Services(
            retriever,
            catalog,
            close,
            assembly.toolbox,
            retriever.turns,
            door=door,
            audit=audit,
            telemetry=telemetry,
        )

    app = create_app(assembly.settings, open_services)
    with ApiClient(app) as client:
        yield ServedFixtures(client, assembly, app, keys)
