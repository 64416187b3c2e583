"""`python -m indexer.chunking.unused_grammars`: what the bundle holds that no language is read with; --delete frees it.

A package cannot be installed in part. For images, and for environments that only codesearch uses.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from indexer.chunking.grammars import BUNDLE, PACKAGES

_SUFFIXES = (".so", ".pyd")


def bundle_folder() -> Path | None:
    """Return the folder that the bundle's grammars are in; None where it is not installed."""
    found = find_spec(BUNDLE.module)
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "bindings"


def unused_files(folder: Path) -> list[Path]:
    """Return the grammars in a bundle's folder that the table of grammars does not take from there, by name."""
    used = {name for name, package in PACKAGES.items() if package is BUNDLE}
    files = (file for file in folder.iterdir() if file.suffix in _SUFFIXES)
    return sorted(file for file in files if file.name.partition(".")[0] not in used)


def main(arguments: list[str] | None = None) -> int:
    """Say how much is unused, or delete it; return the exit status."""
    parser = argparse.ArgumentParser(description="Grammars of the bundle that no language is read with.")
    parser.add_argument("--delete", action="store_true", help="delete them; reinstalling the package brings them back")
    is_to_delete = parser.parse_args(arguments).delete
    folder = bundle_folder()
    if folder is None or not folder.is_dir():
        print(f"{BUNDLE.name} is not installed here", file=sys.stderr)
        return 1
    files = unused_files(folder)
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    if is_to_delete:
        try:
            for file in files:
                file.unlink(missing_ok=True)
        except OSError as error:
            print(f"cannot delete {error.filename}: {error.strerror}; run it as who installed it", file=sys.stderr)
            return 1
    print(f"{BUNDLE.name}: {len(files)} unused grammars, {megabytes:.0f} MB{', deleted' * is_to_delete}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
