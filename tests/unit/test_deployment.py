"""What deploy/ says is what there is: settings, commands, files; and the proxy places requests as the page says."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import click
import pytest
import yaml

from codesearch.cli.main import commands as codesearch_commands
from codesearch.core.config import Settings, load_settings
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted(DEPLOY.rglob("*.yaml"))
# What LanceDB and the object storage read.
STORAGE = {"AWS_ENDPOINT", "AWS_ALLOW_HTTP", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def documents(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document is not None]


def walk(value: object) -> Iterator[tuple[str, object]]:
    """Yield every key with its value, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key), inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.relative_to(DEPLOY).as_posix())
def test_every_setting_named_is_one_and_takes_its_value(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for document in documents(path):
        for name, value in walk(document):
            if name.startswith("CODESEARCH_"):
                assert name.removeprefix("CODESEARCH_").lower() in Settings.model_fields
                assert isinstance(value, str), f"{name}: an environment holds texts"
                given = re.sub(r"\$\{\w+(:[?-][^}]*)?\}", "x" * 16, value)
                monkeypatch.setenv(name, given)
                load_settings()
            elif name.startswith("AWS_"):
                assert name in STORAGE


def commands(path: Path) -> Iterator[list[str]]:
    for document in documents(path):
        for name, value in walk(document):
            if name == "entrypoint" and isinstance(value, list):
                yield from (words.split() for words in re.findall(r"codesearch ([^;|&]+)", value[-1]))
    text = path.read_text()
    yield from (words.split() for words in re.findall(r"exec \w+ codesearch (.+)", text))


@pytest.mark.parametrize("path", [*MANIFESTS, DEPLOY / "Dockerfile"], ids=lambda path: path.name)
def test_every_command_is_one(path: Path) -> None:
    named = list(commands(path)) if path.suffix == ".yaml" else [["serve"]]
    for document in documents(path) if path.suffix == ".yaml" else ():
        for name, value in walk(document):
            if name == "containers" and isinstance(value, list):
                named += [one["args"] for one in value if one["image"] == "codesearch"]
        for service in document.get("services", {}).values():
            if service.get("image", "").startswith("codesearch:") and "command" in service:
                named.append(service["command"])
    for words in named:
        command = codesearch_commands.commands[words[0]]
        # Two words of a group, as in `key create`.
        if isinstance(command, click.Group):
            command = command.commands[words[1]]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known


def test_every_image_has_a_version() -> None:
    images = [
        str(value) for path in MANIFESTS for one in documents(path) for name, value in walk(one) if name == "image"
    ]
    assert len(images) > 5
    assert all(":" in image or image == "codesearch" for image in images)
    assert not any(image.endswith(":latest") for image in images)


def test_the_image_is_made_of_what_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    names = {name for line in copied for name in line.split()[:-1]}
    assert all((ROOT / name).exists() for name in names)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == names


def test_compose_names_what_it_has() -> None:
    compose = documents(DEPLOY / "compose.yaml")[0]
    services = compose["services"]
    secrets = set(re.findall(r"^(\w+)=", (DEPLOY / "example.env").read_text(), re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text())) == secrets
    placed = set(re.findall(r"^\s+server \S+ (\S+):8000", (DEPLOY / "haproxy.cfg").read_text(), re.MULTILINE))
    assert placed == {name for name in services if name.startswith("service-")}
    volumes = {volume.split(":")[0] for one in services.values() for volume in one.get("volumes", ())}
    assert {volume for volume in volumes if not volume.startswith(".")} == set(compose["volumes"])
    for one in services.values():
        assert set(one.get("depends_on", ())) <= set(services)


def test_services_search_and_workers_do_the_jobs() -> None:
    compose = documents(DEPLOY / "compose.yaml")[0]["services"]
    doing: dict[str, list[tuple[list[str], object]]] = {"serve": [], "worker": []}
    for one in compose.values():
        if one["image"].startswith("codesearch:"):
            doing[one["command"][0]].append((one["command"], one["environment"]["CODESEARCH_WORKER_JOBS"]))
    settings = documents(DEPLOY / "kubernetes" / "settings.yaml")[0]["data"]
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in documents(path):
            for name, value in walk(document):
                if name == "containers" and isinstance(value, list) and value[0]["image"] == "codesearch":
                    doing[value[0]["args"][0]].append((value[0]["args"], settings["CODESEARCH_WORKER_JOBS"]))
    assert [len(found) for found in doing.values()] == [4, 3]
    assert all(jobs == "0" for found in doing.values() for _, jobs in found)
    # For a worker the setting would be one job: they say how many.
    assert all("--jobs" in words and int(words[words.index("--jobs") + 1]) > 0 for words, _ in doing["worker"])


def test_kubernetes_names_what_it_has() -> None:
    folder = DEPLOY / "kubernetes"
    made = documents(folder / "kustomization.yaml")[0]
    others = {path.name for path in folder.iterdir()} - {"kustomization.yaml"}
    assert {*made["resources"], *made["configMapGenerator"][0]["files"]} == others
    everything = [one for path in sorted(folder.glob("*.yaml")) for one in documents(path)]
    names = {(one["kind"], one["metadata"]["name"]) for one in everything if "metadata" in one}
    for one in everything:
        for name, value in walk(one):
            if name in {"configMapRef", "secretRef"} and isinstance(value, dict):
                assert ({"configMapRef": "ConfigMap", "secretRef": "Secret"}[name], value["name"]) in names
            if name == "claimName":
                assert ("PersistentVolumeClaim", value) in names
    pods = next(one for one in everything if one["kind"] == "StatefulSet" and one["metadata"]["name"] == "codesearch")
    servers = re.findall(r"^\s+server \S+ (\S+):8000", (folder / "haproxy.cfg").read_text(), re.MULTILINE)
    expected = [
        f"{pods['metadata']['name']}-{number}.{pods['spec']['serviceName']}.{made['namespace']}.svc.cluster.local"
        for number in range(pods["spec"]["replicas"])
    ]
    assert servers == expected


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
@pytest.mark.parametrize("folder", [DEPLOY, DEPLOY / "kubernetes"], ids=lambda path: path.name)
def test_haproxy_takes_its_configuration(folder: Path) -> None:
    done = subprocess.run(
        ["haproxy", "-c", "-f", str(folder / "haproxy.cfg")], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if line.startswith(("[WARNING]", "[ALERT]"))]
    # The services' names are known where they run.
    assert [line for line in said if "could not resolve address" not in line] == []
    assert done.returncode == 0


def test_both_proxies_place_alike() -> None:
    def rules(path: Path) -> list[str]:
        lines = [line.strip() for line in path.read_text().split("\nfrontend codesearch\n")[1].splitlines()]
        return [line for line in lines if line.startswith(("http-request", "balance", "hash-type", "option"))]

    assert rules(DEPLOY / "haproxy.cfg") == rules(DEPLOY / "kubernetes" / "haproxy.cfg") != []


class Backend:
    """Stands for a service: says that it is ready, and answers with its own name."""

    def __init__(self, name: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(name)))
                self.end_headers()
                self.wfile.write(name.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
def test_who_asks_about_a_source_is_always_sent_to_the_same_service(tmp_path: Path) -> None:
    backends = {f"service-{number}": Backend(f"service-{number}") for number in (1, 2, 3)}
    front = Backend("none")
    front.stop()
    text = (DEPLOY / "haproxy.cfg").read_text().replace("bind :8000", f"bind 127.0.0.1:{front.port}")
    for name, backend in backends.items():
        text = text.replace(f"{name}:8000", f"127.0.0.1:{backend.port}")
    (tmp_path / "haproxy.cfg").write_text(text)
    proxy = subprocess.Popen(
        ["haproxy", "-f", str(tmp_path / "haproxy.cfg")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def ask(body: dict[str, object], path: str = "/retrieval") -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", front.port, timeout=PATIENCE_SECONDS)) as connection:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read().decode()
            return answer if response.status == 200 else str(response.status)

    def place_all() -> dict[str, str]:
        return {
            f"{number:024x}": ask({"query": "x" * number, "knowledge_id": f"{number:024x}"}) for number in range(60)
        }

    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                ask({"knowledge_id": "a"})
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                assert proxy.poll() is None
                time.sleep(0.05)
        placed = place_all()
        assert set(placed.values()) == set(backends)
        assert place_all() == placed
        assert ask({"question": "x", "data_source": f"{7:024x}"}) == placed[f"{7:024x}"]
        for path in ("/internal/peers/look", "//internal/peers/look", "/%69nternal/peers/look", "/internal"):
            assert ask({}, path) == "404"
        assert ask({"knowledge_id": "a"}, "/internals") in backends
        backends["service-2"].stop()
        now = place_all()
        assert "service-2" not in now.values()
        assert all(now[source] == name for source, name in placed.items() if name != "service-2")
    finally:
        proxy.terminate()
        proxy.wait()
        for name in ("service-1", "service-3"):
            backends[name].stop()
