"""Indexes several source trees with semble, one after the other in one process, and keeps every index.

python semble_trees_runner.py [--content code|all] [--workers N] TREE...: by semble's own Python, with nothing but the
standard library and semble. One JSON object on stdout. Without workers, which is how the library begins, this process
does everything; semble's command line sets four, which each tree starts anew.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

from semble_runner import BUNDLED_MODEL, prepare_model  # type: ignore[import-not-found,unused-ignore]


def main() -> None:
    """Index, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--content", choices=("code", "all"), default="code", help="all: documents and configuration")
    parser.add_argument("--workers", type=int, default=0, help="worker processes for each tree")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        # A cache that is empty, as in semble_runner.py.
        os.environ["SEMBLE_CACHE_LOCATION"] = temporary
        os.environ["SEMBLE_INDEX_WORKERS"] = str(arguments.workers)
        model = Path(temporary) / "model"
        prepare_model(BUNDLED_MODEL, model)
        from semble.index import SembleIndex  # type: ignore[import-not-found,unused-ignore]
        from semble.types import ContentType  # type: ignore[import-not-found,unused-ignore]

        content = list(ContentType) if arguments.content == "all" else [ContentType.CODE]
        indexes = [SembleIndex.from_path(tree, content=content, model_path=str(model)) for tree in arguments.trees]
        files = sum(index.stats.indexed_files for index in indexes)
        chunks = sum(index.stats.total_chunks for index in indexes)
    print(json.dumps({"system": f"semble {version('semble')}", "files": files, "chunks": chunks}))


if __name__ == "__main__":
    main()
