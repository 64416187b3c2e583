"""Which program a script's first lines ask for: `#!` in all its forms, through env, wrappers and runners."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

# What only starts another program, whose name is the next word that is no option.
_WRAPPERS = frozenset(
    {"env", "busybox", "toybox", "sudo", "doas", "time", "nice", "exec", "command", "stdbuf", "unbuffer", "xvfb-run"}
)
# What runs programs of a project: the word that says so, and what it runs when it is given a script alone.
_RUNNERS = {
    "bundle": ("exec", "ruby"),
    "conda": ("run", "python"),
    "hatch": ("run", "python"),
    "mamba": ("run", "python"),
    "micromamba": ("run", "python"),
    "pdm": ("run", "python"),
    "pipenv": ("run", "python"),
    "pipx": ("run", "python"),
    "pixi": ("run", "python"),
    "poetry": ("run", "python"),
    "rye": ("run", "python"),
    "uv": ("run", "python"),
    "uvx": ("", "python"),
    "npx": ("", "node"),
    "bunx": ("", "node"),
    "pnpm": ("exec", "node"),
    "yarn": ("run", "node"),
    "rbenv": ("exec", "ruby"),
}
# Options that take the next word with them.
_WITH_VALUE = frozenset(
    {"-u", "--unset", "-C", "--chdir", "-n", "--name", "-p", "--package", "--with", "--python", "--from", "--env-file"}
)
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
_LOOKED_AT_LINES = 8


@cache
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source, re.MULTILINE)


def programs_of(text: str) -> tuple[str, ...]:
    """Return the programs that a script's first lines name, likeliest first: lower case, without path and version.

    `#!/usr/bin/env -S uv run --script` -> python, `#!/bin/sh` above `exec tclsh "$0"` -> tclsh, sh. Empty without `#!`.
    """
    if not text.startswith("#!"):
        return ()
    lines = [line.strip() for line in text[:4000].split("\n")[:_LOOKED_AT_LINES]]
    program = _program_of(lines[0][2:].replace('"', " ").replace("'", " ").split())
    if program in ("nix-shell", "nix"):
        return tuple(_of_nix(lines))
    if program in _SHELLS:
        return (*_executed_by(lines[1:]), program)
    return (program,) if program else ()


def _program_of(words: Sequence[str]) -> str:
    """Follow wrappers and runners to the program that reads the script; empty where there is none."""
    rest = list(words)
    while rest:
        name = _plain_name(rest.pop(0))
        if name in _WRAPPERS:
            rest = _without_options(rest)
        elif name in _RUNNERS:
            word, default = _RUNNERS[name]
            if word and word in rest:
                rest = rest[rest.index(word) + 1 :]
            after = _without_options(rest)
            return _program_of(after) if after and "--script" not in rest else default
        elif name == "osascript":
            return "jsc" if "javascript" in (word.lower() for word in rest) else name
        elif name == "dotnet":
            return "fsi" if "fsi" in rest else name
        else:
            return name
    return ""


def _without_options(words: Sequence[str]) -> list[str]:
    """Drop options and settings of variables in front; `-Spython3` and `--split-string=python3` hold the program."""
    rest = list(words)
    while rest:
        word = rest[0]
        joined = re.match(r"(?:-[iv0]*S|--split-string=)(?=[^-\s])(.+)", word)
        if joined is not None:
            return [joined[1], *rest[1:]]
        if word in _WITH_VALUE:
            rest = rest[2:]
        elif word.startswith("-") or re.match(r"[A-Za-z_]\w*=", word):
            rest = rest[1:]
        else:
            break
    return rest


def _plain_name(word: str) -> str:
    """`/usr/bin/python3.12` -> python, `luajit-2.1.0-beta3` -> luajit, `pwsh.exe` -> pwsh."""
    name = word.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].lower().removesuffix(".exe")
    return re.sub(r"(?<=\w\w)[-.]?\d[\w.+-]*$", "", name)


def _of_nix(lines: Sequence[str]) -> Iterator[str]:
    """`#! nix-shell -i python3 -p ...` names the program on any of its lines, `nix shell --command` on the first."""
    for line in lines:
        found = _pattern(r"^#!\s*(?:\S*/)?(?:env\s.*)?nix(?:-shell)?\b.*\s(?:-i|--command|-c)\s+(\S+)").search(line)
        if found is not None:
            yield _plain_name(found[1])


def _executed_by(lines: Sequence[str]) -> Iterator[str]:
    """A shell's first lines may hand the file to another program: `exec tclsh "$0" "$@"`."""
    for line in lines:
        found = _pattern(r"\bexec\s+((?:[^\s\"']+\s+){1,6})[\"']*\$\{?0\b").search(line)
        program = _program_of(found[1].split()) if found is not None else ""
        if program and program not in _SHELLS:
            yield program
