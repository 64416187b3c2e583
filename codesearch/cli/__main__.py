"""`python -m codesearch.cli`."""

from codesearch.cli.program import run

if __name__ == "__main__":
    run()
