"""`python -m codesearch.cli`."""

from codesearch.cli.main import run

if __name__ == "__main__":
    run()
