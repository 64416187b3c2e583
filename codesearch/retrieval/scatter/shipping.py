"""What a service gathered, as a message to the one that asked, which ranks it as if it had gathered it itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.shipped import ShippedIndex, ShippedSource, cut_index
from codesearch.retrieval.candidates import AskedSource, Candidates
from codesearch.retrieval.features.part import Part
from codesearch.retrieval.features.references import count_by_part
from codesearch.retrieval.lexical import Rarity
from codesearch.retrieval.named_files import NamedFile
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.related_terms import find_related
from codesearch.retrieval.scatter.encoding import Message
from codesearch.retrieval.scatter.gathering import Gathered, GatheredSource

_COLUMNS = (
    "lexical",
    "file_lexical",
    "similarity",
    "file_similarity",
    "row_payloads",
    "file_payloads",
    "row_compounds",
    "file_compounds",
    "row_relatives",
    "file_relatives",
    "named_file",
    "named_line",
    "phrase",
)


def write_gathered(gathered: Sequence[GatheredSource]) -> Message:
    """Return what data sources may add as a message."""
    parts = [part for of_source in gathered for part in of_source.segments]
    candidates = [part.candidates for part in parts]
    counted = count_by_part([Part(of_part.index, of_part.rows, of_part.files) for of_part in candidates])
    arrays: dict[str, NDArray[Any]] = {}
    of_segments: list[list[dict[str, Any]]] = []
    number = 0
    for of_source in gathered:
        of_segments.append([])
        for part in of_source.segments:
            own, said = _write_part(part, counted[number])
            arrays |= {f"{number}/{name}": array for name, array in own.items()}
            of_segments[-1].append(said)
            number += 1
    sources = [
        {
            "rows": of_source.segments[0].candidates.source.index.row_count,
            "files": of_source.segments[0].candidates.source.index.file_count,
            "was_read": of_source.was_read,
            "text_bytes": of_source.text_bytes,
            "segments": segments,
        }
        for of_source, segments in zip(gathered, of_segments, strict=True)
    ]
    return Message(arrays, {"sources": sources})


def _write_part(part: Gathered, counted: tuple[Any, Any, Any, Any]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    candidates = part.candidates
    arrays = {f"index/{name}": array for name, array in cut_index(candidates.index, candidates.rows, counted).items()}
    arrays |= {name: getattr(candidates, name) for name in _COLUMNS}
    arrays["reasons"] = part.reasons
    files = np.unique(candidates.files)
    chosen = arrays["index/chosen"]
    places = candidates.rows.searchsorted(np.array([row for _, row, _ in part.holders], np.int64)).tolist()
    return arrays, {
        "dimension": candidates.index.dimension,
        "borrower": candidates.index.borrower,
        "files": [
            [int(files.searchsorted(named.file)), named.certainty, named.line]
            for named in part.files
            if named.file in files
        ],
        "holders": [
            [phrase, int(chosen[place]), share] for place, (phrase, _, share) in zip(places, part.holders, strict=True)
        ],
    }


def read_gathered(message: Message, terms: QueryTerms, rarity: Rarity) -> list[GatheredSource]:
    """Return what a message says that data sources may add. Raises KeyError, ValueError, TypeError, IndexError."""
    by_part: dict[int, dict[str, NDArray[Any]]] = {}
    for name, array in message.arrays.items():
        number, _, own = name.partition("/")
        by_part.setdefault(int(number), {})[own] = array
    related = find_related(terms.terms)
    gathered, first = [], 0
    for said in message.said["sources"]:
        parts = [by_part[number] for number in range(first, first + len(said["segments"]))]
        first += len(parts)
        indexes = [_read_index(*pair) for pair in zip(parts, said["segments"], strict=True)]
        source = AskedSource(ShippedSource(indexes, said["rows"], said["files"]))
        segments = [
            Gathered(
                Candidates(
                    source=source,
                    number=number,
                    index=index,
                    rows=index.chosen,
                    files=index.file_of_row[index.chosen],
                    related=related,
                    rarity=rarity,
                    **{name: arrays[name] for name in _COLUMNS},
                ),
                arrays["reasons"],
                [NamedFile(*named) for named in of_segment["files"]],
                [(phrase, row, share) for phrase, row, share in of_segment["holders"]],
            )
            for number, (index, arrays, of_segment) in enumerate(zip(indexes, parts, said["segments"], strict=True))
        ]
        gathered.append(GatheredSource(segments, said["was_read"], said["text_bytes"]))
    return gathered


def _read_index(arrays: Mapping[str, NDArray[Any]], said: Mapping[str, Any]) -> ShippedIndex:
    own = {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith("index/")}
    return ShippedIndex(own, said["dimension"], said["borrower"])
