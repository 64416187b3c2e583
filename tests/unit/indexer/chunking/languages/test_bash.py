"""The table of Bash."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

BASH = """\
#!/usr/bin/env bash
# Clients.
set -e
readonly MAX_RETRIES=3
export URL="x"
counter=0
declare -A MAP
alias ll='ls -l'

# Retries.
# Twice.
retry() {
  local x=1
  inner() {
    echo 1
  }
  for i in 1 2; do echo $i; done
}

function helper {
  y=2
}

function both() { echo; }
sub() (
  echo 1
)
if [ -n "$X" ]; then
  conditional() {
    echo
  }
fi
{
  inbrace() { :; }
}
nvm_has() {
  type "$1" > /dev/null 2>&1
}
redirected() { echo; } >&2
main "$@"
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("MAX_RETRIES", "constant", 4, 4),
        ("URL", "variable", 5, 5),
        ("ll", "alias", 8, 8),
        ("retry", "function", 10, 18),
        ("retry.inner", "function", 14, 16),
        ("helper", "function", 20, 22),
        ("both", "function", 24, 24),
        ("sub", "function", 25, 27),
        ("conditional", "function", 29, 31),
        ("inbrace", "function", 34, 34),
        ("nvm_has", "function", 36, 38),
        ("redirected", "function", 39, 39),
    ]
    assert found_in("client.sh", BASH) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("client.sh", BASH, "retry") == "# Retries."
