"""A person with a browser, as far as HTTP goes: a cookie jar, and forms that are sent with the page's own token."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.api.api_client import ApiClient

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


class PageVisitor:
    """Keeps the cookie that it got last; sign_in with a key, then get."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self.cookie = ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        return self.send("POST", path, headers=headers, data=fields)

    def sign_in(self, key: str, target: str = "") -> httpx.Response:
        """Sign in as a person does: by the form."""
        token = form_token_in(self.get(f"/login?next={target}").text)
        return self.post("/login", {"form_token": token, "key": key, "next": target})

    def send(self, method: str, path: str, headers: dict[str, str], **arguments: Any) -> httpx.Response:
        given = {**BROWSER, **({"Cookie": self.cookie} if self.cookie else {}), **headers}
        response = self.client.request(method, path, headers=given, **arguments)
        if "set-cookie" in response.headers:
            self.cookie = response.headers["set-cookie"].split(";")[0]
        return response


def form_token_in(page: str) -> str:
    """Return the token of the first form of a page."""
    match = re.search(r'name="form_token" value="([^"]+)"', page)
    assert match is not None, page
    return match[1]


def problem_in(page: str) -> str:
    """Return what a page says is wrong, '' for nothing."""
    match = re.search(r'class="problem"[^>]*>([^<]*)', page)
    return match[1] if match else ""
