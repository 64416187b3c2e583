#!/bin/sh
# git 2.39.5 and 2.47.3 (the one that is installed), here through GitPython 3.1.45.
#
# Expected: GIT_LITERAL_PATHSPECS=1, which makes a program's file names mean themselves, is safe to set for every git
# command, and most of all for check-ignore, which takes names and no patterns.
# Really: with it check-ignore knows no name at all. It ends with 128 and "pathspec magic not supported by this command:
# 'literal'", whatever it was asked. A caller that has another way to match never learns that git was no help.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check gitpython==3.1.45

environment/bin/python - <<'EOF'
from pathlib import Path

import git

repository = git.Repo.init("repository")
Path("repository/.gitignore").write_text("*.log\n")
print("git", ".".join(map(str, repository.git.version_info)), "GitPython", git.__version__)


def ask(literal):
    command = ["git", "check-ignore", "a.log", "a.py"]
    status, output, error = repository.git.execute(
        command, with_extended_output=True, with_exceptions=False, env={"GIT_LITERAL_PATHSPECS": literal}
    )
    print(f"GIT_LITERAL_PATHSPECS={literal}: status {status}, {output!r} {error!r}")
    return status, output, error


assert ask("0")[:2] == (0, "a.log")
status, output, error = ask("1")
assert (status, output) == (128, "")
assert "pathspec magic not supported" in error
EOF
