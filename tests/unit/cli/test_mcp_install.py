"""`codesearch mcp install` and `uninstall`: what clients' files say afterwards, and what of them is never touched."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from codesearch.cli import main as cli
from codesearch.mcp.clients.client import Format
from codesearch.mcp.clients.files import BACKUP_ENDING
from codesearch.mcp.clients.jsonc import parse_jsonc
from codesearch.mcp.clients.rules import RULES
from codesearch.mcp.clients.table import CLIENTS
from codesearch.mcp.clients.toml import read_toml

NAMES = [client.name for client in CLIENTS]
PROJECT_NAMES = [client.name for client in CLIENTS if client.for_project is not None]
URL_NAMES = [client.name for client in CLIENTS if client.as_http is not None]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home without any client, in which codesearch is installed."""
    home = tmp_path / "home"
    program = home / "bin" / "codesearch"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.delenv("CODESEARCH_DATA_DIR", raising=False)
    monkeypatch.setattr(sys, "argv", [str(program)])
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return home


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["mcp", *arguments])
    return int(end.value.code or 0)


def files_of(name: str, *, in_project: bool = False) -> tuple[Path, Path | None]:
    client = CLIENTS[NAMES.index(name)]
    assert client.for_project is not None or not in_project
    place = client.for_project(Path.cwd()) if in_project and client.for_project else client.for_user(Path.home())
    return place.configuration, place.rules.path if place.rules else None


def entry_of(name: str, *, in_project: bool = False) -> Any:
    client = CLIENTS[NAMES.index(name)]
    text = files_of(name, in_project=in_project)[0].read_text()
    values = read_toml(text) if client.form is Format.TOML else parse_jsonc(text).value
    for part in client.path:
        values = values[part]
    return values["codesearch"]


def all_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_a_client_starts_codesearch_by_its_absolute_path(name: str, home: Path) -> None:
    before = all_files(home)
    assert run("install", name) == 0
    command = entry_of(name)["command"]
    words = command if isinstance(command, list) else [command, *entry_of(name)["args"]]
    assert words[:2] == [str(home / "bin" / "codesearch"), "mcp"]
    rules = files_of(name)[1]
    assert rules is None or RULES in rules.read_text()
    written = all_files(home)
    assert run("install", name) == 0
    assert all_files(home) == written
    assert run("uninstall", name) == 0
    assert all_files(home) == before


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_a_project_gets_files_of_its_own(name: str, home: Path) -> None:
    before = all_files(home)
    assert run("install", name, "--project") == 0
    assert entry_of(name, in_project=True)
    rules = files_of(name, in_project=True)[1]
    assert rules is not None
    assert RULES in rules.read_text()
    assert all_files(home) == before
    assert run("uninstall", name, "--project") == 0
    assert all_files(Path.cwd()) == {}


@pytest.mark.parametrize("name", URL_NAMES)
def test_a_service_is_asked_with_a_key_from_the_environment(name: str) -> None:
    assert run("install", name, "--url", "https://search.example.com/", "--key-variable", "MY_KEY") == 0
    entry = entry_of(name)
    assert "https://search.example.com/mcp" in entry.values()
    assert "MY_KEY" in json.dumps(entry)
    assert run("install", name) == 0
    assert "https" not in json.dumps(entry_of(name))


def test_what_others_wrote_stays_to_the_last_byte(home: Path) -> None:
    settings = home / ".config" / "zed" / "settings.json"
    settings.parent.mkdir(parents=True)
    text = '// mine\n{\n  "theme": "One", // dark\n  "context_servers": {\n    "other": {}, // stays\n  },\n}\n'
    settings.write_text(text)
    notes = home / ".claude" / "CLAUDE.md"
    notes.parent.mkdir()
    notes.write_bytes(b"# Always\r\n\r\nBe kind.\r\n")
    assert run("install", "zed", "claude-code") == 0
    assert settings.read_text().startswith(text[: text.index(" // stays")])
    assert notes.read_bytes().startswith(b"# Always\r\n\r\nBe kind.\r\n\r\n<!-- codesearch")
    assert settings.with_name(settings.name + BACKUP_ENDING).read_text() == text
    assert run("uninstall") == 0
    assert settings.read_text() == text
    assert notes.read_bytes() == b"# Always\r\n\r\nBe kind.\r\n"
    assert not settings.with_name(settings.name + BACKUP_ENDING).exists()


@pytest.mark.parametrize("content", [b'{"mcpServers": {', b"\xff\xfe{}", b'["a"]', b'{"mcpServers": 3}'])
def test_a_file_that_cannot_be_read_is_left_alone(
    content: bytes, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".cursor").mkdir()
    (home / ".cursor" / "mcp.json").write_bytes(content)
    (home / ".gemini").mkdir()
    assert run("install") == 1
    assert (home / ".cursor" / "mcp.json").read_bytes() == content
    printed = capsys.readouterr()
    assert f"{home}/.cursor/mcp.json is left as it is:" in printed.err
    assert "1 of 2 clients were left as they are" in printed.err
    assert entry_of("gemini")["args"] == ["mcp"]


def test_only_clients_that_are_here_are_set_up(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("install") == 1
    assert "No client was found here. Name one: claude-code," in capsys.readouterr().err
    (home / ".codex").mkdir()
    assert run("install") == 0
    assert sorted(path for path in all_files(home) if "codex" in path) == [".codex/AGENTS.md", ".codex/config.toml"]
    assert run("uninstall") == 0
    assert run("uninstall") == 0
    assert "No client has it." in capsys.readouterr().out


def test_a_dry_run_shows_and_writes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = all_files(home)
    assert run("install", "codex", "--dry-run") == 0
    assert all_files(home) == before
    shown = capsys.readouterr().out
    assert f"would create {home}/.codex/config.toml" in shown
    assert "+[mcp_servers.codesearch]" in shown
    assert run("install", "codex") == 0
    written = all_files(home)
    assert run("uninstall", "codex", "--dry-run") == 0
    assert all_files(home) == written


def test_a_link_stays_one_and_a_mode_stays_as_it_was(home: Path) -> None:
    kept = home / "dotfiles" / "claude.json"
    kept.parent.mkdir()
    kept.write_text('{"oauth": "secret"}\n')
    kept.chmod(0o640)
    (home / ".claude.json").symlink_to(kept)
    assert run("install", "claude-code", "--no-rules") == 0
    assert (home / ".claude.json").is_symlink()
    assert json.loads(kept.read_text())["oauth"] == "secret"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert not (home / ".claude" / "CLAUDE.md").exists()


def test_what_somebody_added_to_the_entry_stays(home: Path) -> None:
    assert run("install", "gemini") == 0
    path = files_of("gemini")[0]
    settings = json.loads(path.read_text())
    settings["mcpServers"]["codesearch"].update(timeout=5, command="/old/codesearch")
    path.write_text(json.dumps(settings))
    assert run("install", "gemini") == 0
    assert entry_of("gemini") == {"command": str(home / "bin/codesearch"), "args": ["mcp"], "timeout": 5}


def test_servers_of_opencode_2_stand_one_level_deeper(home: Path) -> None:
    path = home / ".config" / "opencode" / "opencode.jsonc"
    path.parent.mkdir(parents=True)
    path.write_text('{"mcp": {"servers": {"other": {"type": "local", "command": ["x"]}}}}\n')
    assert run("install", "opencode", "--no-rules") == 0
    servers = parse_jsonc(path.read_text()).value["mcp"]["servers"]
    assert sorted(servers) == ["codesearch", "other"]
    assert run("uninstall", "opencode") == 0
    assert path.read_text() == '{"mcp": {"servers": {"other": {"type": "local", "command": ["x"]}}}}\n'


def test_a_data_folder_of_the_environment_reaches_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESEARCH_DATA_DIR", str(tmp_path / "elsewhere"))
    assert run("install", "codex", "opencode") == 0
    assert entry_of("codex")["env"] == {"CODESEARCH_DATA_DIR": str(tmp_path / "elsewhere")}
    assert entry_of("opencode")["environment"] == {"CODESEARCH_DATA_DIR": str(tmp_path / "elsewhere")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "There is no client 'nobody'; there are: claude-code,"),
        (("claude-desktop", "--project"), "Claude Desktop has no configuration of a project"),
        (("zed", "--url", "https://a.example/mcp"), "Zed cannot ask a service with a key from the environment"),
        (("codex", "--url", "ftp://a.example"), "--url is the address of a service"),
        (("codex", "--url", "https://key@a.example/mcp"), "--url is the address of a service"),
        (("codex", "--url", "https://a.example", "--key-variable", "cs_0-1"), "never a key itself"),
    ],
)
def test_wrong_use_is_said_in_one_line(
    arguments: tuple[str, ...], said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = all_files(home)
    assert run("install", *arguments) == 1
    assert said in capsys.readouterr().err
    assert all_files(home) == before


def test_a_read_only_file_keeps_the_client_as_it_is(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".cursor").mkdir()
    (home / ".cursor" / "mcp.json").write_text("{}")
    (home / ".cursor" / "mcp.json").chmod(0o444)
    before = all_files(home)
    assert run("install", "cursor") == 1
    assert "mcp.json is read-only; it is left as it is. Make it writable" in capsys.readouterr().err
    assert all_files(home) == before


def test_an_empty_configuration_is_no_reason_to_delete_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".cursor").mkdir()
    (home / ".cursor" / "mcp.json").write_text("{}")
    assert run("install", "cursor") == 0
    assert run("uninstall", "cursor", "--dry-run") == 0
    assert f"would delete {home}/.cursor/mcp.json{BACKUP_ENDING}" in capsys.readouterr().out
    assert run("uninstall") == 0
    assert sorted(path.name for path in (home / ".cursor").iterdir()) == ["mcp.json"]
    assert (home / ".cursor" / "mcp.json").read_text() == "{}"
