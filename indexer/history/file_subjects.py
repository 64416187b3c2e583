"""What the commits of a repository said of each file that they changed: their subjects, as somebody would ask them.

subjects.py of the indexer asks here.
"""

from __future__ import annotations

from collections.abc import Callable

from indexer.history.subjects import clean_subject, is_bot
from indexer.source.commit_log import read_log
from indexer.source.git import Git

# Of a file that nearly every commit changes, such as a list of versions, more say nothing of it: its row stays small.
MOST_SUBJECTS = 100
# Twenty words are rarely as long; what is, is no sentence.
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
        subject = clean_subject(commit.subject)
        if subject is None or len(subject) > MOST_CHARACTERS:
            continue
        for path in paths:
            subjects = found.setdefault(path, [])
            if len(subjects) < MOST_SUBJECTS:
                subjects.append(subject)
    return found
