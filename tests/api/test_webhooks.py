"""`POST /webhooks/HOST`: who is believed, what is refreshed, what comes twice, and what strangers learn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from codesearch.api.management import Job, JobKind, JobRequest
from codesearch.api.webhooks import desk
from codesearch.api.webhooks.push import Host
from codesearch.api.webhooks.secret_list import SecretList
from codesearch.api.webhooks.signatures import identify_delivery
from codesearch.core.catalog.catalog import open_catalog
from codesearch.core.catalog.deliveries import Delivery
from codesearch.core.config import load_settings
from codesearch.core.errors import CatalogError, ConfigurationError, JobsUnavailableError, TooManyRequestsError
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.pushes import Pushes
from codesearch.jobs.queue import JobQueue
from tests.api.admin_pages import AdminPages, serve_admin_pages
from tests.api.api_client import ApiClient, ScriptedRetriever, build_app, read_error
from tests.unit.api.webhooks.senders import (
    OTHER_SECRET,
    SECRET,
    SENDERS,
    Pushed,
    Webhook,
    github,
    gitlab_signed,
    sign,
)

PLACE = "git.example.org/team/shop"
Send = Callable[[Pushed, str], Webhook]
every_sender = pytest.mark.parametrize("send", SENDERS.values(), ids=SENDERS)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminPages]:
    folder = tmp_path_factory.mktemp("webhooks")
    secrets = folder / "secrets"
    secrets.write_text(f"# of the team\n{OTHER_SECRET}\n", "utf-8")
    with serve_admin_pages(folder / "data", webhook_secrets=SECRET, webhook_secrets_file=secrets) as pages:
        yield pages


@pytest.fixture
def pages(service: AdminPages, monkeypatch: pytest.MonkeyPatch) -> AdminPages:
    """The service with sources of one repository: of its default branch, of a branch and of a tag; and of another."""
    monkeypatch.setattr("codesearch.api.webhooks.receiver.SOURCES_SECONDS", -1.0)
    service.reset()
    branches = {"shop": None, "shop-next": "next", "shop-v1": "v1"}
    for number, (name, branch) in enumerate(branches.items()):
        service.catalog.add_source(id=f"{number:024x}", name=name, location=f"https://{PLACE}", branch=branch)
    service.catalog.add_source(id="f" * 24, name="ledger", location="git@git.example.org:team/ledger.git")
    return service


def deliver(client: ApiClient, webhook: Webhook, **headers: str) -> httpx.Response:
    return client.request(
        "POST", f"/webhooks/{webhook.host}", content=webhook.body, headers={**webhook.headers, **headers}
    )


def jobs_of(pages: AdminPages) -> list[Job]:
    """Return the jobs after a worker has looked at what was pushed."""
    Pushes(pages.catalog, JobQueue(pages.assembly.job_database)).enqueue()
    return list(pages.assembly.jobs.list_jobs())


def refreshed(response: httpx.Response) -> list[str]:
    """Return the data sources that an answer names, after a look at its form."""
    body: dict[str, Any] = response.json()
    assert sorted(body) == ["data_sources", "message"]
    assert response.status_code == (202 if body["data_sources"] else 200)
    sources: list[str] = body["data_sources"]
    return sources


@every_sender
def test_a_push_refreshes_what_follows_its_branch(pages: AdminPages, send: Send) -> None:
    def push(reference: str, default: str | None, secret: str) -> list[str]:
        return refreshed(deliver(pages.client, send(Pushed(PLACE, reference, default, f"{reference} {send}"), secret)))

    assert push("refs/heads/main", "main", SECRET) == ["shop"]
    (job,) = jobs_of(pages)
    assert (job.request.kind, job.request.source_id) == (JobKind.REFRESH, f"{0:024x}")
    assert job.requested_by.startswith("webhook of ")
    # A secret of the file counts, too.
    assert "shop-next" in push("refs/heads/next", "main", OTHER_SECRET)
    assert push("refs/tags/v1", "main", SECRET) == ["shop-v1"]
    # The renamed default branch is the one that the payload names.
    assert push("refs/heads/trunk", "trunk", SECRET) == ["shop"]
    # Each waits once.
    assert sorted(job.request.title for job in jobs_of(pages)) == ["shop", "shop-next", "shop-v1"]


def test_jobs_are_the_same_as_those_of_the_page(pages: AdminPages) -> None:
    admin = pages.visit()
    assert admin.submit(f"/manage/sources/{0:024x}/refresh").status_code == 303
    (job,) = jobs_of(pages)
    assert refreshed(deliver(pages.client, github(Pushed(PLACE, delivery="page")))) == ["shop"]
    assert jobs_of(pages) == [job]


def test_a_burst_of_pushes_is_one_refresh(pages: AdminPages) -> None:
    for number in range(20):
        assert refreshed(deliver(pages.client, github(Pushed(PLACE, delivery=f"burst {number}")))) == ["shop"]
    (job,) = jobs_of(pages)
    assert job.request == JobRequest(JobKind.REFRESH, "shop", f"{0:024x}")


def test_what_nothing_follows_is_not_remembered(pages: AdminPages) -> None:
    """Of an organisation's webhook most may be; and a source that is added then gets what the host sends again."""
    webhook = github(Pushed("git.example.org/team/later", delivery="later"))
    assert refreshed(deliver(pages.client, webhook)) == []
    pages.catalog.add_source(id="e" * 24, name="later", location="https://git.example.org/team/later")
    assert refreshed(deliver(pages.client, webhook)) == ["later"]


@every_sender
def test_a_wrong_signature_is_401_whatever_it_names(pages: AdminPages, send: Send) -> None:
    answers = set()
    for place in (PLACE, "git.example.org/no/such"):
        webhook = send(Pushed(place, delivery=f"wrong {send}"), "not a secret of this service")
        answers.add(read_error(deliver(pages.client, webhook)))
    assert len(answers) == 1
    assert answers.pop()[:2] == (401, 1004)
    unsigned = pages.client.request("POST", f"/webhooks/{webhook.host}", content=webhook.body)
    assert read_error(unsigned)[:2] == (401, 1004)
    assert jobs_of(pages) == []
    # Nothing of it is remembered.
    assert refreshed(deliver(pages.client, send(Pushed(PLACE, delivery=f"wrong {send}"), SECRET))) == ["shop"]


@every_sender
def test_a_delivery_counts_once_for_every_process(pages: AdminPages, send: Send, tmp_path: Path) -> None:
    webhook = send(Pushed(PLACE, delivery=f"once {send}"), SECRET)
    assert refreshed(deliver(pages.client, webhook)) == ["shop"]
    again = deliver(pages.client, webhook)
    assert refreshed(again) == []
    assert "before" in again.json()["message"]
    # Another process of the same catalog.
    lower = {name.lower(): value for name, value in webhook.headers.items()}
    with open_catalog(pages.assembly.settings.resolved_database_url) as catalog:
        same = Delivery(identify_delivery(Host(webhook.host), lower, webhook.body), (), "webhook")
        assert catalog.take_deliveries(catalog.mark_sources(), lambda _: [same]) == set()


def test_what_is_no_business_of_ours_is_200(pages: AdminPages) -> None:
    assert refreshed(deliver(pages.client, github(Pushed(PLACE, delivery="ping"), event="ping"))) == []
    assert refreshed(deliver(pages.client, github(Pushed("git.example.org/no/such", delivery="none")))) == []
    assert refreshed(deliver(pages.client, github(Pushed(PLACE, "refs/heads/other", delivery="other")))) == []
    assert jobs_of(pages) == []


def test_another_default_branch_refreshes_what_follows_it(pages: AdminPages) -> None:
    assert refreshed(deliver(pages.client, github(Pushed(PLACE, delivery="default"), event="repository"))) == ["shop"]


def test_a_source_that_is_paused_is_refreshed_when_it_goes_on(pages: AdminPages) -> None:
    pages.catalog.set_paused("shop", True)
    answer = deliver(pages.client, github(Pushed(PLACE, delivery="paused")))
    assert refreshed(answer) == []
    assert "paused" in answer.json()["message"]
    assert jobs_of(pages) == []
    pages.catalog.set_paused("shop", False)
    (job,) = jobs_of(pages)
    assert (job.request.title, job.request.even_if_paused) == ("shop", False)
    assert refreshed(deliver(pages.client, github(Pushed(PLACE, delivery="not paused")))) == ["shop"]


def test_a_push_counts_that_comes_just_after_its_source_goes_on(
    pages: AdminPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the service knows of sources may be a moment old."""
    pages.catalog.set_paused("shop", True)
    deliver(pages.client, github(Pushed(PLACE, "refs/heads/other", delivery="looks")))
    monkeypatch.setattr("codesearch.api.webhooks.receiver.SOURCES_SECONDS", 3600.0)
    pages.catalog.set_paused("shop", False)
    deliver(pages.client, github(Pushed(PLACE, delivery="just after")))
    assert [job.request.title for job in jobs_of(pages)] == ["shop"]


@pytest.fixture
def late(pages: AdminPages, monkeypatch: pytest.MonkeyPatch) -> AdminPages:
    """The service when it has just looked which sources there are, and does not look again for an hour."""
    deliver(pages.client, github(Pushed(PLACE, "refs/heads/other", delivery="looks")))
    monkeypatch.setattr("codesearch.api.webhooks.receiver.SOURCES_SECONDS", 3600.0)
    return pages


def test_a_push_counts_that_comes_just_after_its_source_was_added(late: AdminPages) -> None:
    """Another process may have added it."""
    with open_catalog(late.assembly.settings.resolved_database_url) as elsewhere:
        elsewhere.add_source(id="a" * 24, name="new", location="https://git.example.org/team/new.git")
        answer = deliver(late.client, github(Pushed("git.example.org/team/new", delivery="just added")))
        assert refreshed(answer) == ["new"]
        # One more of a repository that others follow already.
        elsewhere.add_source(id="b" * 24, name="shop-docs", location=f"https://{PLACE}", subdir="docs")
        answer = deliver(late.client, github(Pushed(PLACE, delivery="of two")))
        assert refreshed(answer) == ["shop", "shop-docs"]
        # As many as before, but another one.
        elsewhere.remove_source("new")
        elsewhere.add_source(id="c" * 24, name="newer", location="https://git.example.org/team/newer.git")
        answer = deliver(late.client, github(Pushed("git.example.org/team/newer", delivery="in its place")))
        assert refreshed(answer) == ["newer"]
    assert {job.request.title for job in jobs_of(late)} == {"shop", "shop-docs", "newer"}


def test_a_push_counts_whose_source_is_added_while_it_is_noted(
    late: AdminPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the catalog at the moment at which the push is noted there."""
    take = type(late.catalog).take_deliveries

    def take_late(catalog: Any, *arguments: Any) -> Any:
        catalog.add_source(id="a" * 24, name="new", location=f"https://{PLACE}", subdir="src")
        return take(catalog, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(type(late.catalog), "take_deliveries", take_late)
        assert refreshed(deliver(late.client, github(Pushed(PLACE, delivery="meanwhile")))) == ["shop", "new"]
    assert {job.request.title for job in jobs_of(late)} == {"new", "shop"}


def test_gitlab_may_sign_with_the_time(pages: AdminPages) -> None:
    now = time.time()
    assert refreshed(deliver(pages.client, gitlab_signed(Pushed(PLACE, delivery="signed"), at=now))) == ["shop"]
    old = gitlab_signed(Pushed(PLACE, delivery="old"), at=now - 3600)
    assert read_error(deliver(pages.client, old))[:2] == (401, 1004)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"ref": "refs/heads/main"}'])
def test_a_genuine_webhook_that_cannot_be_read_is_400(pages: AdminPages, body: bytes) -> None:
    headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={sign(body)}"}
    assert read_error(deliver(pages.client, Webhook("github", headers, body)))[:2] == (400, 1001)


def test_a_body_is_bounded_before_it_is_read(pages: AdminPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codesearch.api.routes.webhooks.MAX_BODY_BYTES", 1 << 20)
    large = github(Pushed(PLACE, delivery="large", extra={"commits": "x" * (1 << 20)}))
    assert read_error(deliver(pages.client, large))[:2] == (413, 1001)

    async def parts() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    headers = {"X-Hub-Signature-256": "sha256=0"}
    unsized = pages.client.request("POST", "/webhooks/github", content=parts(), headers=headers)
    assert read_error(unsized)[:2] == (413, 1001)
    declared = {"X-Hub-Signature-256": "sha256=0", "Content-Length": "9" * 12}
    assert read_error(pages.client.request("POST", "/webhooks/github", content=b"{}", headers=declared))[:2] == (
        413,
        1001,
    )


def test_what_all_send_at_once_is_bounded_and_given_back(pages: AdminPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MAX_BYTES_IN_ALL", 10_000)
    small = Pushed(PLACE, delivery="small")
    for number in range(30):
        assert deliver(pages.client, github(Pushed(PLACE, delivery=f"small {number}"))).status_code == 202
    large = github(Pushed(PLACE, delivery="large", extra={"commits": "x" * 20_000}))
    refused = deliver(pages.client, large)
    assert read_error(refused)[:2] == (429, 1005)
    assert refused.headers["Retry-After"]
    assert refreshed(deliver(pages.client, github(small))) == ["shop"]


def test_where_no_more_jobs_are_taken_a_push_waits(pages: AdminPages, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("codesearch.jobs.queue.MAX_QUEUED", 1)
        other = pages.assembly.jobs.submit(JobRequest(JobKind.REFRESH, "another", "e" * 24), "admin")
        assert refreshed(deliver(pages.client, github(Pushed(PLACE, delivery="full")))) == ["shop"]
        with pytest.raises(TooManyRequestsError):
            jobs_of(pages)
    # Not at once: other workers do not try the same meanwhile.
    assert jobs_of(pages) == [other]
    monkeypatch.setattr("codesearch.core.catalog.deliveries.CLAIM_SECONDS", -1.0)
    assert {job.request.title for job in jobs_of(pages)} == {"another", "shop"}


def test_where_the_jobs_are_away_a_push_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = "postgresql://me:hush@127.0.0.1:9/none"
    with serve_admin_pages(tmp_path / "data", jobs_url=away, webhook_secrets=SECRET) as pages:
        pages.catalog.add_source(id="a" * 24, name="shop", location=f"https://{PLACE}")
        assert refreshed(deliver(pages.client, github(Pushed(PLACE, delivery="away")))) == ["shop"]
        with pytest.raises(JobsUnavailableError):
            jobs_of(pages)
        monkeypatch.setattr("codesearch.core.catalog.deliveries.CLAIM_SECONDS", -1.0)
        queue = JobQueue(JobDatabase(jobs_url(tmp_path)))
        Pushes(pages.catalog, queue).enqueue()
        assert [job.request.title for job in queue.list_jobs()] == ["shop"]
        assert not pages.catalog.has_pushes()
        queue.close()


def test_where_the_catalog_cannot_be_written_the_delivery_may_come_again(
    pages: AdminPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = github(Pushed(PLACE, delivery="locked"))
    with monkeypatch.context() as patch:
        patch.setattr(type(pages.catalog), "take_deliveries", refuse)
        assert read_error(deliver(pages.client, webhook))[0] >= 500
    assert refreshed(deliver(pages.client, webhook)) == ["shop"]


def refuse(*_: object) -> NoReturn:
    raise CatalogError("The catalog failed: it is locked.")


def test_other_hosts_and_methods_are_refused(pages: AdminPages) -> None:
    webhook = github(Pushed(PLACE))
    assert read_error(deliver(pages.client, Webhook("subversion", webhook.headers, webhook.body)))[:2] == (404, 1003)
    refused = pages.client.get("/webhooks/github")
    assert read_error(refused)[:2] == (405, 1001)
    assert refused.headers["Allow"] == "POST"


def test_without_a_secret_there_are_no_webhooks(client: ApiClient) -> None:
    nowhere = read_error(client.request("POST", "/webhook", content=b"{}"))
    assert read_error(deliver(client, github(Pushed(PLACE)))) == nowhere
    assert nowhere[:2] == (404, 1003)


def test_where_nothing_is_managed_there_are_none(retriever: ScriptedRetriever) -> None:
    with ApiClient(build_app(retriever, webhook_secrets=SECRET)) as client:
        assert read_error(deliver(client, github(Pushed(PLACE))))[:2] == (404, 1003)


def test_a_file_of_secrets_is_read_again(pages: AdminPages, tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    settings = load_settings(webhook_secrets_file=file)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        SecretList(settings)
    for wrong in (b"", b"# none\n", b"short\n", b"\xff\n"):
        file.write_bytes(wrong)
        with pytest.raises(ConfigurationError, match="CODESEARCH_WEBHOOK_SECRETS_FILE"):
            SecretList(settings)
    file.write_text(f"{SECRET}\n{OTHER_SECRET}\n", "utf-8")
    secrets = SecretList(settings)
    assert secrets.find() == (SECRET, OTHER_SECRET)
    file.write_text(f"  {OTHER_SECRET} \n", "utf-8")
    assert secrets.find() == (OTHER_SECRET,)
    # What cannot be read now is what it was.
    file.unlink()
    assert secrets.find() == (OTHER_SECRET,)


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"webhook_secrets: .*16 characters") as caught:
        load_settings(webhook_secrets="hush-hush")
    assert "hush-hush" not in caught.value.message
    assert SECRET not in repr(load_settings(webhook_secrets=SECRET))
