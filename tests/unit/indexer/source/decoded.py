"""What is read of a file's bytes, without the codec."""

from __future__ import annotations

from indexer.source.decoding import NO_HINTS, Decoded, Hints, Verdict, decode


def decode_text(content: bytes, hints: Hints = NO_HINTS) -> str | Verdict:
    """Return the text, or why there is none."""
    decoded = decode(content, hints)
    return decoded.text if isinstance(decoded, Decoded) else decoded
