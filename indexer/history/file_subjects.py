"""What the commits of a repository said of each file that they changed: their subjects, as they are written.

subjects.py of the indexer asks here.
"""

from __future__ import annotations

from collections.abc import Callable

from indexer.history.subjects import is_bot
from indexer.source.commit_log import read_log
from indexer.source.git import Git

# Of a file that nearly every commit changes, such as a list of versions, more say nothing of it: its row stays small.
# File recall@10 of 3,622 later commits of 38 repositories by 100 / 200 / 300 / all: .7159 .7163 .7164 .7164.
MOST_SUBJECTS = 300
# What is longer is no sentence.
MOST_CHARACTERS = 240


def read_subjects(
    git: Git, revisions: str, most_commits: int, own_path: Callable[[str], str | None]
) -> dict[str, list[str]]:
    """Return path -> subjects of the newest commits of `revisions` that changed it, the newest first.

    `own_path` turns a path of the repository into one of the source, None for one outside. At most `most_commits`
    commits count, of a file at most MOST_SUBJECTS. Raises SourceError.
    """
    found: dict[str, list[str]] = {}
    for commit in read_log(git, revisions, most_commits):
        paths = [path for path in map(own_path, commit.paths) if path is not None]
        if not paths or is_bot(commit.author):
            continue
        # Cleaned as a question it would lose what it begins with, often the part that it is about (`net/http:`): 38
        # repositories .7170 as written, .7164 cleaned and without those that say nothing of code.
        subject = commit.subject
        if not subject or len(subject) > MOST_CHARACTERS:
            continue
        for path in paths:
            subjects = found.setdefault(path, [])
            if len(subjects) < MOST_SUBJECTS:
                subjects.append(subject)
    return found
