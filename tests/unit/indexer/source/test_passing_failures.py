"""Which failures of git may pass in a while, and which never will by themselves."""

from __future__ import annotations

import pytest

from indexer.source.git_messages import may_pass

URL = "https://git.example.org/shop.git"


@pytest.mark.parametrize(
    "said",
    [
        f"fatal: unable to access '{URL}': Failed to connect to git.example.org port 443: Connection refused",
        f"fatal: unable to access '{URL}': The requested URL returned error: 503",
        f"fatal: unable to access '{URL}': The requested URL returned error: 429",
        "error: RPC failed; curl 28 Operation too slow.\nfatal: early EOF",
        "ssh: Could not resolve hostname git.example.org: Temporary failure in name resolution",
        "fatal: Unable to create '/data/mirrors/1/shallow.lock': File exists.",
    ],
)
def test_a_host_that_does_not_answer_may_answer_later(said: str) -> None:
    assert may_pass(said)


@pytest.mark.parametrize(
    "said",
    [
        f"fatal: repository '{URL}' not found",
        f"fatal: unable to access '{URL}': Could not resolve host: git.example.org",
        f"fatal: Authentication failed for '{URL}'",
        "fatal: couldn't find remote ref refs/heads/next",
        f"fatal: unable to access '{URL}': The requested URL returned error: 404",
    ],
)
def test_a_wrong_address_branch_or_login_stays_wrong(said: str) -> None:
    assert not may_pass(said)
