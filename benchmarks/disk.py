"""Bytes on disk, chunk by chunk: each column of the store's table, each array of the search files, and both by text.

python -m benchmarks.disk TREE... [--data-dir DIR] [--least 0.5]
python -m benchmarks.disk --data-dir DIR

Indexes the trees, into a temporary folder unless `--data-dir` names one to keep; without trees, measures the one that
is there. Prints Markdown; what takes fewer bytes a chunk than `--least` is summed up.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.lance_columns import measure_columns
from benchmarks.processes import folder_bytes
from benchmarks.quality import open_assembly
from benchmarks.report import table
from codesearch.assembly import Assembly, open_indexer
from codesearch.core.index.array_file import map_arrays
from codesearch.core.index.text_blocks import open_text
from indexer.pipeline import SilentProgress


def main() -> None:
    """Index, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", type=Path, metavar="TREE", help="folders with source code")
    parser.add_argument("--data-dir", type=Path, help="keep the index here, or measure the one that is here")
    parser.add_argument("--least", type=float, default=0.5, help="sum up what takes fewer bytes a chunk")
    arguments = parser.parse_args()
    if not arguments.trees and arguments.data_dir is None:
        parser.error("name trees to index, or the data folder of an index with --data-dir")
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary) / "data"
        with closing(open_assembly(data_dir)) as assembly:
            indexer = open_indexer(assembly)
            for tree in arguments.trees:
                print(f"indexing {tree}", file=sys.stderr)
                indexer.index(str(tree), name=tree.name, branch=None, subdir=None, progress=SilentProgress())
            print("\n".join(describe(assembly, data_dir, arguments.least)))


def describe(assembly: Assembly, data_dir: Path, least: float) -> Iterator[str]:
    """Yield the lines of the report. Raises ValueError where nothing is indexed."""
    arrays, text_bytes, chunks = measure_arrays(data_dir)
    folder = assembly.store.table_folder()
    if folder is None or not chunks:
        raise ValueError(f"there is no index on this disk for the data folder {data_dir}")
    columns = measure_columns(folder)
    columns["(indexes of the table)"] = folder_bytes(folder / "_indices")
    columns["(versions, footers)"] = max(0, folder_bytes(folder) - columns.total())
    files = folder_bytes(data_dir / "search")
    arrays["(headers)"] = max(0, files - arrays.total())
    both = columns.total() + arrays.total()
    yield f"{chunks:,} chunks, {text_bytes:,} bytes of text, {text_bytes / chunks:.0f} a chunk."
    yield (
        f"Rows {columns.total() / text_bytes:.2f} times the text, search files {arrays.total() / text_bytes:.2f}, "
        f"together {both / text_bytes:.2f}: {both / chunks:.0f} bytes a chunk."
    )
    for title, sizes in (("column of the table", columns), ("array of the search files", arrays)):
        yield ""
        yield table([title, "bytes a chunk"], rows_of(sizes, chunks, least))


def measure_arrays(data_dir: Path) -> tuple[Counter[str], int, int]:
    """Return the bytes of each array over all search files, the bytes of the texts, and how many chunks there are."""
    sizes: Counter[str] = Counter()
    text_bytes = chunks = 0
    for path in sorted((data_dir / "search").glob("*/*.segment")):
        arrays, _ = map_arrays(path)
        sizes.update({name: array.nbytes for name, array in arrays.items()})
        text_bytes += open_text(arrays).size
        chunks += len(arrays["file_of_row"])
    return sizes, text_bytes, chunks


def rows_of(sizes: Mapping[str, int], chunks: int, least: float) -> list[tuple[str, str]]:
    """Return name and bytes a chunk, the largest first, the small ones in one row, and the sum."""
    ordered = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    large = [(name, size) for name, size in ordered if size >= least * chunks]
    small = sum(sizes.values()) - sum(size for _, size in large)
    listed = [*large, (f"{len(sizes) - len(large)} others", small), ("all", sum(sizes.values()))]
    return [(name, f"{size / chunks:.1f}") for name, size in listed]


if __name__ == "__main__":
    main()
