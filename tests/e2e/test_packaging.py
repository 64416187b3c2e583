"""Wheel and sdist: what is in them, and that the wheel indexes, serves and answers where nothing else of ours is."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from codesearch.core.trust import CONFIG_FILE
from tests.e2e.service import FIXTURES, PATIENCE_SECONDS, ROOT, Service, clean_environment

MAX_WHEEL_BYTES = 30_000_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of this tree and the wheel made from that sdist."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def wheel_in(folder: Path) -> Path:
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_the_wheel_holds_the_packages_the_model_and_nothing_else(built: Path) -> None:
    wheel = wheel_in(built)
    assert wheel.stat().st_size < MAX_WHEEL_BYTES
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    folders = {name.split("/")[0] for name in names}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"codesearch", "indexer"}
    for needed in ("model.safetensors", "tokenizer.json"):
        assert f"codesearch/bundled_model/{needed}" in names
    assert {"codesearch/py.typed", "indexer/py.typed"} <= set(names)
    assert not [name for name in names if "test" in Path(name).name or "fixtures" in name or name.endswith(".pyc")]
    for package in ("codesearch", "indexer"):
        own = {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py")}
        assert own <= set(names)
    # What the page is made of.
    for folder in ("templates", "static"):
        found = [path for path in (ROOT / "codesearch" / "web" / folder).rglob("*") if path.is_file()]
        parts = {path.relative_to(ROOT).as_posix() for path in found}
        assert parts <= set(names)
        assert len(parts) > 2


def test_the_wheel_says_under_what_terms_it_may_be_used(built: Path) -> None:
    with zipfile.ZipFile(wheel_in(built)) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        fields = Parser().parsestr(archive.read(metadata).decode())
        folder = metadata.removesuffix("METADATA") + "licenses/"
        texts = {name: archive.read(folder + name) for name in fields.get_all("License-File", [])}
    assert fields["License-Expression"] == "Apache-2.0"
    assert fields["Author"] == "codesearch maintainers"
    assert texts == {name: (ROOT / name).read_bytes() for name in ("LICENSE", "NOTICE")}
    assert b"Version 2.0, January 2004" in texts["LICENSE"]
    # What the bundled model is derived from asks to be named.
    assert b"all-MiniLM-L6-v2" in texts["NOTICE"]
    assert b"Permission is hereby granted" in texts["NOTICE"]


def test_the_sdist_holds_what_builds_the_wheel_and_the_model(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "NOTICE",
        "CHANGELOG.md",
        "docs/operations.md",
        "codesearch/cli/main.py",
        "codesearch/bundled_model/model.safetensors",
    } <= names
    assert {name.split("/")[0] for name in names if "/" in name} == {"codesearch", "indexer", "training", "docs"}


def test_the_wheel_indexes_and_serves_without_a_network(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed into an environment that shares only the dependencies with this one, not the source tree."""
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    with zipfile.ZipFile(wheel_in(built)) as archive:
        archive.extractall(packages)
    # Plain .pth lines give the folder; the editable install's own .pth, inside it, is not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = folder / "bin" / "python"
    data_dir = tmp_path / "data"
    environment = {**clean_environment(data_dir), "HF_HUB_OFFLINE": "1", "HOME": str(tmp_path), "https_proxy": "x:1"}
    del environment["PYTHONPATH"]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [python, "-m", "codesearch.cli", *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    code = "import codesearch, indexer; print(codesearch.__file__); print(indexer.__file__)"
    imported = subprocess.run([python, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert [line.startswith(str(packages)) for line in imported.stdout.splitlines()] == [True, True]
    assert not (tmp_path / CONFIG_FILE).exists()
    assert "ledger-go: 14 files" in run("index", str(FIXTURES / "ledger-go"))
    assert "internal/ledger" in run("search", "ledger-go", "balance of an account")
    key = run("key", "create", "reader").strip()
    monkeypatch.setattr("tests.e2e.service.sys.executable", str(python))
    monkeypatch.setattr("tests.e2e.service.clean_environment", lambda *_: environment)
    with Service(data_dir, key) as service:
        assert len(service.records("ledger-go", "balance of an account", top_k=5)) == 5
        page = service.get("/login").text
        assert "<h1>Sign in</h1>" in page
        style = page.split('rel="stylesheet" href="')[1].split('"')[0]
        assert service.get(style).headers["content-type"].startswith("text/css")
