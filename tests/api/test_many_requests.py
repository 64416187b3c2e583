"""Many requests at once, clients that leave, budgets: on real connections, with a search that waits to be let go."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest
import uvicorn

from codesearch.api.pacing import BYTES_PER_SECOND
from codesearch.api.retrieval_request import MAX_BODY_BYTES
from codesearch.core.errors import AuthenticationError
from codesearch.core.types import Hit, Principal, SearchQuery
from codesearch.retrieval.turns import Work
from tests.api.api_client import ASK, ApiClient, OneKey, ScriptedRetriever, bearer, build_app, read_error
from tests.api.waiting import Waiting, wait_until
from tests.patience import PATIENCE_SECONDS

PER_KEY, IN_ALL = 3, 5
REQUEST_SECONDS = 0.3


class TwoKeys(OneKey):
    """Knows two keys, one/... and two/..."""

    def authenticate(self, secret: str) -> Principal:
        if secret not in ("one", "two"):
            raise AuthenticationError("The API key is not valid.")
        return Principal(key_id=secret, name=secret, is_admin=False, source_ids=None)


@dataclass
class WaitingRetriever(Waiting, ScriptedRetriever):
    """Answers when it is let go on, or ends when the work is cancelled."""

    def retrieve(self, principal: Principal, query: SearchQuery, work: Work | None = None) -> list[Hit]:
        self.wait(work)
        return super().retrieve(principal, query, work)


@pytest.fixture
def retriever() -> WaitingRetriever:
    retriever = WaitingRetriever()
    retriever.may_warm_up.set()
    return retriever


@pytest.fixture
def port(retriever: WaitingRetriever) -> Iterator[int]:
    app = build_app(
        retriever,
        TwoKeys(),
        max_requests_per_key=PER_KEY,
        max_requests=IN_ALL,
        request_seconds=REQUEST_SECONDS,
        search_seconds=3,
    )
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="on"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    wait_until(lambda: server.started)
    yield listener.getsockname()[1]
    retriever.may_answer.set()
    server.should_exit = True
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


def post(port: int, key: str, **fields: object) -> httpx.Response:
    url = f"http://127.0.0.1:{port}/retrieval"
    return httpx.post(url, json={**ASK, **fields}, headers=bearer(key), timeout=PATIENCE_SECONDS, trust_env=False)


def test_a_key_over_its_share_is_told_to_come_again_and_others_are_answered(
    port: int, retriever: WaitingRetriever
) -> None:
    with ThreadPoolExecutor(IN_ALL) as pool:
        running = [pool.submit(post, port, "one") for _ in range(PER_KEY)]
        wait_until(lambda: len(retriever.works) == PER_KEY)
        refused = post(port, "one")
        assert read_error(refused)[:2] == (429, 1005)
        assert refused.headers["retry-after"] == "1"
        assert "CODESEARCH_MAX_REQUESTS_PER_KEY" in read_error(refused)[2]
        running += [pool.submit(post, port, "two") for _ in range(IN_ALL - PER_KEY)]
        wait_until(lambda: len(retriever.works) == IN_ALL)
        assert read_error(post(port, "two"))[:2] == (429, 1005)
        # What needs no search, and what is wrong, is answered all the same.
        assert read_error(post(port, "one", query=""))[:2] == (400, 1001)
        assert read_error(post(port, "three"))[:2] == (401, 1004)
        retriever.may_answer.set()
        assert [answer.result(PATIENCE_SECONDS).status_code for answer in running] == [200] * IN_ALL
    assert post(port, "one").status_code == 200


def test_the_budget_and_the_key_reach_the_search(port: int, retriever: WaitingRetriever) -> None:
    retriever.may_answer.set()
    assert post(port, "two").status_code == 200
    assert [(work.key, work.max_seconds) for work in retriever.works] == [("two", 3)]


def test_work_ends_when_its_clients_have_gone_and_makes_room(
    port: int, retriever: WaitingRetriever, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    body = json.dumps(ASK)
    head = f"POST /retrieval HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer one\r\nContent-Length: {len(body)}\r\n\r\n"
    with ExitStack() as clients:
        for _ in range(PER_KEY):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS))
            client.sendall((head + body).encode())
        wait_until(lambda: len(retriever.works) == PER_KEY)
    wait_until(lambda: len(retriever.ended) == PER_KEY)
    retriever.may_answer.set()
    wait_until(lambda: post(port, "one").status_code == 200)
    statuses = [getattr(record, "fields", {}).get("status") for record in caplog.records if hasattr(record, "fields")]
    assert statuses.count(499) == PER_KEY
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def test_half_a_body_is_answered_and_its_connection_closed(port: int) -> None:
    head = "POST /retrieval HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer one\r\nContent-Length: 500\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
        client.sendall(head.encode())
        answer = b""
        while part := client.recv(65_536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"error_code":1001' in answer
    assert b"1 bytes came" in answer


def test_waiting_for_the_pace_of_bodies_does_not_count_as_time(port: int) -> None:
    assert MAX_BODY_BYTES / BYTES_PER_SECOND > REQUEST_SECONDS
    body = b" " * MAX_BODY_BYTES
    with httpx.Client(timeout=PATIENCE_SECONDS, headers=bearer("one"), trust_env=False) as client:
        answers = [client.post(f"http://127.0.0.1:{port}/retrieval", content=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400] * 3


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ([{"name": "path", "comparison_operator": "is", "value": "x"}] * 4, ("4 conditions", "3", "MAX_CONDITIONS")),
        (
            [{"name": ["path", "title"], "comparison_operator": "in", "value": ["a", "b", "c"]}] * 2,
            ("conditions[1]", "12 values", "10", "MAX_CONDITION_VALUES"),
        ),
    ],
)
def test_limits_of_conditions_are_settings_and_say_what_was_sent(conditions: object, said: tuple[str, ...]) -> None:
    retriever = ScriptedRetriever()
    retriever.may_warm_up.set()
    with ApiClient(build_app(retriever, max_conditions=3, max_condition_values=10)) as client:
        status, code, message = read_error(client.ask(metadata_condition={"conditions": conditions}))
        document = client.get("/openapi.json").json()
    assert (status, code) == (400, 1001)
    for part in said:
        assert part in message
    described = document["components"]["schemas"]["MetadataCondition"]["properties"]["conditions"]
    assert described["anyOf"][0]["maxItems"] == 3
    assert retriever.asked == []


def test_a_large_body_is_read_in_the_keys_own_turn() -> None:
    retriever = ScriptedRetriever()
    retriever.may_warm_up.set()
    with ApiClient(build_app(retriever)) as client:
        many = [{"name": "path", "comparison_operator": "in", "value": ["x" * 50] * 900}]
        assert client.ask(metadata_condition={"conditions": many}).status_code == 200
        status, code, message = read_error(client.ask(metadata_condition={"conditions": [*many, {"name": "nothing"}]}))
    assert (status, code) == (400, 1001)
    assert "nothing" in message
    assert len(retriever.asked) == 1


def test_a_key_over_its_rate_is_told_when_to_come_again_and_what_is_wrong_does_not_count() -> None:
    retriever = ScriptedRetriever()
    retriever.may_warm_up.set()
    with ApiClient(build_app(retriever, TwoKeys(), max_requests_per_minute=2, max_request_burst=2)) as client:

        def ask(key: str, **fields: object) -> httpx.Response:
            return client.request("POST", "/retrieval", json={**ASK, **fields}, headers=bearer(key))

        assert [ask("one", query="").status_code for _ in range(3)] == [400] * 3
        assert [ask("one").status_code for _ in range(2)] == [200] * 2
        refused = ask("one")
        status, code, message = read_error(refused)
        assert (status, code) == (429, 1005)
        assert "2 requests a minute" in message
        assert "CODESEARCH_MAX_REQUESTS_PER_MINUTE" in message
        assert 20 < int(refused.headers["retry-after"]) <= 30
        assert ask("two").status_code == 200
        tool = client.request("POST", "/api/tools/get_data_sources", json={}, headers=bearer("one"))
        assert tool.status_code == 429
    assert len(retriever.asked) == 3
