"""The page over the indexed fixtures: what each address shows, to whom, and what it says of wrong input."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Iterator

import pytest

from codesearch.web.files import PAGE_CHARACTERS, PAGE_LINES
from codesearch.web.static_files import static_files
from tests.api.api_client import bearer
from tests.api.page_visitor import PageVisitor, form_token_in, problem_in
from tests.api.served_fixtures import NARROW, ServedFixtures, serve_fixtures
from tests.e2e.service import NAMES, copy_index, index_fixtures, run_cli

MAX_PAGE_BYTES = 300_000
LONG_FILE_LINES = 1_200


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFixtures]:
    folder = tmp_path_factory.mktemp("page")
    long = folder / "long-file"
    long.mkdir()
    body = "\n".join(f"def function_{number}():\n    return {number}\n" for number in range(LONG_FILE_LINES // 3))
    (long / "long.py").write_text(body)
    (long / "wide.json").write_text("\n".join(f'{{"k{n}": "{"v" * 3000}"}},' for n in range(60)))
    (long / 'a<b>&"c.py').write_text("x = '<script>alert(1)</script>'\n")
    data_dir = copy_index(index_fixtures(tmp_path_factory), folder / "data")
    assert run_cli(data_dir, "index", str(long), index_workers="1").status == 0
    with serve_fixtures(data_dir) as served:
        served.assembly.catalog.create_workspace("mixed", [NARROW, "orders-service"])
        served.assembly.catalog.add_source(id="f" * 24, location="/srv/never", name="never-indexed")
        yield served


def visit(served: ServedFixtures, key: str = "all") -> PageVisitor:
    visitor = PageVisitor(served.client)
    assert visitor.sign_in(served.keys[key]).status_code == 303
    return visitor


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def places_in(page: str) -> list[str]:
    return re.findall(r'data-copy="([^"]+:\d+)"', page)


# --- Search ---


def test_a_search_shows_what_the_api_answers(served: ServedFixtures) -> None:
    page = visit(served).get("/?source=orders-service&q=waiting+time+before+an+attempt&top_k=7").text
    body = {
        "knowledge_id": "orders-service",
        "query": "waiting time before an attempt",
        "retrieval_setting": {"top_k": 7, "score_threshold": 0},
    }
    answer = served.client.request("POST", "/retrieval", json=body, headers=bearer(served.keys["all"])).json()
    expected = [f"{item['metadata']['path']}:{item['metadata']['start_line']}" for item in answer["records"]]
    assert places_in(page) == expected
    assert len(expected) == 7
    first = answer["records"][0]
    assert f"{first['score']:.3f}" in page
    assert first["content"].splitlines()[0].strip() in text_of(page)


def test_the_request_to_copy_asks_the_same(served: ServedFixtures) -> None:
    query = "?source=orders-service&q=it%27s+%22retry%22&top_k=3&field=path&op=contains&value=orders&joined=or"
    page = visit(served).get(f"/{query}").text
    curl, dify = (html.unescape(text) for text in re.findall(r"<textarea[^>]*>([^<]*)</textarea>", page))
    words = shlex.split(curl.replace("\\\n", ""))
    body = json.loads(words[words.index("-d") + 1])
    assert words[2] == "http://service/retrieval"
    assert body == json.loads(dify)
    answer = served.client.request("POST", "/retrieval", json=body, headers=bearer(served.keys["all"]))
    records = answer.json()["records"]
    assert [f"{item['metadata']['path']}:{item['metadata']['start_line']}" for item in records] == places_in(page)


def test_conditions_filter_before_the_search(served: ServedFixtures) -> None:
    visitor = visit(served)
    one = visitor.get("/?source=mixed&q=balance&top_k=20&field=file_extension&op=in&value=.go").text
    assert {place.rpartition(":")[0].rpartition(".")[2] for place in places_in(one)} == {"go"}
    address = html.unescape(re.search(r'href="([^"]+)">Link to this search', one)[1])  # type: ignore[index]
    assert places_in(visitor.get(address).text) == places_in(one)
    none = visitor.get(
        "/?source=mixed&q=balance&field=path&op=is&value=nowhere&field=symbol&op=empty&value=&field=&op=is&value="
    ).text
    assert places_in(none) == []
    assert "Fewer conditions" in none
    assert none.count("data-condition>") == 3


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("q=x&source=orders-service&top_k=999", "top_k", "top_k must be a whole number from 1 to 100, not 999"),
        ("q=x&source=orders-service&top_k=many", "top_k", "not 'many'"),
        ("q=x&source=orders-service&score_threshold=nan", "score_threshold", "from 0 to 1, not 'nan'"),
        ("q=x&source=orders-service&field=path&op=before&value=1", "conditions", "Condition 1: operator 'before'"),
        ("q=x&source=orders-service&field=path&op=%3C%3E%3F&value=1", "conditions", "unknown comparison_operator"),
        ("q=x&source=orders-service&field=colour&op=is&value=1", "conditions", "unknown metadata field 'colour'"),
        ("q=x&source=nowhere", "source", "has the id or name 'nowhere'. The page Sources lists them."),
        ("q=x&source=never-indexed", "source", "No finished index yet"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(served: ServedFixtures, query: str, field: str, said: str) -> None:
    answer = visit(served).get(f"/?{query}")
    assert answer.status_code in (400, 404)
    assert f'id="problem-{field}"' in answer.text
    assert said in html.unescape(problem_in(answer.text))
    assert 'value="x"' in answer.text


def test_a_key_sees_only_what_it_may_read(served: ServedFixtures) -> None:
    visitor = visit(served, "narrow")
    for path in ("/", "/exact", "/sources"):
        page = visitor.get(path).text
        assert NARROW in page
        assert "orders-service" not in page
    refused = visitor.get("/?source=orders-service&q=retry")
    assert (refused.status_code, places_in(refused.text)) == (403, [])
    assert visitor.get("/file?source=orders-service&path=orders/retry.py").status_code == 403
    assert visitor.get("/tree?source=orders-service").status_code == 403
    assert places_in(visitor.get("/?source=mixed&q=retry").text)


def test_a_key_that_reads_nothing_is_told_what_to_do(served: ServedFixtures) -> None:
    visitor = visit(served, "none")
    for path in ("/", "/exact", "/sources"):
        assert "codesearch index https://" in visitor.get(path).text


def test_why_is_for_admin_keys(served: ServedFixtures) -> None:
    address = "/?source=orders-service&q=retry&why=1"
    assert "Log-odds" in visit(served, "admin").get(address).text
    plain = visit(served).get(address)
    assert plain.status_code == 200
    assert "Log-odds" not in plain.text


def test_a_revoked_key_ends_the_session(served: ServedFixtures) -> None:
    key, secret = served.assembly.catalog.create_key("short-lived")
    visitor = PageVisitor(served.client)
    visitor.sign_in(secret)
    assert visitor.get("/").status_code == 200
    served.assembly.catalog.revoke_key(key.id)
    assert visitor.get("/").status_code == 303


# --- Exact search ---


def test_exact_search_marks_every_match(served: ServedFixtures) -> None:
    visitor = visit(served)
    found = served.call("grep_search", query="balance", data_sources=[NARROW], case_sensitive=False, max_results=200)
    page = visitor.get(f"/exact?q=balance&source={NARROW}&ignore_case=1").text
    assert len(re.findall(r'aria-label="Line \d+"', page)) == len(found["obj"]["matches"]) > 5
    assert {text.lower() for text in re.findall(r"<mark>([^<]*)</mark>", page)} == {"balance"}
    words = visitor.get(f"/exact?q=%5Cw%2BBalance&source={NARROW}&regex=1&extensions=go").text
    assert all(re.fullmatch(r"\w+Balance", text) for text in re.findall(r"<mark>([^<]*)</mark>", words))


def test_exact_search_asks_all_sources_where_none_is_named(served: ServedFixtures) -> None:
    page = visit(served).get("/exact?q=README").text
    assert len({name for name in NAMES if f'<span class="soft">{name}</span>' in page}) > 1


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("q=(&regex=1", 400, "put a backslash before"),
        ("q=x&source=nowhere", 404, "'nowhere'. The page Sources lists them."),
        ("q=nowhere+at+all", 200, "“Ignore case” ignores it"),
        ("q=no[wW]here+at+all", 200, "“Regular expression” reads it"),
    ],
)
def test_wrong_expressions_and_nothing_found(served: ServedFixtures, query: str, status: int, said: str) -> None:
    answer = visit(served).get(f"/exact?{query}")
    assert answer.status_code == status
    assert said in (text_of(answer.text) if status == 200 else html.unescape(problem_in(answer.text)))
    if status == 200:
        assert "Nothing found" in answer.text


# --- Files ---


def test_a_file_has_its_lines_marks_and_outline(served: ServedFixtures) -> None:
    page = visit(served).get("/file?source=orders-service&path=orders/retry.py&lines=18-27").text
    lines = served.call("read_file", data_source="orders-service", path="orders/retry.py")["obj"]["content"].split("\n")
    shown = re.findall(r'<span class="text">(.*?)\n</span></span>', page, re.DOTALL)
    assert [text_of(line) for line in shown] == lines
    assert page.count('class="line marked"') == 10
    assert '<a href="#L19">Backoff</a>' in page or '<a href="#L18">Backoff</a>' in page
    assert '<a href="/tree?source=orders-service&amp;path=orders">orders</a>' in page


def test_a_long_file_comes_in_pages_of_lines(served: ServedFixtures) -> None:
    visitor = visit(served)
    page = visitor.get("/file?source=long-file&path=long.py").text
    assert page.count('class="line"') == PAGE_LINES
    seen = [int(number) for number in re.findall(r'id="L(\d+)"', page)]
    while match := re.search(r'<a href="([^"]+)">Lines after', page):
        page = visitor.get(html.unescape(match[1])).text
        seen += [int(number) for number in re.findall(r'id="L(\d+)"', page)]
    total = served.call("read_file", data_source="long-file", path="long.py")["obj"]["total_lines"]
    assert seen == list(range(1, total + 1))
    middle = visitor.get("/file?source=long-file&path=long.py&lines=700-701").text
    assert middle.count('class="line marked"') == 2


def test_lines_that_are_long_end_a_page_early_and_the_one_asked_for_is_on_it(served: ServedFixtures) -> None:
    page = visit(served).get("/file?source=long-file&path=wide.json&lines=45").text
    numbers = [int(number) for number in re.findall(r'id="L(\d+)"', page)]
    assert 45 in numbers
    assert len(numbers) <= PAGE_CHARACTERS // 3000 + 1


def test_names_and_texts_are_never_markup(served: ServedFixtures) -> None:
    visitor = visit(served)
    for path in (
        "/file?source=long-file&path=a%3Cb%3E%26%22c.py",
        "/?source=long-file&q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/exact?source=long-file&q=%3Cscript%3E",
        "/tree?source=long-file",
        "/tree?source=long-file&path=%3Cscript%3E",
        "/file?source=%3Cscript%3E&path=%3Cscript%3E",
        "/%3Cscript%3E",
    ):
        page = visitor.get(path).text
        assert "<script>" not in page
        assert "<b>" not in page


def test_a_file_that_is_not_indexed_says_why(served: ServedFixtures) -> None:
    answer = visit(served).get("/file?source=orders-service&path=nowhere.py")
    assert answer.status_code == 404
    assert "nowhere.py" in problem_in(answer.text)


def test_folders_lead_to_files(served: ServedFixtures) -> None:
    visitor = visit(served)
    top = visitor.get("/tree?source=orders-service").text
    assert "/tree?source=orders-service&amp;path=orders" in top
    assert (
        "/file?source=orders-service&amp;path=orders%2Fretry.py"
        in visitor.get("/tree?source=orders-service&path=orders").text
    )
    assert visitor.get("/tree?source=orders-service&path=nowhere").status_code == 404


# --- Sources ---


def test_sources_have_ids_states_counts_and_languages(served: ServedFixtures) -> None:
    page = visit(served).get("/sources").text
    items = served.call("get_data_sources", ready_only=False)["obj"]["data_sources"]
    for item in items:
        assert f'<code class="id">{item["id"]}</code>' in page
    ledger = next(item for item in items if item["name"] == NARROW)
    assert f"go {ledger['language_shares']['go'] * 100:.0f}%" in page
    assert sum(ledger["language_shares"].values()) <= 1.001
    assert '<span class="state pending">pending</span>' in page
    assert re.search(r'title="[^"]+">(less than a minute|\d+ (minute|hour)s?) ago</time>', page)


# --- What holds for all ---


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/file", 400),
        ("/file?source=orders-service&path=%00", 404),
        ("/file?source=orders-service&path=orders", 404),
        ("/file?source=orders-service&path=orders/retry.py&lines=0", 200),
        ("/file?source=orders-service&path=orders/retry.py&start=999999999", 200),
        ("/file?source=orders-service&path=orders/retry.py&lines=99999-3", 200),
        ("/tree?source=orders-service&path=../..", 404),
        ("/exact?q=%00", 200),
        (f"/exact?q={'x' * 5_000}", 400),
        ("/exact?q=a*&regex=1&source=orders-service", 200),
        (f"/?q={'x' * 40_000}", 400),
        ("/?q=%00", 400),
        ("/?q=%ff", 200),
        ("/?q=a&source=%00", 400),
        ("/?q=a&top_k=1e400", 400),
        (f"/?q=a{'&field=path' * 500}", 400),
        ("/sources?name=%00", 200),
    ],
)
def test_odd_addresses_are_answered(served: ServedFixtures, path: str, status: int) -> None:
    assert visit(served).get(path).status_code == status


PAGES = (
    "/",
    "/sources",
    "/?source=mixed&q=how+does+it+work&top_k=100&why=1",
    "/?source=long-file&q=numbers&top_k=100&why=1",
    "/exact?q=e",
    "/exact?q=e&source=long-file",
    "/exact?q=1&source=long-file",
    "/file?source=long-file&path=numbers_1.py",
    "/file?source=long-file&path=long.py",
    "/file?source=long-file&path=wide.json",
    "/tree?source=orders-service",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_all_it_loads_stays_small(served: ServedFixtures, path: str) -> None:
    page = visit(served, "admin").get(path)
    files = {file.url: file for file in static_files().values()}
    loaded = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    assert loaded <= set(files)
    assert len(page.content) + sum(len(files[url].content) for url in loaded) < MAX_PAGE_BYTES


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_has_no_code_of_its_own(served: ServedFixtures, path: str) -> None:
    page = visit(served, "admin").get(path).text
    assert not re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?!/static/)', page)
    assert not re.findall(r"<style|<[^>]+\s(?:style|on[a-z]+)=|<script>", page)
    assert form_token_in(page)


def test_head_is_answered_as_get(served: ServedFixtures) -> None:
    visitor = visit(served)
    for path in ("/", "/sources", "/exact", "/login"):
        assert visitor.send("HEAD", path, headers={}).status_code == visitor.get(path).status_code
