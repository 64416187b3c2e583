"""What the model is trained on: questions out of comments, names, tests and commits, and code that lacks them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codesearch.core.types import ArtifactKind, Chunk

TRAINING = str(Path(__file__).parents[2] / "training")
sys.path.append(TRAINING)
try:
    from clones import read_repositories
    from comments import find_comments, first_sentence
    from corpus import choose_words, read_pairs
    from history import read_commits, tidy_subject
    from pairs import Pair, pairs_of_chunk, pairs_of_tests, write_pairs
finally:
    sys.path.remove(TRAINING)

PYTHON = '''def retry(request):
    """Send a request again after a failure.

    Waits longer each time.
    """
    # give up when the server says so
    if request.final:
        return None
    return send(request)'''


def chunk(content: str, symbol: str | None, path: str = "src/client.py", language: str = "python") -> Chunk:
    return Chunk(path, 1, content.count("\n") + 1, content, ArtifactKind.SYMBOL, language=language, symbol=symbol)


def test_comments_are_found_with_their_lines() -> None:
    found = find_comments(PYTHON.split("\n"), "python")
    assert [(comment.start, comment.end) for comment in found] == [(1, 5), (5, 6)]
    assert found[1].text == "give up when the server says so"


def test_block_comments_lose_their_decoration_and_tags() -> None:
    lines = ["/**", " * Parses the header of a packet.", " * @param bytes what came in", " */", "parse(bytes) {", "}"]
    (comment,) = find_comments(lines, "javascript")
    assert (comment.start, comment.end, comment.text) == (0, 4, "Parses the header of a packet.")


@pytest.mark.parametrize(
    "text", ["Copyright 2020 by the authors of this", "eslint-disable no-console here", "Too short", "call(a, b, c);"]
)
def test_what_is_no_sentence_about_code_is_no_question(text: str) -> None:
    assert first_sentence(text) is None


def test_a_question_is_the_first_sentence() -> None:
    assert first_sentence("Send a request again. Waits longer.") == "Send a request again"


def test_an_answer_lacks_the_comment_that_asks_for_it() -> None:
    pairs = {pair.kind: pair for pair in pairs_of_chunk(chunk(PYTHON, "Client.retry"))}
    assert pairs["doc"].question == "Send a request again after a failure"
    assert "after a failure" not in pairs["doc"].answer
    assert "client retry" in pairs["doc"].answer
    assert "give up" in pairs["doc"].answer
    assert "give up" not in pairs["comment"].answer
    assert "retry" not in pairs["body"].answer


def test_a_test_leads_to_what_its_name_names() -> None:
    tested = chunk("def parse_header(text):\n    return text", "parse_header", path="src/header.py")
    test = chunk("def test_parse_header_twice():\n    pass", "test_parse_header_twice", path="tests/test_header.py")
    (pair,) = [pair for pair in pairs_of_tests([tested, test]) if "return text" in pair.answer]
    assert (pair.kind, pair.question) == ("test", "parse header twice")


def test_subjects_of_upkeep_are_left_out() -> None:
    assert tidy_subject("fix(parser): accept an empty header line (#12)") == "accept an empty header line"
    assert tidy_subject("Bump version of the parser package") is None
    assert tidy_subject('Revert "accept an empty header line"') is None


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_commits_give_their_subject_and_the_lines_after_the_change(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    file = tmp_path / "client.py"
    for content, subject in (
        ("one\ntwo\n", "Add a client for the service"),
        ("one\n2\n", "Count with digits from now on"),
    ):
        file.write_text(content, encoding="utf-8")
        git(tmp_path, "add", "client.py")
        git(tmp_path, "commit", "--quiet", "-m", subject)
    commits = list(read_commits(tmp_path / ".git", "HEAD"))
    assert [subject for subject, _ in commits] == ["Count with digits from now on", "Add a client for the service"]
    (hunk,) = commits[0][1]
    assert (hunk.path, hunk.lines, hunk.changed) == ("client.py", ["one", "2"], 2)


def test_pairs_are_kept_as_bags_of_lower_case_words(tmp_path: Path) -> None:
    file = tmp_path / "owner+name.npz"
    write_pairs(file, [Pair("doc", "Parse it", "parseHeader(header)")])
    pairs = read_pairs(file)
    assert (pairs.name, pairs.words) == ("owner/name", ["parse", "it", "header"])
    assert pairs.answers.indices.tolist() == [0, 2]
    assert pairs.answers.weights.tolist() == [1, 2]
    assert choose_words([pairs], {"parse"}, min_repositories=1, min_texts=1) == ["header"]


def test_texts_are_taken_in_the_order_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "owner+name.npz"
    write_pairs(file, [Pair("doc", "a", "one two"), Pair("doc", "b", "three")])
    answers = read_pairs(file).answers.take(np.array([1, 0, 1]))
    assert answers.offsets.tolist() == [0, 1, 3, 4]
    assert answers.indices.tolist() == [4, 1, 2, 4]  # words in the order they came up: a, one, two, b, three


def test_the_listed_repositories_are_permissively_licensed_and_pinned() -> None:
    repositories = read_repositories()
    assert len({repository.name.lower() for repository in repositories}) == len(repositories) >= 70
    allowed = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "BSL-1.0", "Unlicense", "Zlib"}
    assert all(set(repository.licence.split(" OR ")) & allowed for repository in repositories)
    assert all(len(repository.revision) == 40 for repository in repositories)
    assert any(repository.held_out for repository in repositories)
