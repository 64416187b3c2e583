"""An admin in a browser, before a real service of two processes and a real git server: a source's and a key's life."""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from codesearch.api.management import JobState
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.queue import JobQueue
from tests.e2e.service import PATIENCE_SECONDS, Service, create_key, run_cli, source_ids
from tests.unit.indexer.conftest import Repository, isolated_git
from tests.unit.indexer.source.git_server import GitServer, serve

__all__ = ["isolated_git"]

_JOB = re.compile(r'data-job="([^"]+)" data-told="([^"]*)" data-state="(\w+)"')


class Browser:
    """What a browser does without JavaScript."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(
            base_url=url, timeout=PATIENCE_SECONDS, follow_redirects=True, headers={"Accept": "text/html"}
        )
        self._token = ""

    def get(self, path: str) -> str:
        return self._keep(self._client.get(path))

    def send(self, path: str, **fields: str) -> str:
        return self._keep(self._client.post(path, data={"form_token": self._token, **fields}))

    def wait_for_job(self, is_reached: Callable[[str, str], bool]) -> tuple[str, str]:
        """Wait until what is told of the newest job, and its state, are as wanted; return its id and what is told."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            job, told, state = _JOB.findall(self.get("/manage/state"))[0]
            if is_reached(told, state):
                return job, told
            time.sleep(0.05)
        raise AssertionError(f"the job stays {told}")

    def wait_for_text(self, text: str) -> None:
        """Wait until what changes says this."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.get("/manage/state"):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def close(self) -> None:
        self._client.close()

    def _keep(self, response: httpx.Response) -> str:
        text = unescape(response.text)
        assert response.status_code == 200, text
        found = re.search(r'name="form_token" value="([^"]+)"', text)
        self._token = found[1] if found else self._token
        return text


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[GitServer, str]]:
    """A git server with one repository, and the address of one that takes a connection and says nothing."""
    origin = Repository(tmp_path / "origin")
    origin.commit({"shop/cart.py": "def add_to_cart(item):\n    return [item]\n", "README.md": "# Shop\n\nCarts.\n"})
    root = tmp_path / "served"
    root.mkdir()
    origin.git("clone", "--quiet", "--bare", str(origin.path), str(root / "shop.git"))
    with serve(root, None) as server, socket.create_server(("127.0.0.1", 0)) as silent:
        yield server, f"http://127.0.0.1:{silent.getsockname()[1]}/never.git"


def is_over(_: str, state: str) -> bool:
    return state in ("done", "failed", "cancelled")


def processes_with(text: str) -> list[str]:
    """Return the command lines of processes that are about this."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found


def test_an_admin_brings_a_source_in_and_out_and_gives_a_key(tmp_path: Path, hosts: tuple[GitServer, str]) -> None:
    data_dir = tmp_path / "data"
    secret = create_key(data_dir, "boss", "--admin")
    server, silent = hosts
    with Service(data_dir, secret, "--workers", "2", "--jobs", "1", index_workers="1") as service:
        browser = Browser(service.url)
        browser.get("/login")
        browser.send("/login", key=secret)
        browser.get("/manage")
        browser.send("/manage/sources", location=f"http://{server.address}/shop.git")
        _, told = browser.wait_for_job(is_over)
        assert told == "add shop: done. 2 files indexed, 0 removed."
        identifier = source_ids(data_dir)["shop"]
        records = service.records("shop", "add to cart")
        assert {record["metadata"]["path"] for record in records} == {"shop/cart.py", "README.md"}
        assert "ready" in browser.get("/manage")

        browser.send(f"/manage/sources/{identifier}/refresh")
        assert browser.wait_for_job(is_over)[1] == "refresh shop: done. Nothing changed."

        made = browser.send("/manage/keys", name="Dify", reads="some", source=identifier)
        given = re.findall(r"cs_[A-Za-z0-9_-]{43}", made)[0]
        assert service.ask("shop", "cart", key=given).status_code == 200
        key = next(item for item in run_cli(data_dir, "key", "list", "--json").json["keys"] if item["name"] == "Dify")
        browser.get(f"/manage/keys/{key['id']}/revoke")
        browser.send(f"/manage/keys/{key['id']}/revoke")
        assert service.ask("shop", "cart", key=given).status_code == 401

        browser.get(f"/manage/sources/{identifier}/remove")
        browser.send(f"/manage/sources/{identifier}/remove")
        assert service.ask("shop", "cart").status_code == 404
        assert browser.wait_for_job(is_over)[1] == "remove shop: done. Removed."
        assert not [path for path in data_dir.rglob(f"*{identifier}*") if path.suffix != ".lock"]

        stop_a_job(browser, silent)
        browser.send("/manage/sources", location=silent)
        browser.wait_for_text("reading the source")
        browser.close()
    if sys.platform == "linux":
        assert processes_with(silent) == []
    assert given not in service.logged
    assert secret not in service.logged
    assert "a key was created" in service.logged
    assert {path.stat().st_mode & 0o077 for path in data_dir.glob("jobs.sqlite3*")} == {0}
    queue = JobQueue(JobDatabase(jobs_url(data_dir)))
    last = queue.list_jobs()[0]
    queue.close()
    assert (last.request.title, last.state) == ("never", JobState.QUEUED)


def stop_a_job(browser: Browser, silent: str) -> None:
    """Stop one whose host says nothing."""
    browser.send("/manage/sources", location=silent)
    job, _ = browser.wait_for_job(lambda told, state: state == "running")
    browser.send(f"/manage/jobs/{job}/cancel")
    assert browser.wait_for_job(is_over)[1].startswith("add never: cancelled. Stopped on request.")
