"""A long query taken apart: the title of an issue, its prose, what code and logs say, and what is only form. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A first line of more characters is a paragraph, not a title.
MAX_TITLE_CHARACTERS = 200
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*(```|~~~)", re.MULTILINE)
_CHECKBOX = re.compile(r"^[ \t]*[-*][ \t]+\[[ xX]\].*$", re.MULTILINE)
_LINK = re.compile(r"\b(?:https?|ftp)://\S+")
_HEADING = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+.*|\*\*[^*\n]{1,60}\*\*:?[ \t]*)$", re.MULTILINE)
_NAME_OR_PATH = re.compile(r"[^\W\d]\w*(?:(?:\.|::|/)\w+)+|\w*[a-z\d][A-Z]\w*|\w*[^\W_]_\w+")
_ERROR_LINE = re.compile(r"^.*\b\w*(?:Error|Exception|error|panicked|Fatal|FAILED|Traceback)\b.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Message:
    """A text that tells of something at length. title may be ''; code: what fenced blocks name, and their errors."""

    title: str
    prose: str
    code: str


def read_message(text: str) -> Message:
    """Take a text apart; accepts any."""
    text = text.strip()
    first, _, rest = text.partition("\n")
    title, body = (first.strip(), rest) if rest.strip() and len(first) <= MAX_TITLE_CHARACTERS else ("", text)
    body = _COMMENT.sub(" ", body)
    prose, code = split_fences(body)
    for form in (_CHECKBOX, _LINK, _HEADING):
        prose = form.sub(" ", prose)
    kept = [*_NAME_OR_PATH.findall(code), *_ERROR_LINE.findall(code)]
    return Message(title, prose.strip(), "\n".join(dict.fromkeys(kept)))


def split_fences(text: str) -> tuple[str, str]:
    """Return what stands outside of fenced blocks of code and what inside; one that is not closed goes to the end."""
    parts = _FENCE.split(text)
    # text, fence, text, fence, ...
    texts = parts[::2]
    return "\n".join(texts[::2]), "\n".join(texts[1::2])
