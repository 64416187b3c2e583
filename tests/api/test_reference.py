"""The page of the API: everything of the OpenAPI document, for everybody, without anything from elsewhere."""

from __future__ import annotations

import re
import subprocess
from html import unescape

from tests.api.api_client import ApiClient

METHODS = ("get", "post", "put", "patch", "delete")


def test_every_operation_status_and_field_is_on_the_page(client: ApiClient) -> None:
    response = client.get("/docs")
    assert response.status_code == 200
    text = unescape(response.text)
    document = client.app.openapi()
    for path, item in document["paths"].items():
        for method in set(METHODS) & set(item):
            operation = item[method]
            assert f'<h2 id="{operation["operationId"]}">' in text
            assert f"<code>{path}</code>" in text
            for status in operation["responses"]:
                assert re.search(rf'class="status( good)?">{status}</span>', text)
    for name in document["components"]["schemas"]["RetrievalSetting"]["properties"]:
        assert f"<code>retrieval_setting.{name}</code>" in text
    assert len(response.content) < 500_000


def test_the_page_needs_nothing_from_elsewhere(client: ApiClient) -> None:
    response = client.get("/docs")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert not re.search(r"<style|style=|<script>|onclick|(?:src|href)=\"(?:https?:)?//", response.text)


def test_the_command_is_what_a_shell_takes(client: ApiClient) -> None:
    text = unescape(client.get("/docs").text)
    command = re.search(r"<code>(curl -X POST http://service/retrieval .*?)</code>", text, re.DOTALL)
    assert command is not None
    words = subprocess.run(
        ["sh", "-c", f"curl() {{ printf '%s\\n' \"$@\"; }}; {command[1]}"], capture_output=True, text=True, check=True
    ).stdout
    assert "Authorization: Bearer KEY\n" in words
    assert '"knowledge_id": "65f1a2b3c4d5e6f708192a3b"' in words
