"""Finds what looks like a credential in an address: refused where it is read, struck out where it is shown."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import unquote

STRUCK_OUT = "***"

# What code hosts and clouds put before their tokens, with as many characters behind it as theirs have at least.
_ISSUED_SHAPES = (
    r"(?<![A-Za-z0-9])(?:"
    r"(?:gh[opsur]_|github_pat_|gl(?:pat|dt|rt|cbt|soat|ft)-|glptt-)[A-Za-z0-9_-]{20,}"
    r"|(?:bb[tp]_|ATBB|ATCTT|npm_|pypi-|xox[abprs]-|hf_|cs_)[A-Za-z0-9_-]{30,}"
    r"|AKIA[A-Z0-9]{16}(?![A-Z0-9]))"
)
# The user information of a URL, with an @ in it where there is more than one; bounded, for it meets any text.
_IN_URL = r"(?<=://)[^/\s?#'\"<>]{1,500}@"
# user:password@host, as in a URL, an scp-like address or one without its scheme.
_IN_SCP = r"(?<![^\s'\"(=/])[^\s/:@'\"]{1,200}:(?!//)[^\s'\"]{1,200}@(?=[\w.\[-])"
_IN_QUERY = (
    r"(?i)(?<=[?&;#])((?:access_?|private_?|auth_?|api_?|job_?|oauth_?)?(?:token|key|secret|password|passwd|pwd|sig|signature)"
    r"|auth|authorization|x-amz-[a-z-]+)=[^\s&;#'\"]{1,2000}"
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern when a text first needs it: not every command shows or reads an address."""
    return re.compile(pattern)


def holds_token(text: str) -> bool:
    """Say whether the text, as it is or with its percent signs decoded, holds what looks like a code host's token."""
    return (
        _compiled(_ISSUED_SHAPES).search(text) is not None
        or _compiled(_ISSUED_SHAPES).search(unquote(text)) is not None
    )


def redact(text: str) -> str:
    """Return the text with everything in it that looks like a credential of an address struck out."""
    if "@" in text:
        # A password with / and @ in it reaches to the last @ of the word. A port may be taken for one: no harm.
        text = _compiled(_IN_SCP).sub(f"{STRUCK_OUT}@", text)
        text = _compiled(_IN_URL).sub(f"{STRUCK_OUT}@", text)
    if "=" in text:
        text = _compiled(_IN_QUERY).sub(rf"\1={STRUCK_OUT}", text)
    return _compiled(_ISSUED_SHAPES).sub(STRUCK_OUT, text)
