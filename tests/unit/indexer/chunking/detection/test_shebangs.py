"""Which program a script asks for, in all the forms that people write."""

from __future__ import annotations

import pytest

from indexer.chunking.detection.shebangs import programs_of


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("#!/bin/sh", "sh"),
        ("#! /bin/sh -e", "sh"),
        ("#!/usr/bin/python3.12 -u", "python"),
        ("#!python2", "python"),
        ("#!/opt/local/bin/luajit-2.1.0-beta3", "luajit"),
        ("#!C:\\Tools\\pwsh.exe -NoProfile", "pwsh"),
        ("#!/usr/bin/env ruby", "ruby"),
        ("#!/usr/bin/env -S node --no-warnings", "node"),
        ("#!/usr/bin/env -Sperl -w", "perl"),
        ("#!/usr/bin/env --split-string=perl -w", "perl"),
        ("#!/usr/bin/env -iS PATH=/bin bash -eu", "bash"),
        ("#!/usr/bin/env -u HOME php", "php"),
        ("#!/usr/bin/env -S FORCE_COLOR=1 deno run --allow-net", "deno"),
        ("#!/usr/bin/env -S uv run --quiet --script", "python"),
        ("#!/usr/bin/env -S uv run --with rich python -I", "python"),
        ("#!/usr/bin/env -S pipx run", "python"),
        ("#!/usr/bin/env -S poetry run python", "python"),
        ("#!/usr/bin/env -S bundle exec ruby -w", "ruby"),
        ("#!/usr/bin/env -S npx tsx", "tsx"),
        ("#!/usr/bin/env -S npx --yes ts-node --esm", "ts-node"),
        ("#!/bin/busybox ash", "ash"),
        ("#!/usr/bin/sudo /bin/bash", "bash"),
        ("#!/usr/bin/osascript -l JavaScript", "jsc"),
        ("#!/usr/bin/osascript", "osascript"),
        ("#!/usr/bin/env -S dotnet fsi --quiet", "fsi"),
        ("#!/usr/bin/env dotnet", "dotnet"),
    ],
)
def test_names_the_program_of_a_line(line: str, program: str) -> None:
    assert programs_of(line + "\nprint(1)\n") == (program,)


@pytest.mark.parametrize("text", ["", "print(1)", "# !/bin/sh", "#!", "#!/usr/bin/env", "#!/usr/bin/env -S A=1"])
def test_names_none_without_a_program(text: str) -> None:
    assert programs_of(text) == ()


def test_a_nix_shell_runs_what_its_second_line_says() -> None:
    text = "#! /usr/bin/env nix-shell\n#! nix-shell -p python3 curl\n#! nix-shell -i python3 --pure\nprint(1)\n"
    assert programs_of(text) == ("python",)
    assert programs_of("#!/usr/bin/env -S nix shell nixpkgs#bash --command bash\n") == ("bash",)


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ('exec tclsh "$0" ${1+"$@"}', "tclsh"),
        ("''':'; exec python3 -u \"$0\" \"$@\"", "python"),
        ("exec /usr/bin/env scala -nocompdaemon $0 $@", "scala"),
    ],
)
def test_a_shell_may_hand_the_file_on(line: str, program: str) -> None:
    assert programs_of(f"#!/bin/sh\n# \\\n{line}\n") == (program, "sh")


def test_a_shell_that_starts_itself_again_stays_one() -> None:
    assert programs_of('#!/bin/bash\n[ "$1" ] || exec bash "$0" all\n') == ("bash",)
