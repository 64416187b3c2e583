"""Signing in to the page: what the cookie holds and when it ends, forms of other sites, headers, errors for people."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from codesearch.core.errors import AuthenticationError
from codesearch.web.pages import HEADERS
from codesearch.web.session_secret import FILE_NAME
from codesearch.web.sessions import SESSION_SECONDS
from tests.api.api_client import KEY, ApiClient, OneKey, ScriptedRetriever, build_app
from tests.api.page_visitor import PageVisitor, form_token_in, problem_in


@pytest.fixture
def catalog() -> OneKey:
    return OneKey()


@pytest.fixture
def client(retriever: ScriptedRetriever, catalog: OneKey, tmp_path: Path) -> Iterator[ApiClient]:
    with ApiClient(build_app(retriever, catalog, data_dir=tmp_path)) as client:
        yield client


@pytest.fixture
def visitor(client: ApiClient) -> PageVisitor:
    return PageVisitor(client)


def test_who_is_not_signed_in_is_sent_to_the_form_and_back(visitor: PageVisitor) -> None:
    sent = visitor.get("/?q=retry&source=a%20b")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/login?next=%2F%3Fq%3Dretry%26source%3Da%2520b"
    form = visitor.get(sent.headers["location"])
    assert 'value="/?q=retry&amp;source=a%20b"' in form.text
    done = visitor.sign_in(KEY, "/?q=retry")
    assert (done.status_code, done.headers["location"]) == (303, "/?q=retry")
    assert visitor.get("/").status_code == 200


def test_the_cookie_is_not_for_scripts_nor_other_sites_and_does_not_hold_the_key(visitor: PageVisitor) -> None:
    cookie = visitor.sign_in(KEY).headers["set-cookie"]
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert flags == {"httponly", "samesite=lax", "path=/", f"max-age={SESSION_SECONDS}"}
    value = cookie.split("=", 1)[1].split(";")[0]
    assert KEY.encode() not in base64.urlsafe_b64decode(value.split(".")[0] + "==")


def test_behind_tls_the_cookie_is_for_tls_alone(visitor: PageVisitor) -> None:
    secure = PageVisitor(SecureClient(visitor.client))
    cookie = secure.sign_in(KEY).headers["set-cookie"]
    assert cookie.startswith("__Host-codesearch_")
    assert "Secure" in cookie


class SecureClient(ApiClient):
    """The same running application, asked over https."""

    def __init__(self, running: ApiClient) -> None:
        super().__init__(running.app)
        self._portal, self._state = running._portal, running._state

    async def _app_with_state(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super()._app_with_state({**scope, "scheme": "https"}, receive, send)


def test_a_wrong_key_is_said_at_the_field_and_never_shown_again(visitor: PageVisitor) -> None:
    answer = visitor.sign_in("cs_wrong", "/sources")
    assert answer.status_code == 401
    assert problem_in(answer.text) == "The API key is not valid."
    assert "cs_wrong" not in answer.text
    assert 'value="/sources"' in answer.text
    assert problem_in(visitor.sign_in("").text) == "Paste a key first."
    assert visitor.get("/").status_code == 303


def test_a_key_pasted_with_its_scheme_is_understood(visitor: PageVisitor) -> None:
    assert visitor.sign_in(f"Bearer {KEY}").status_code == 303


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example/", "/\t/evil.example", "javascript:alert(1)", "", "x"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(visitor: PageVisitor, target: str) -> None:
    token = form_token_in(visitor.get("/login").text)
    answer = visitor.post("/login", {"form_token": token, "key": KEY, "next": target})
    assert answer.headers["location"] == "/"


def test_a_key_that_opens_nothing_any_more_ends_its_sessions_at_once(visitor: PageVisitor, catalog: OneKey) -> None:
    visitor.sign_in(KEY)
    assert visitor.get("/").status_code == 200
    catalog.error = AuthenticationError("The API key has expired.")
    answer = visitor.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F")


def test_a_cookie_that_was_changed_opens_nothing(visitor: PageVisitor) -> None:
    visitor.sign_in(KEY)
    name, value = visitor.cookie.split("=", 1)
    payload, rest = value.split(".", 1)
    forged = base64.urlsafe_b64encode(b'{"id":"x","key":"k1"}').decode().rstrip("=")
    for broken in (f"{forged}.{rest}", payload, "x" * 5000, "", ".", "a.b.c"):
        visitor.cookie = f"{name}={broken}"
        assert visitor.get("/").status_code == 303


def test_a_session_ends_after_its_time(visitor: PageVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor.sign_in(KEY)
    monkeypatch.setattr("codesearch.web.sessions.SESSION_SECONDS", -1)
    assert visitor.get("/").status_code == 303


def test_signing_out(visitor: PageVisitor) -> None:
    visitor.sign_in(KEY)
    token = form_token_in(visitor.get("/").text)
    assert visitor.post("/logout", {"form_token": token}).headers["location"] == "/login"
    assert visitor.get("/").status_code == 303


def test_the_secret_is_the_owners_and_outlives_the_process(
    visitor: PageVisitor, retriever: ScriptedRetriever, tmp_path: Path
) -> None:
    visitor.sign_in(KEY)
    secret = tmp_path / FILE_NAME
    assert secret.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    # One application's end keeps the retriever of the tests from warming up, for which the next would wait.
    retriever.may_warm_up.set()
    with ApiClient(build_app(retriever, data_dir=tmp_path)) as other_process:
        visitor.client = other_process
        assert visitor.get("/").status_code == 200
    secret.unlink()
    retriever.may_warm_up.set()
    with ApiClient(build_app(retriever, data_dir=tmp_path)) as after_its_removal:
        visitor.client = after_its_removal
        assert visitor.get("/").status_code == 303


# --- Forms of other sites ---


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://service:1234"},
    ],
)
def test_forms_of_other_sites_are_refused(visitor: PageVisitor, headers: dict[str, str]) -> None:
    visitor.sign_in(KEY)
    token = form_token_in(visitor.get("/").text)
    answer = visitor.post("/logout", {"form_token": token}, **headers)
    assert answer.status_code == 403
    assert visitor.get("/").status_code == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://service"}, {}])
def test_forms_of_our_own_are_taken(visitor: PageVisitor, headers: dict[str, str]) -> None:
    visitor.sign_in(KEY)
    token = form_token_in(visitor.get("/").text)
    assert visitor.post("/logout", {"form_token": token}, **headers).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "InkiLCJ4.forged"])
def test_a_form_without_the_sessions_token_is_refused(visitor: PageVisitor, token: str) -> None:
    visitor.sign_in(KEY)
    assert visitor.post("/logout", {"form_token": token}).status_code == 403


def test_a_token_of_another_session_is_refused(client: ApiClient, visitor: PageVisitor) -> None:
    visitor.sign_in(KEY)
    other = PageVisitor(client)
    other.sign_in(KEY)
    token = form_token_in(other.get("/").text)
    assert visitor.post("/logout", {"form_token": token}).status_code == 403


def test_nobody_is_signed_in_by_a_form_of_another_site(client: ApiClient) -> None:
    stranger = PageVisitor(client)
    token = form_token_in(stranger.get("/login").text)
    victim = PageVisitor(client)
    answer = victim.post("/login", {"form_token": token, "key": KEY})
    assert answer.status_code == 403
    assert victim.get("/").status_code == 303


def test_what_is_no_form_is_refused(visitor: PageVisitor) -> None:
    visitor.sign_in(KEY)
    for body, kind, status in (
        (b"{}", "application/json", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"a&" * 300, "application/x-www-form-urlencoded", 400),
        (b"a" * 70_000, "application/x-www-form-urlencoded", 413),
    ):
        answer = visitor.send("POST", "/logout", headers={"Content-Type": kind}, content=body)
        assert answer.status_code == status, body[:10]


# --- Headers and errors ---


@pytest.mark.parametrize("path", ["/login", "/", "/sources", "/nothing-here", "/static/0/page.css"])
def test_every_answer_to_a_browser_has_the_headers(visitor: PageVisitor, path: str) -> None:
    answer = visitor.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)


def test_pages_have_no_script_or_style_of_their_own(visitor: PageVisitor) -> None:
    visitor.sign_in(KEY)
    for path in ("/", "/login", "/nothing-here"):
        page = visitor.get(path).text.lower()
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert " on" not in {part[:3] for part in page.split('"') if part.startswith(" on")}


def test_static_files_are_kept_for_good_under_the_name_of_their_content(visitor: PageVisitor) -> None:
    page = visitor.get("/login").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = visitor.get(address)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert visitor.get(address.replace("page.css", "..%2Fpages.py")).status_code == 404


def test_errors_are_pages_for_browsers_with_the_apis_words_and_status(visitor: PageVisitor) -> None:
    page = visitor.get("/nothing-here")
    plain = visitor.client.get("/nothing-here")
    assert (page.status_code, plain.status_code) == (404, 404)
    assert page.headers["content-type"].startswith("text/html")
    assert problem_in(page.text) == plain.json()["error_msg"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/retrieval", 405), ("POST", "/retrieval", 401)])
def test_the_api_answers_browsers_as_it_answers_all(visitor: PageVisitor, method: str, path: str, status: int) -> None:
    answer = visitor.send(method, path, headers={})
    assert answer.status_code == status
    assert sorted(answer.json()) == ["error_code", "error_msg"]


def test_what_nobody_foresaw_is_a_page_with_a_request_id(visitor: PageVisitor, retriever: ScriptedRetriever) -> None:
    visitor.sign_in(KEY)
    retriever.error = RuntimeError("secret detail")
    answer = visitor.get("/?source=anything&q=retry")
    assert answer.status_code == 500
    assert "request id" in problem_in(answer.text)
    assert "secret detail" not in answer.text


def test_the_cookie_is_no_key_of_the_api(visitor: PageVisitor) -> None:
    visitor.sign_in(KEY)
    assert visitor.send("POST", "/retrieval", headers={}, json={"knowledge_id": "a", "query": "b"}).status_code == 401
