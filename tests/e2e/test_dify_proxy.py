"""Dify's client through a real Squid: what docs/dify.md tells people to set works, and only that."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from tests.e2e.dify_client import BlockedError, DifyClient, GaveUpError
from tests.e2e.service import FIXTURES, PATIENCE_SECONDS, ROOT, Service, create_key, read_error, run_cli, source_ids
from tests.e2e.squid import NAMES, SQUID, Rules, Squid
from tests.e2e.tls import terminate_tls, write_certificate
from tests.unit.markdown_pages import table_under

pytestmark = pytest.mark.skipif(SQUID is None, reason="squid is not installed")

DIRECT = None
BEFORE = Rules("1.14")
SINCE = Rules("1.15")
DOCUMENTED_LIST = Rules("1.15", allowed_domains=(".marketplace.dify.ai", "code.internal", "10.1.2.3"))
BY_NAME = Rules("1.15", private_names=("code.internal",))
BY_ENDING = Rules("1.15", private_names=(".internal",))
BY_ADDRESS = Rules("1.15", private_addresses=("10.1.2.3",))
BY_NETWORK = Rules("1.15", private_addresses=("192.168.0.0/16", "10.1.0.0/16"))
BY_HOST = Rules("1.15", private_names=("other.internal", "host.docker.internal"))

NAME, ADDRESS, HOST = "http://code.internal:8000", "http://10.1.2.3:8000", "http://host.docker.internal:8000"
LOOPBACK, OTHER_ADDRESS, IPV6 = "http://127.0.0.1:{http}", "http://10.2.0.1:8000", "http://[fd00::1]:8000"
PUBLIC, LOW_PORT = "http://search.example.com", "http://search.example.com:81"
TLS_NAME, TLS_PUBLIC = "https://code.internal", "https://search.example.com"
TLS_OTHER_PORT = "https://code.internal:8443"

SAVED, FAILED = "saved", "failed to connect"
QUERY = "ledger entries"


def documented_ways() -> list[tuple[str, str]]:
    """Return endpoint and line of every row of the page's table, "" for none."""
    page = (ROOT / "docs" / "dify.md").read_text(encoding="utf-8")
    rows = table_under(page, "codesearch runs", "API endpoint", "Line in Dify's `.env`, from 1.15 on")
    return [(endpoint.strip("`"), "" if line == "none" else line.strip("`")) for _, endpoint, line in rows]


@dataclass(frozen=True)
class Link:
    """A service with two sources, behind TLS as well, and Dify's ways to it by the rules of its proxy."""

    service: Service
    known: str
    other: str
    narrow_key: str
    client_of: Callable[[Rules | None], DifyClient]
    squid_of: Callable[[Rules], Squid]

    def at(self, endpoint: str) -> str:
        """Return an endpoint with the service's port filled in."""
        return endpoint.format(http=self.service.port)

    def wait_for_log(self, text: str, times: int) -> None:
        """Wait until the service has logged a text so often, and not more often."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.service.logged.count(text) < times and time.monotonic() < deadline:
            time.sleep(0.02)
        assert self.service.logged.count(text) == times


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Link]:
    data_dir = tmp_path_factory.mktemp("dify") / "data"
    sources = [str(FIXTURES / name) for name in ("ledger-go", "ops-scripts")]
    assert run_cli(data_dir, "index", *sources, "--json", index_workers="1").status == 0
    ids = source_ids(data_dir)
    key, narrow = create_key(data_dir, "dify"), create_key(data_dir, "narrow", "--source", "ops-scripts")
    certificate = write_certificate(data_dir.parent, tuple(NAMES))
    with ExitStack() as stack:
        service = stack.enter_context(Service(data_dir, key))
        gateway_port = stack.enter_context(terminate_tls(certificate, service.port))
        trusted = ssl.create_default_context(cafile=str(certificate))
        squids: dict[Rules, Squid] = {}
        clients: dict[Rules | None, DifyClient] = {}

        def squid_of(rules: Rules) -> Squid:
            if rules not in squids:
                squids[rules] = stack.enter_context(Squid(rules, service.port, gateway_port))
            return squids[rules]

        def client_of(rules: Rules | None) -> DifyClient:
            if rules not in clients:
                clients[rules] = DifyClient(None if rules is None else squid_of(rules).url, trusted)
                stack.callback(clients[rules].close)
            return clients[rules]

        yield Link(service, ids["ledger-go"], ids["ops-scripts"], narrow, client_of, squid_of)


@pytest.mark.parametrize(
    ("rules", "endpoint", "said"),
    [
        pytest.param(BEFORE, ADDRESS, SAVED, id="1.14, private address"),
        pytest.param(BEFORE, LOOPBACK, SAVED, id="1.14, loopback"),
        pytest.param(BEFORE, NAME, SAVED, id="1.14, name of a private address"),
        pytest.param(BEFORE, PUBLIC, SAVED, id="1.14, public address"),
        pytest.param(BEFORE, TLS_NAME, SAVED, id="1.14, https on 443"),
        pytest.param(BEFORE, TLS_OTHER_PORT, FAILED, id="1.14, https on another port"),
        pytest.param(BEFORE, LOW_PORT, FAILED, id="1.14, http on a port below 1025"),
        pytest.param(SINCE, ADDRESS, FAILED, id="1.15, private address"),
        pytest.param(SINCE, LOOPBACK, FAILED, id="1.15, loopback"),
        pytest.param(SINCE, IPV6, FAILED, id="1.15, private IPv6 address"),
        pytest.param(SINCE, LOW_PORT, FAILED, id="1.15, http on a port below 1025"),
        pytest.param(SINCE, NAME, FAILED, id="1.15, name of a private address"),
        pytest.param(SINCE, HOST, FAILED, id="1.15, the host's own name"),
        pytest.param(SINCE, TLS_NAME, FAILED, id="1.15, https at a private address"),
        pytest.param(SINCE, PUBLIC, SAVED, id="1.15, public address"),
        pytest.param(SINCE, TLS_PUBLIC, SAVED, id="1.15, https at a public address"),
        pytest.param(DOCUMENTED_LIST, NAME, FAILED, id="1.15, name in allowed_domains"),
        pytest.param(DOCUMENTED_LIST, ADDRESS, FAILED, id="1.15, address in allowed_domains"),
        pytest.param(BY_NAME, NAME, SAVED, id="1.15, name in the list of names"),
        pytest.param(BY_NAME, TLS_NAME, SAVED, id="1.15, https, name in the list of names"),
        pytest.param(BY_NAME, TLS_OTHER_PORT, FAILED, id="1.15, https on another port, name in the list of names"),
        pytest.param(BY_NAME, HOST, FAILED, id="1.15, another name than the listed one"),
        pytest.param(BY_ENDING, NAME, SAVED, id="1.15, name under a listed one"),
        pytest.param(BY_ADDRESS, ADDRESS, SAVED, id="1.15, address in the list of addresses"),
        pytest.param(BY_ADDRESS, NAME, SAVED, id="1.15, name of a listed address"),
        pytest.param(BY_ADDRESS, OTHER_ADDRESS, FAILED, id="1.15, another address than the listed one"),
        pytest.param(BY_NETWORK, ADDRESS, SAVED, id="1.15, address in a listed network"),
        pytest.param(BY_NETWORK, OTHER_ADDRESS, FAILED, id="1.15, address outside of the listed networks"),
        pytest.param(BY_HOST, HOST, SAVED, id="1.15, the host's own name in the list of names"),
        pytest.param(BY_HOST, NAME, FAILED, id="1.15, a name that is not listed"),
    ],
)
def test_what_passes(link: Link, rules: Rules, endpoint: str, said: str) -> None:
    client, address = link.client_of(rules), link.at(endpoint)
    denied = link.squid_of(rules).logged.count("TCP_DENIED")
    assert client.save(address, link.service.key) == said
    if said == SAVED:
        response = client.ask(f"{address}/dify", link.service.key, link.known, QUERY)
        assert response.status_code == 200, response.text
        assert response.json()["records"]
    else:
        with pytest.raises((BlockedError, GaveUpError)):
            client.ask(address, link.service.key, link.known, QUERY)
        assert link.squid_of(rules).logged.count("TCP_DENIED") > denied


@pytest.mark.parametrize(("endpoint", "line"), documented_ways())
def test_what_the_page_says_to_set_is_enough_and_needed(link: Link, endpoint: str, line: str) -> None:
    """Each row of docs/dify.md: with its line from 1.15 on, without it before, and not without it from 1.15 on."""
    key = link.service.key
    for rules in (BEFORE, SINCE.with_setting(line)):
        assert link.client_of(rules).save(endpoint, key) == SAVED
        answer = link.client_of(rules).ask(endpoint, key, link.known, QUERY)
        first = answer.json()["records"][0]
        assert first["content"].startswith(first["metadata"]["path"])
    if line:
        assert link.client_of(SINCE).save(endpoint, key) == FAILED


@pytest.mark.parametrize(
    ("rules", "endpoint", "said", "arrives"),
    [
        pytest.param(DIRECT, LOOPBACK, SAVED, True, id="direct"),
        pytest.param(BEFORE, NAME, FAILED, False, id="http through 1.14"),
        pytest.param(BY_NAME, NAME, FAILED, False, id="http through 1.15"),
        pytest.param(BY_NAME, TLS_NAME, SAVED, True, id="https"),
    ],
)
def test_a_wrong_key(link: Link, rules: Rules | None, endpoint: str, said: str, arrives: bool) -> None:
    """Over http it looks like a broken connection, else it looks right: what tells is a question, and our log."""
    client, address, key = link.client_of(rules), link.at(endpoint), "cs_wrong"
    before = link.service.logged.count("status=401")
    assert client.save(address, key) == said
    if arrives:
        status, code, message = read_error(client.ask(address, key, link.known, QUERY))
        assert (status, code) == (401, 1004)
        assert message
    else:
        with pytest.raises(BlockedError):
            client.ask(address, key, link.known, QUERY)
    link.wait_for_log("status=401", before + 2)


@pytest.mark.parametrize(
    ("rules", "endpoint", "arrives"),
    [
        pytest.param(DIRECT, LOOPBACK, True, id="direct"),
        pytest.param(BY_NAME, NAME, False, id="http"),
        pytest.param(BY_NAME, TLS_NAME, True, id="https"),
    ],
)
def test_a_key_without_the_right(link: Link, rules: Rules | None, endpoint: str, arrives: bool) -> None:
    client, address = link.client_of(rules), link.at(endpoint)
    assert client.save(address, link.narrow_key) == SAVED
    before = link.service.logged.count("status=403")
    if arrives:
        assert read_error(client.ask(address, link.narrow_key, link.known, QUERY))[:2] == (403, 1002)
    else:
        with pytest.raises(BlockedError):
            client.ask(address, link.narrow_key, link.known, QUERY)
    link.wait_for_log("status=403", before + 1)


def test_what_the_proxy_refuses_is_not_in_our_log(link: Link) -> None:
    before = link.service.logged.count("status=401")
    assert link.client_of(SINCE).save(link.at(NAME), "cs_wrong") == FAILED
    link.client_of(DIRECT).save(link.at(LOOPBACK), "cs_wrong")
    link.wait_for_log("status=401", before + 1)


def test_an_endpoint_with_another_path_is_not_found(link: Link) -> None:
    assert link.client_of(BY_NAME).save(f"{NAME}/knowledge", link.service.key) == "not found"


def test_other_errors_arrive_over_http(link: Link) -> None:
    client, address = link.client_of(BY_NAME), link.at(NAME)
    assert read_error(client.ask(address, link.service.key, "nothing", QUERY))[:2] == (404, 1003)
    condition = {
        "logical_operator": "or",
        "conditions": [
            {"name": "language", "comparison_operator": "is", "value": "go"},
            {"name": "author", "comparison_operator": "is", "value": "me"},
        ],
    }
    response = client.ask(address, link.service.key, link.known, QUERY, metadata_condition=condition)
    status, code, message = read_error(response)
    assert (status, code) == (400, 1001)
    assert "author" in message
    assert "Valid fields: path, title" in message


def test_a_certificate_that_nobody_vouches_for(link: Link) -> None:
    client = DifyClient(link.squid_of(BEFORE).url, ssl.create_default_context())
    try:
        assert client.save(TLS_NAME, link.service.key) == FAILED
    finally:
        client.close()


def test_a_tool_is_imported_from_the_address_that_dify_reaches(link: Link) -> None:
    for rules, endpoint in ((BY_NAME, NAME), (SINCE, PUBLIC)):
        address = link.at(endpoint)
        document = link.client_of(rules).fetch(f"{address}/openapi.json").json()
        assert document["servers"] == [{"url": address}]
        assert "/api/search_code" in document["paths"]


def test_a_name_in_the_list_of_addresses_keeps_squid_from_starting(link: Link) -> None:
    with pytest.raises(AssertionError, match=r"Bad host/IP: 'nowhere\.invalid'"):
        link.squid_of(Rules("1.15", private_addresses=("nowhere.invalid",)))


def test_a_proxy_on_the_same_machine_says_that_it_speaks_tls(link: Link) -> None:
    headers = {"X-Forwarded-Proto": "https", "Host": "search.example.com"}
    document = httpx.get(f"{link.service.url}/openapi.json", headers=headers, trust_env=False).json()
    assert document["servers"] == [{"url": "https://search.example.com"}]
