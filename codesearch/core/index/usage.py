"""DiskUsage: what the segments of data sources take on disk, and how much of it several share."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """How many segments there are, their bytes, and how many of these are shared with another data source."""

    segments: int = 0
    index_bytes: int = 0
    shared_bytes: int = 0

    def __add__(self, other: DiskUsage) -> DiskUsage:
        return DiskUsage(
            self.segments + other.segments, self.index_bytes + other.index_bytes, self.shared_bytes + other.shared_bytes
        )


def list_segments(folder: Path) -> dict[tuple[int, int], int]:
    """Return the bytes of the segments in the folder of a data source, by device and inode: shared ones are equal."""
    sizes = {}
    for path in folder.glob("*.segment"):
        with suppress(FileNotFoundError):
            status = path.stat()
            sizes[status.st_dev, status.st_ino] = status.st_size
    return sizes


def measure_segments(folder: Path) -> DiskUsage:
    """Return what the segments in the folder of a data source take, of any index format."""
    total = DiskUsage()
    for path in folder.glob("*.segment"):
        with suppress(FileNotFoundError):
            status = path.stat()
            total += DiskUsage(1, status.st_size, status.st_size if status.st_nlink > 1 else 0)
    return total
