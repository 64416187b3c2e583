"""The clients that `codesearch mcp install` knows, and what their documentation says of their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import platformdirs

from codesearch.mcp.clients.client import Client, Format, Launch, Place, Rules

# Cursor starts servers in a folder of its own and puts the project's in the place of this.
_PROJECT_FOLDER = "${workspaceFolder}"
_CURSOR_HEAD = "---\ndescription: How to search this code\nalwaysApply: true\n---\n\n"
_VSCODE_HEAD = '---\napplyTo: "**"\n---\n\n'
_STARTS_ANYWHERE = "does not say which folder it is in: name data sources there, or add the project's path to `args`"


def _roaming(name: str) -> Path:
    return platformdirs.user_config_path(name, appauthor=False, roaming=True)


def _plain(launch: Launch, *arguments: str, **fields: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {**fields, "command": launch.program, "args": [*launch.arguments, *arguments]}
    return {**entry, "env": dict(launch.environment)} if launch.environment else entry


def _bearer(variable: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {variable}"}


def _opencode(launch: Launch) -> dict[str, Any]:
    entry = {"type": "local", "command": [launch.program, *launch.arguments], "enabled": True}
    return {**entry, "environment": dict(launch.environment)} if launch.environment else entry


def _opencode_file(folder: Path) -> Path:
    """Return the file that is there: of the two names that opencode reads, the one with comments wins there, too."""
    with_comments = folder / "opencode.jsonc"
    return with_comments if with_comments.exists() else folder / "opencode.json"


def _zed_folder(home: Path) -> Path:
    windows = _roaming("Zed")
    return windows if windows.is_dir() and "AppData" in windows.parts else home / ".config" / "zed"


CLIENTS: Final[tuple[Client, ...]] = (
    Client(
        name="claude-code",
        title="Claude Code",
        form=Format.JSON,
        path=("mcpServers",),
        for_user=lambda home: Place(home / ".claude.json", Rules(home / ".claude" / "CLAUDE.md")),
        for_project=lambda folder: Place(folder / ".mcp.json", Rules(folder / "CLAUDE.md")),
        as_stdio=lambda launch: _plain(launch, type="stdio"),
        as_http=lambda to: {"type": "http", "url": to.url, "headers": _bearer(f"${{{to.key_variable}}}")},
        signs=lambda home: (home / ".claude.json", home / ".claude"),
    ),
    Client(
        name="claude-desktop",
        title="Claude Desktop",
        form=Format.JSON,
        path=("mcpServers",),
        for_user=lambda _: Place(_roaming("Claude") / "claude_desktop_config.json"),
        for_project=None,
        as_stdio=_plain,
        as_http=None,
        signs=lambda _: (_roaming("Claude"),),
        note=f"Claude Desktop {_STARTS_ANYWHERE}",
    ),
    Client(
        name="cursor",
        title="Cursor",
        form=Format.JSON,
        path=("mcpServers",),
        for_user=lambda home: Place(home / ".cursor" / "mcp.json"),
        for_project=lambda folder: Place(
            folder / ".cursor" / "mcp.json", Rules(folder / ".cursor/rules/codesearch.mdc", _CURSOR_HEAD, is_own=True)
        ),
        as_stdio=lambda launch: _plain(launch, _PROJECT_FOLDER),
        as_http=lambda to: {"url": to.url, "headers": _bearer(f"${{env:{to.key_variable}}}")},
        signs=lambda home: (home / ".cursor",),
    ),
    Client(
        name="vscode",
        title="VS Code",
        form=Format.JSON,
        path=("servers",),
        for_user=lambda _: Place(
            _roaming("Code") / "User" / "mcp.json",
            Rules(_roaming("Code") / "User/prompts/codesearch.instructions.md", _VSCODE_HEAD, is_own=True),
        ),
        for_project=lambda folder: Place(folder / ".vscode" / "mcp.json", Rules(folder / "AGENTS.md")),
        as_stdio=lambda launch: _plain(launch, type="stdio"),
        as_http=lambda to: {"type": "http", "url": to.url, "headers": _bearer(f"${{env:{to.key_variable}}}")},
        signs=lambda _: (_roaming("Code") / "User",),
    ),
    Client(
        name="codex",
        title="Codex",
        form=Format.TOML,
        path=("mcp_servers",),
        for_user=lambda home: Place(home / ".codex" / "config.toml", Rules(home / ".codex" / "AGENTS.md")),
        for_project=lambda folder: Place(folder / ".codex" / "config.toml", Rules(folder / "AGENTS.md")),
        as_stdio=_plain,
        as_http=lambda to: {"url": to.url, "bearer_token_env_var": to.key_variable},
        signs=lambda home: (home / ".codex",),
    ),
    Client(
        name="windsurf",
        title="Windsurf",
        form=Format.JSON,
        path=("mcpServers",),
        for_user=lambda home: Place(
            home / ".codeium" / "windsurf" / "mcp_config.json",
            Rules(home / ".codeium" / "windsurf" / "memories" / "global_rules.md"),
        ),
        for_project=None,
        as_stdio=_plain,
        as_http=lambda to: {"serverUrl": to.url, "headers": _bearer(f"${{env:{to.key_variable}}}")},
        signs=lambda home: (home / ".codeium" / "windsurf",),
        note=f"Windsurf {_STARTS_ANYWHERE}",
    ),
    Client(
        name="gemini",
        title="Gemini CLI",
        form=Format.JSON,
        path=("mcpServers",),
        for_user=lambda home: Place(home / ".gemini" / "settings.json", Rules(home / ".gemini" / "GEMINI.md")),
        for_project=lambda folder: Place(folder / ".gemini" / "settings.json", Rules(folder / "GEMINI.md")),
        as_stdio=_plain,
        as_http=lambda to: {"httpUrl": to.url, "headers": _bearer(f"${to.key_variable}")},
        signs=lambda home: (home / ".gemini",),
    ),
    Client(
        name="zed",
        title="Zed",
        form=Format.JSON,
        path=("context_servers",),
        for_user=lambda home: Place(_zed_folder(home) / "settings.json"),
        for_project=lambda folder: Place(folder / ".zed" / "settings.json", Rules(folder / "AGENTS.md")),
        as_stdio=lambda launch: _plain(launch, source="custom"),
        as_http=None,
        signs=lambda home: (_zed_folder(home),),
    ),
    Client(
        name="opencode",
        title="opencode",
        form=Format.JSON,
        path=("mcp",),
        for_user=lambda home: Place(
            _opencode_file(home / ".config" / "opencode"), Rules(home / ".config" / "opencode" / "AGENTS.md")
        ),
        for_project=lambda folder: Place(_opencode_file(folder), Rules(folder / "AGENTS.md")),
        as_stdio=_opencode,
        as_http=lambda to: {
            "type": "remote",
            "url": to.url,
            "headers": _bearer(f"{{env:{to.key_variable}}}"),
            "enabled": True,
        },
        signs=lambda home: (home / ".config" / "opencode",),
    ),
    Client(
        name="copilot",
        title="Copilot CLI",
        form=Format.JSON,
        path=("mcpServers",),
        for_user=lambda home: Place(
            home / ".copilot" / "mcp-config.json", Rules(home / ".copilot" / "copilot-instructions.md")
        ),
        for_project=None,
        as_stdio=lambda launch: {**_plain(launch, type="local"), "tools": ["*"]},
        as_http=lambda to: {
            "type": "http",
            "url": to.url,
            "headers": _bearer(f"${{{to.key_variable}}}"),
            "tools": ["*"],
        },
        signs=lambda home: (home / ".copilot",),
    ),
    Client(
        name="kiro",
        title="Kiro",
        form=Format.JSON,
        path=("mcpServers",),
        for_user=lambda home: Place(
            home / ".kiro" / "settings" / "mcp.json", Rules(home / ".kiro/steering/codesearch.md", is_own=True)
        ),
        for_project=lambda folder: Place(
            folder / ".kiro" / "settings" / "mcp.json", Rules(folder / ".kiro/steering/codesearch.md", is_own=True)
        ),
        as_stdio=_plain,
        as_http=lambda to: {"url": to.url, "headers": _bearer(f"${{{to.key_variable}}}")},
        signs=lambda home: (home / ".kiro",),
    ),
)
