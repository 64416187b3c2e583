"""A push to a real git server, told by a webhook to a real service of two processes: the new lines are found."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import httpx

from tests.e2e.service import PATIENCE_SECONDS, Service, create_key, run_cli
from tests.unit.api.webhooks.senders import SECRET, Pushed, github, gitlab
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.source.git_server import GitServer


def wait_for_line(service: Service, text: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(text in record["content"] for record in service.records("shop", text)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_push_is_found_after_its_webhook(tmp_path: Path, origin: Repository, server: GitServer) -> None:
    data_dir, url = tmp_path / "data", f"http://{server.address}/shop.git"
    assert run_cli(data_dir, "index", url, index_workers="1").status == 0
    secret = create_key(data_dir, "reader")
    served = ("--workers", "2", "--jobs", "1")
    with Service(data_dir, secret, *served, index_workers="1", webhook_secrets=SECRET) as service:

        def tell(push: Pushed, secret: str = SECRET) -> httpx.Response:
            webhook = github(push, secret)
            return httpx.post(
                f"{service.url}/webhooks/{webhook.host}",
                content=webhook.body,
                headers=dict(webhook.headers),
                timeout=PATIENCE_SECONDS,
            )

        origin.commit({"coupon.py": "def redeem_coupon(code):\n    return code\n"})
        branch = origin.git("branch", "--show-current").strip()
        origin.git("push", "--quiet", "shop", branch)
        push = Pushed(url, f"refs/heads/{branch}", branch)
        assert tell(push, "no secret of this service").status_code == 401
        told = tell(push)
        assert told.status_code == 202, told.text
        assert told.json()["data_sources"] == ["shop"]
        wait_for_line(service, "def redeem_coupon")
        # Whichever process is asked.
        assert {tell(push).status_code for _ in range(6)} == {200}

        # The default branch gets another name, and goes on there.
        origin.git("branch", "--move", branch, "trunk")
        origin.commit({"refund.py": "def refund_order(order):\n    return order\n"})
        origin.git("push", "--quiet", "shop", "trunk")
        origin.git("--git-dir", str(tmp_path / "served" / "shop.git"), "symbolic-ref", "HEAD", "refs/heads/trunk")
        webhook = gitlab(Pushed(url, "refs/heads/trunk", "trunk", "renamed"))
        address = f"{service.url}/webhooks/gitlab"
        assert (
            httpx.post(
                address, content=webhook.body, headers=dict(webhook.headers), timeout=PATIENCE_SECONDS
            ).status_code
            == 202
        )
        wait_for_line(service, "def refund_order")


def test_a_push_that_was_answered_survives_the_service(tmp_path: Path, origin: Repository, server: GitServer) -> None:
    data_dir, url = tmp_path / "data", f"http://{server.address}/shop.git"
    assert run_cli(data_dir, "index", url, index_workers="1").status == 0
    secret = create_key(data_dir, "reader")
    origin.commit({"coupon.py": "def redeem_coupon(code):\n    return code\n"})
    branch = origin.git("branch", "--show-current").strip()
    origin.git("push", "--quiet", "shop", branch)
    webhook = github(Pushed(url, f"refs/heads/{branch}", branch))
    # Nobody who could do anything about it is there yet.
    with Service(data_dir, secret, "--jobs", "0", webhook_secrets=SECRET) as service:
        told = service.post(f"/webhooks/{webhook.host}", content=webhook.body, headers=webhook.headers)
        service.process.send_signal(signal.SIGKILL)
        assert told.status_code == 202, told.text
        service.process.wait(PATIENCE_SECONDS)
    with Service(data_dir, secret, "--jobs", "1", index_workers="1") as service:
        wait_for_line(service, "def redeem_coupon")
