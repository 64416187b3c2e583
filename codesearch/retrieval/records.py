"""A hit of the retriever -> a record of the response, as the contract lists its keys. Pure."""

from __future__ import annotations

from dataclasses import asdict

from codesearch.core.paths import file_extension_of, file_name_of
from codesearch.core.types import ArtifactKind, Chunk, Hit
from codesearch.retrieval.links import line_url


def build_record(hit: Hit, *, with_location: bool) -> dict[str, object]:
    """Return one record; `with_location` puts `path:start-end (symbol)` and an empty line before the content.

    Of a workspace, that line begins with the repository's name; of a record without its symbol's head it says more
    about the symbol.
    """
    content = hit.chunk.content
    if with_location:
        content = f"{_location_line(hit)}\n\n{content}"
    record: dict[str, object] = {
        "content": content,
        "score": hit.score,
        "title": file_name_of(hit.chunk.path),
        "metadata": build_metadata(hit),
    }
    if hit.explanation is not None:
        record["explain"] = asdict(hit.explanation)
    return record


def build_metadata(hit: Hit) -> dict[str, object]:
    """Return a record's metadata; a key without a value is absent. `last_modified` is in whole Unix seconds.

    `score`, `title`, `dataset_id` and `dataset_name` are never among the keys: Dify overwrites them.
    """
    chunk, source = hit.chunk, hit.source
    first_line, last_line = chunk.symbol_lines or (None, None)
    url = line_url(source.location, hit.commit, chunk.path, chunk.start_line, chunk.end_line) if hit.commit else None
    values = {
        "path": chunk.path,
        "file_extension": file_extension_of(chunk.path),
        "language": chunk.language,
        "data_source_id": source.id,
        "data_source_name": source.name,
        "data_source_type": source.type,
        "artifact_kind": chunk.artifact_kind.value,
        "symbol": chunk.symbol,
        "symbol_kind": chunk.symbol_kind,
        "symbol_start_line": first_line,
        "symbol_end_line": last_line,
        "signature": _unseen_signature(chunk),
        "start_line": chunk.start_line,
        "end_line": chunk.end_line,
        "document_id": hit.document_id,
        "description": describe(hit),
        "commit": hit.commit,
        "last_modified": hit.modified_at,
        "url": url,
        "duplicates": list(hit.duplicates) or None,
    }
    return {key: value for key, value in values.items() if value is not None and value != ""}


def describe(hit: Hit) -> str:
    """Return one line for a person: `method retry in client.py from my-repo`, `section of README.md from my-repo`."""
    chunk = hit.chunk
    file_name = file_name_of(chunk.path)
    if chunk.artifact_kind is ArtifactKind.SYMBOL and chunk.symbol:
        short_name = chunk.symbol.rpartition(".")[2] or chunk.symbol
        what = f"{chunk.symbol_kind or 'definition'} {short_name} in {file_name}"
    elif chunk.artifact_kind is ArtifactKind.FILE:
        what = f"file {file_name}"
    else:
        what = f"section of {file_name}"
    return " ".join(f"{what} from {hit.source.name}".split())


def describe_symbol(chunk: Chunk) -> str:
    """Return a chunk's symbol, of a piece without the head `symbol, part of lines 10-240: signature`; '' for none."""
    if not chunk.symbol or chunk.symbol_lines is None or chunk.holds_head:
        return chunk.symbol or ""
    first_line, last_line = chunk.symbol_lines
    signature = _unseen_signature(chunk)
    return f"{chunk.symbol}, part of lines {first_line}-{last_line}" + (f": {signature}" if signature else "")


def _unseen_signature(chunk: Chunk) -> str | None:
    """Return the signature of a piece without the head, unless the symbol says as much."""
    return None if chunk.holds_head or chunk.signature == chunk.symbol else chunk.signature


def _location_line(hit: Hit) -> str:
    chunk = hit.chunk
    repository = f"{hit.source.name} " if hit.workspace is not None else ""
    symbol = f" ({described})" if (described := describe_symbol(chunk)) else ""
    # A path may hold a line end; the location may not.
    return " ".join(f"{repository}{chunk.path}:{chunk.start_line}-{chunk.end_line}{symbol}".splitlines())
