"""The repositories that the model is trained on: which, at which revision, and where they lie on this machine."""

from __future__ import annotations

import csv
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPOSITORIES = Path(__file__).with_name("repositories.tsv")


@dataclass(frozen=True, slots=True)
class Repository:
    """One line of repositories.tsv. The held-out ones serve to choose settings and are not trained on."""

    name: str
    licence: str
    revision: str
    held_out: bool


def read_repositories(file: Path = REPOSITORIES) -> list[Repository]:
    """Read the list, in its order."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return [
            Repository(row["repository"], row["licence"], row["revision"], row["use"] == "held-out") for row in rows
        ]


def find_clone(clones: Path, repository: Repository) -> Path:
    """Return the git directory of a repository under `clones` (owner+name), cloned now where there is none.

    Raises SystemExit with what to do when it cannot be cloned or lacks the revision.
    """
    folder = clones / repository.name.replace("/", "+")
    git_dir = next((path for path in (folder / "repo", folder / ".git", folder) if (path / "objects").is_dir()), None)
    if git_dir is None:
        address = f"https://github.com/{repository.name}"
        print(f"cloning {address}", flush=True)
        if subprocess.run(["git", "clone", "--bare", "--quiet", address, str(folder)]).returncode:
            raise SystemExit(f"{address} could not be cloned; run it again, or put a clone at {folder}")
        git_dir = folder
    check = [
        "git",
        "-c",
        "safe.directory=*",
        f"--git-dir={git_dir}",
        "cat-file",
        "-e",
        f"{repository.revision}^{{commit}}",
    ]
    if subprocess.run(check, capture_output=True).returncode:
        raise SystemExit(f"{folder} lacks commit {repository.revision}; remove it to have it cloned again")
    return git_dir
