"""The pages for admins over real parts: a catalog without indexes, and jobs that wait, for the test has their turn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import httpx

from codesearch.access.opening import open_audit_log
from codesearch.api.app import create_app
from codesearch.api.deps import Services
from codesearch.assembly import Assembly
from codesearch.cli.management.opening import open_management
from codesearch.core.config import load_settings
from codesearch.core.keys import ApiKey
from indexer.chunking.version import CHUNKER_VERSION
from tests.api.api_client import ApiClient
from tests.api.page_visitor import PageVisitor, form_token_in


class Visit(PageVisitor):
    """Somebody who is signed in; forms are sent with the token of the session."""

    def __init__(self, client: ApiClient, secret: str) -> None:
        super().__init__(client)
        assert self.sign_in(secret).headers["location"] == "/"
        self._token = form_token_in(self.get("/").text)

    def read(self, path: str) -> str:
        """Return what a page that is there says."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return unescape(response.text)

    def submit(self, path: str, *, token: str | None = None, **fields: str | Sequence[str]) -> httpx.Response:
        """Send a form."""
        values: Mapping[str, str | Sequence[str]] = {"form_token": self._token if token is None else token, **fields}
        return self.send("POST", path, headers={}, data=values)


class AdminPages:
    """A service in this process, and visits to it."""

    def __init__(self, client: ApiClient, assembly: Assembly) -> None:
        self.client = client
        self.assembly = assembly
        self.catalog = assembly.catalog

    def reset(self) -> None:
        """Leave no source, organisation, workspace, job or key that opens anything."""
        for organisation in self.catalog.list_organisations():
            self.catalog.remove_organisation(organisation.id)
        for workspace in self.catalog.list_workspaces():
            self.catalog.remove_workspace(workspace.id)
        for source in self.catalog.list_sources():
            self.catalog.remove_source(source.id)
        for key in self.catalog.list_keys():
            if key.revoked_at is None:
                self.catalog.revoke_key(key.id)
        shutil.rmtree(self.assembly.settings.data_dir / "removals", ignore_errors=True)
        with self.assembly.job_database.asking() as engine:
            engine.delete_workflows([status.workflow_id for status in engine.list_workflows()])

    def find_key(self, name: str) -> ApiKey:
        """Return the key of that name that opens something."""
        return next(key for key in self.catalog.list_keys() if key.name == name and key.revoked_at is None)

    def visit(self, *, is_admin: bool = True, name: str = "boss") -> Visit:
        """Return the visit of somebody with a new key."""
        return Visit(self.client, self.catalog.create_key(name, is_admin=is_admin)[1])


@contextmanager
def serve_admin_pages(data_dir: Path, *, is_managed: bool = True, **settings: object) -> Iterator[AdminPages]:
    """Serve a data folder in this process, without a worker: jobs wait."""
    assembly = Assembly(load_settings(data_dir=data_dir, index_workers=1, **settings), CHUNKER_VERSION)
    management = open_management(assembly)
    audit = open_audit_log(assembly.settings)

    def close() -> None:
        if audit is not None:
            audit.close()
        assembly.close()

    def open_services(_: object) -> Services:
        retriever = assembly.retriever
        return Services(
            retriever,
            assembly.catalog,
            close,
            assembly.toolbox,
            retriever.turns,
            management if is_managed else None,
            audit=audit,
        )

    with ApiClient(create_app(assembly.settings, open_services)) as client:
        yield AdminPages(client, assembly)
