"""What a service gathered, as a message to the one that asked, which ranks it as if it had gathered it itself."""

from __future__ import annotations

from collections.abc import Sequence
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
from codesearch.retrieval.scatter.gathering import Gathered

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


def write_gathered(gathered: Sequence[Gathered]) -> Message:
    """Return what data sources may add as a message."""
    arrays: dict[str, NDArray[Any]] = {}
    sources = []
    for number, part in enumerate(gathered):
        own, said = _write_part(part)
        arrays |= {f"{number}/{name}": array for name, array in own.items()}
        sources.append(said)
    return Message(arrays, {"sources": sources})


def _write_part(part: Gathered) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return a data source's candidates, in the order of paths, with what is known of their rows and files."""
    candidates = part.candidates
    ranks = candidates.rank_files()
    order = np.arange(len(candidates.rows)) if ranks is None else ranks.argsort(kind="stable")
    rows, files = candidates.rows[order], candidates.files[order]
    (counted,) = count_by_part([Part(candidates.index, rows, files)])
    arrays = {f"index/{name}": array for name, array in cut_index(candidates.index, rows, counted).items()}
    arrays |= {name: getattr(candidates, name)[..., order] for name in _COLUMNS}
    arrays["reasons"] = part.reasons[order]
    number_of = {file: number for number, file in enumerate(dict.fromkeys(files.tolist()))}
    row_of = dict(zip(rows.tolist(), arrays["index/chosen"].tolist(), strict=True))
    return arrays, {
        "rows": candidates.source.index.row_count,
        "files": candidates.source.index.file_count,
        "was_read": part.was_read,
        "text_bytes": part.text_bytes,
        "dimension": candidates.index.dimension,
        "named": [
            [number_of[named.file], named.certainty, named.line] for named in part.files if named.file in number_of
        ],
        "holders": [[phrase, row_of[row], share] for phrase, row, share in part.holders],
    }


def read_gathered(message: Message, terms: QueryTerms, rarity: Rarity) -> list[Gathered]:
    """Return what a message says that data sources may add. Raises KeyError, ValueError, TypeError, IndexError."""
    by_part: dict[int, dict[str, NDArray[Any]]] = {}
    for name, array in message.arrays.items():
        of_source, _, own = name.partition("/")
        by_part.setdefault(int(of_source), {})[own] = array
    related = find_related(terms.terms)
    gathered = []
    for number, said in enumerate(message.said["sources"]):
        arrays = by_part[number]
        of_index = {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith("index/")}
        index = ShippedIndex(of_index, said["dimension"])
        candidates = Candidates(
            source=AskedSource(ShippedSource(index, said["rows"], said["files"])),
            index=index,
            rows=index.chosen,
            files=index.file_of_row[index.chosen],
            related=related,
            rarity=rarity,
            **{name: arrays[name] for name in _COLUMNS},
        )
        gathered.append(
            Gathered(
                candidates,
                arrays["reasons"],
                [NamedFile(*named) for named in said["named"]],
                [(phrase, row, share) for phrase, row, share in said["holders"]],
                said["was_read"],
                said["text_bytes"],
            )
        )
    return gathered
