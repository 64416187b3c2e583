"""Which subjects ask a question, and what is left of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.history.commits import Commit, is_source, judge_commit
from indexer.history.subjects import MOST_WORDS, clean_subject


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Retry the upload after a timeout", "Retry the upload after a timeout"),
        ("Retry the upload after a timeout (#123)", "Retry the upload after a timeout"),
        ("Fix #123: retry the upload", "retry the upload"),
        ("[Fix #123] Retry the upload", "Retry the upload"),
        ("Retry the upload, closes #12 and #14.", "Retry the upload"),
        ("fix(upload): retry after a timeout", "retry after a timeout"),
        ("feat!: retry uploads after a timeout", "retry uploads after a timeout"),
        ("perf(core)!: cache the compiled pattern (GH-77)", "cache the compiled pattern"),
        ("[core] Retry the upload", "Retry the upload"),
        ("SHOP-418: Retry the upload", "Retry the upload"),
        (":bug: Retry the upload", "Retry the upload"),
        ("🐛 fix: retry the upload", "retry the upload"),
        ("Retry the upload [ci skip]", "Retry the upload"),
        ("Retry the upload https://example.org/issues/3", "Retry the upload"),
        ("Retry the upload Signed-off-by: A <a@b>", "Retry the upload"),
        ("SHA-256 sums for uploads", "SHA-256 sums for uploads"),
        ("net/http: retry the upload", "net/http: retry the upload"),
        ("Format dates in the user's time zone", "Format dates in the user's time zone"),
        ("Release the lock before the callback runs", "Release the lock before the callback runs"),
        ("Merge two sorted lists without copying", "Merge two sorted lists without copying"),
        ("Update the cart when its price changes", "Update the cart when its price changes"),
        ("Fix tests for uploads that never end", "Fix tests for uploads that never end"),
        ("Check versions of the protocol", "Check versions of the protocol"),
    ],
)
def test_a_subject_is_cleaned(subject: str, text: str) -> None:
    assert clean_subject(subject) == text


@pytest.mark.parametrize(
    "subject",
    [
        "wip",
        "WIP: retry the upload somehow",
        "fix typo",
        "Fix typo in the upload's comment",
        "Merge branch 'main' into topic",
        "Merge pull request #12 from someone/topic",
        'Revert "Retry the upload"',
        "Bump requests from 2.0 to 2.1",
        "build(deps): update everything there is",
        "chore(deps): update dependency x to v2",
        "chore(release): cut the next one",
        "docs: explain how uploads are retried",
        "style: put the braces elsewhere",
        "ci: run the tests twice",
        "Update dependencies to their newest versions",
        "Update README with a new example",
        "Update the changelog for retries",
        "Release version 2.1.0 at last",
        "Prepare for release 2.1",
        "Prepare next development iteration",
        "Run black over all files",
        "Reformat code with the new settings",
        "Make the linter happy again",
        "Fix CI on old systems",
        "Fix the build again",
        "Fix flaky test of uploads",
        "Address review comments from yesterday",
        "Apply suggestions from code review",
        "Some minor fixes",
        "Small fixes here",
        "Clean up a bit",
        "Initial commit of everything",
        "parser: prepare to release v0.1.23",
        "parser: fix typos in comments",
        "Remove some unused code",
        "Partially revert what came before",
        "one two",
        " ".join(["word"] * (MOST_WORDS + 1)),
        "",
        "(#12)",
    ],
)
def test_a_subject_that_says_nothing_of_the_code_is_left_out(subject: str) -> None:
    assert clean_subject(subject) is None


@given(st.text(max_size=200))
def test_any_subject_can_be_cleaned(subject: str) -> None:
    text = clean_subject(subject)
    assert text is None or (text == text.strip() and len(text.split()) >= 3)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/cart.py", True),
        ("src/cart.ts", True),
        ("tests/cart_test.go", True),
        ("README.md", False),
        ("package.json", False),
        ("Gemfile", False),
        ("lib/shop/version.rb", False),
        ("shop/_version.py", False),
        ("src/conversion.py", True),
        ("setup.py", False),
        ("src/setup_wizard.py", True),
        ("shop.gemspec", False),
        ("webpack.config.js", False),
        ("app/build.gradle.kts", False),
        ("logo.png", False),
    ],
)
def test_build_and_version_files_are_no_source(path: str, expected: bool) -> None:
    assert is_source(path) is expected


def commit(paths: int = 1, added: int = 0, *, parents: int = 1, author: str = "A", others: int = 0) -> Commit:
    files = (*(f"m{number}.py" for number in range(paths)), *(f"d{number}.md" for number in range(others)))
    return Commit(
        "c", ("p",) * parents, author, "Retry the upload", files, tuple(f"a{number}.py" for number in range(added))
    )


@pytest.mark.parametrize(
    ("given_commit", "asked"),
    [
        (commit(), True),
        (commit(5), True),
        (commit(6), False),
        (commit(3, 2), True),
        (commit(3, 3), False),
        (commit(0, 2), False),
        (commit(1, others=19), True),
        (commit(1, others=20), False),
        (commit(parents=2), False),
        (commit(parents=0), False),
        (commit(author="renovate[bot]"), False),
        (commit(author="Renovate Bot"), False),
    ],
)
def test_only_small_commits_of_people_are_asked(given_commit: Commit, asked: bool) -> None:
    assert (judge_commit(given_commit, 0) is not None) is asked
