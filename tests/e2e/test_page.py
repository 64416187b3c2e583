"""The page in a real browser on a real service: signing in, searching, keys, sharing, what axe and the console say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.service import Service, copy_index, create_key, index_fixtures

pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright  # noqa: E402

SEARCH = "/?source=orders-service&q=waiting+time+before+an+attempt&top_k=10"
PAGES = (
    "/login",
    "/",
    "/?source=orders-service&q=waiting+time+before+an+attempt&top_k=3&why=1&field=path&op=contains&value=orders",
    "/?source=orders-service&q=x&top_k=999",
    "/exact?q=balance&ignore_case=1&source=ledger-go",
    "/sources",
    "/tree?source=orders-service",
    "/file?source=orders-service&path=orders/retry.py&lines=18-27",
    "/manage",
    "/manage/keys",
    "/manage/workspaces",
    "/manage/organisations",
    "/docs",
    "/nowhere",
)
NARROW = {"width": 360, "height": 780}
WIDE = {"width": 1280, "height": 900}


@dataclass
class Browsing:
    """One browser, one service, and an admin key's cookies."""

    browser: Browser
    service: Service
    cookies: list[dict[str, object]] = field(default_factory=list)

    def context(self, *, signed_in: bool = True, **options: object) -> BrowserContext:
        context = self.browser.new_context(base_url=self.service.url, **options)  # type: ignore[arg-type]
        if signed_in:
            context.add_cookies(self.cookies)  # type: ignore[arg-type]
        return context


@pytest.fixture(scope="module")
def browsing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsing]:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("browser") / "data")
    key = create_key(data_dir, "browser", "--admin")
    with Service(data_dir, key, "--jobs", "1") as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        browsing = Browsing(browser, service)
        with browsing.context(signed_in=False) as context:
            page = context.new_page()
            page.goto("/")
            page.get_by_label("API key").fill(key)
            page.keyboard.press("Enter")
            page.wait_for_url("**/")
            browsing.cookies = [dict(cookie) for cookie in context.cookies()]
        yield browsing
        browser.close()


@pytest.fixture
def page(browsing: Browsing) -> Iterator[Page]:
    """A page of somebody who is signed in; nothing may be said on its console."""
    with browsing.context(viewport=WIDE) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
        assert said == []


def opened_lines(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browsing: Browsing, page: Page) -> None:
    (cookie,) = browsing.cookies
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    page.goto("/")
    assert page.evaluate("document.cookie") == ""


def test_the_way_from_the_form_to_an_answer_and_its_file(browsing: Browsing, page: Page) -> None:
    page.goto("/sources")
    page.get_by_role("link", name="orders-service").click()
    page.get_by_label("Question").fill("waiting time before an attempt")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-result]")
    # The address says what was asked, and nothing that was not.
    assert parse_qs(urlsplit(page.url).query) == {"q": ["waiting time before an attempt"], "source": ["orders-service"]}
    first = page.locator("[data-result] [data-open]").first
    place = first.inner_text()
    first.click()
    assert page.locator("h1").inner_text() in place
    line = place.rpartition(":")[2].partition("-")[0]
    assert page.url.endswith(f"#L{line}")
    assert page.locator(f"#L{line}").is_visible()


def test_keys(page: Page) -> None:
    page.goto(SEARCH)
    places = page.locator("[data-result] [data-open]").all_inner_texts()
    assert len(places) == 10
    seen = []
    for key in ("j", "j", "ArrowDown", "k", "ArrowUp"):
        page.keyboard.press(key)
        seen.append(opened_lines(page))
    assert seen == [places[0], places[1], places[2], places[1], places[0]]
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("j?")
    assert page.locator("#q").input_value() == "j?"
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/file?**")


def test_what_is_copied(browsing: Browsing) -> None:
    with browsing.context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.goto(SEARCH)
        page.get_by_text("Copy this search as a request").click()
        page.get_by_role("button", name="Copy as a Dify request").click()
        page.get_by_role("button", name="Copied").wait_for()
        body = json.loads(page.evaluate("navigator.clipboard.readText()"))
        assert body["query"] == "waiting time before an attempt"
        page.get_by_role("button", name="Copy path:line").first.click()
        page.get_by_role("button", name="Copied").first.wait_for()
        place = page.locator("[data-open]").first.inner_text().removeprefix("orders-service ").rpartition("-")[0]
        assert page.evaluate("navigator.clipboard.readText()") == place


def test_conditions_can_be_added(page: Page) -> None:
    page.goto("/?source=orders-service&q=retry")
    page.get_by_text("Settings and conditions").click()
    page.get_by_role("button", name="Add a condition").click()
    rows = page.locator("[data-condition]")
    assert rows.count() == 2
    for place, value in ((0, "orders"), (1, "retry")):
        rows.nth(place).get_by_label("Field").select_option("path")
        rows.nth(place).get_by_label("Operator").select_option("contains")
        rows.nth(place).get_by_label("Value").fill(value)
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url("**field=path**")
    assert page.locator("[data-result]").count() > 0
    assert all("orders/retry.py" in text for text in page.locator("[data-open]").all_inner_texts())


def test_a_job_is_followed_without_loading_the_page_again(page: Page) -> None:
    page.goto("/manage")
    with page.expect_navigation():
        page.get_by_role("button", name="Refresh ledger-go").click()
    page.evaluate("window.isStillHere = true")
    page.locator(".job", has_text="refresh ledger-go").locator(".badge.done").wait_for()
    assert "Nothing changed." in page.locator(".job").first.inner_text()
    assert page.locator("#status").inner_text() == "refresh ledger-go: done. Nothing changed."
    assert page.evaluate("window.isStillHere")


def test_a_source_is_scheduled_and_paused(page: Page) -> None:
    page.goto("/manage")
    page.get_by_role("link", name="Change ledger-go").click()
    page.get_by_label("Refresh it every so many minutes").fill("45")
    page.get_by_label("paused: no schedule").check()
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name="ledger-go")
    row.get_by_text("paused").wait_for()
    page.get_by_role("link", name="Change ledger-go").click()
    assert page.get_by_label("Refresh it every so many minutes").input_value() == "45"
    page.get_by_label("paused: no schedule").uncheck()
    page.get_by_role("button", name="Save").click()
    row.get_by_text("every 45 min").wait_for()
    page.get_by_role("link", name="Change ledger-go").click()
    page.get_by_role("button", name="Merge now").click()
    page.locator(".job", has_text="merge ledger-go").locator(".badge.done").wait_for()
    assert "Nothing to merge: 1 segment." in page.locator(".job", has_text="merge ledger-go").inner_text()


def test_a_key_s_secret_can_be_copied_once(browsing: Browsing) -> None:
    with browsing.context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.goto("/manage/keys")
        page.get_by_label("Name").fill("from the browser")
        page.get_by_role("button", name="Create").click()
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        secret = page.evaluate("navigator.clipboard.readText()")
        assert secret == page.locator("#secret").inner_text()
        assert Axe().run(page).response["violations"] == []
        assert secret not in page.url
        page.get_by_role("link", name="I have it").click()
        page.get_by_role("link", name="Revoke from the browser").click()
        page.get_by_role("heading", name="Revoke the key from the browser?").wait_for()
        assert Axe().run(page).response["violations"] == []
        page.get_by_role("button", name="Revoke").click()
        page.get_by_role("row", name="from the browser").get_by_text("revoked").wait_for()
        assert secret not in page.content()


def test_an_address_is_shared_with_somebody_who_has_to_sign_in(browsing: Browsing, page: Page) -> None:
    page.goto(SEARCH)
    places = page.locator("[data-open]").all_inner_texts()
    with browsing.context(signed_in=False, viewport=WIDE) as context:
        other = context.new_page()
        other.goto("/file?source=orders-service&path=orders/retry.py&lines=18-27#L18")
        other.get_by_label("API key").fill(browsing.service.key)
        other.keyboard.press("Enter")
        other.wait_for_url("**lines=18-27#L18")
        other.goto(page.url)
        assert other.locator("[data-open]").all_inner_texts() == places


def test_searching_works_without_javascript(browsing: Browsing) -> None:
    with browsing.context(signed_in=False, java_script_enabled=False, viewport=WIDE) as context:
        page = context.new_page()
        page.goto(SEARCH)
        page.get_by_label("API key").fill(browsing.service.key)
        page.get_by_role("button", name="Sign in").click()
        assert page.locator("[data-result]").count() == 10
        page.get_by_label("Question").fill("Backoff")
        page.get_by_label("Field").select_option("symbol_kind")
        page.get_by_label("Value").fill("class")
        page.get_by_role("button", name="Search", exact=True).click()
        assert "Backoff" in page.locator(".what").first.inner_text()
        assert page.get_by_label("Field").count() == 2
        assert not page.locator("[data-copy]").first.is_visible()
        page.goto("/exact?q=Backoff&source=orders-service")
        assert page.locator("mark").first.inner_text() == "Backoff"
        page.get_by_role("button", name="Sign out").click()
        assert urlsplit(page.url).path == "/login"


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", NARROW)], ids=["light", "dark and narrow"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    browsing: Browsing, scheme: str, size: dict[str, int]
) -> None:
    with browsing.context(color_scheme=scheme, viewport=size) as context:
        page = context.new_page()
        for address in PAGES:
            if address == "/login":
                context.clear_cookies()
            page.goto(address)
            found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
            assert [(item["id"], item["impact"], item["nodes"][0]["html"]) for item in found] == [], address
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], address
            context.add_cookies(browsing.cookies)  # type: ignore[arg-type]


def test_no_other_page_can_frame_it_or_send_its_forms(browsing: Browsing) -> None:
    with browsing.context(viewport=WIDE) as context:
        page = context.new_page()
        # Another origin, that of another host: its page is made here.
        foreign = browsing.service.url.replace("127.0.0.1", "localhost")
        page.route(
            "**/foreign",
            lambda route: route.fulfill(
                content_type="text/html",
                body=f'<iframe src="{browsing.service.url}/sources"></iframe>'
                f'<form method="post" action="{browsing.service.url}/logout"><input name="form_token" value="x">'
                "<button>go</button></form>",
            ),
        )
        page.goto(f"{foreign}/foreign")
        page.wait_for_load_state("networkidle")
        assert page.frames[1].locator("h1", has_text="Sources").count() == 0
        assert page.frames[1].locator("h1", has_text="Sign in").count() == 0
        page.get_by_role("button", name="go").click()
        page.wait_for_url(f"{browsing.service.url}/**")
        # What the browser brought no cookie for, or was seen to come from elsewhere, changed nothing.
        page.goto(f"{browsing.service.url}/sources")
        assert page.locator("h1").inner_text() == "Sources"


def test_a_script_in_an_answer_would_not_run(browsing: Browsing) -> None:
    with browsing.context(viewport=WIDE) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto("/")
        page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'window.ran = true'; "
            "document.body.append(s); }"
        )
        assert page.evaluate("window.ran") is None
        assert any("Content Security Policy" in text or "Content-Security-Policy" in text for text in said)
