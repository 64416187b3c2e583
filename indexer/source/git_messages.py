"""Turns what git printed into one line for a person: what is wrong with the source and what to do."""

from __future__ import annotations

import re

PARTIAL_CLONE = (
    "{address} is a partial clone, in which contents are missing; run git fetch --refetch --no-filter there, or give "
    "its clone URL."
)

_EXPLANATIONS = (
    (
        r"unable to normalize alternate object path: ([^\n]+)"
        r"|object directory ([^\n]+) does not exist; check [^\n]*alternates",
        "{address} borrows objects from {what}, which is not there any more; bring that repository back, or give the "
        "clone URL of this one.",
    ),
    (
        r"unknown repository extensions? found:?\s*(\w+)|(Expected git repo version[^\n]*)",
        "{address} is kept in a form that the installed git cannot read ({what}); install a newer git (refstorage, "
        "which is reftable, wants 2.45) and run it again.",
    ),
    (
        r"could not read (?:Username|Password)|Authentication failed|terminal prompts disabled"
        r"|HTTP Basic: Access denied|returned error: 40[13]",
        "{address} wants a login that was missing or not accepted; set CODESEARCH_GIT_TOKEN to a token that may read "
        "it and CODESEARCH_GIT_TOKEN_HOST to its host, name both in CODESEARCH_GIT_TOKENS, or set up a git credential "
        "helper.",
    ),
    (
        r"Permission denied \(|Permissions .* are too open|no such identity|Load key",
        "ssh could not log in for {address}; set CODESEARCH_GIT_SSH_KEY to a key that may read it, or use ssh-agent.",
    ),
    (
        r"Host key verification failed|authenticity of host",
        "The ssh host key of {address} is not known yet; connect once with ssh by hand and accept it.",
    ),
    (
        r"Repository not found|repository '.*' not found|does not appear to be a git repository|returned error: 404"
        r"|project you were looking for could not be found|does not exist or you do not have permission",
        "There is no git repository at {address}, or it is private; check the address, or set CODESEARCH_GIT_TOKEN.",
    ),
    (
        r"Could not resolve host|Name or service not known|Temporary failure in name resolution",
        "The host of {address} was not found; check the address and the network.",
    ),
    (
        r"Connection refused|Connection timed out|Failed to connect|Network is unreachable|Couldn't connect"
        r"|Operation too slow|Connection reset|early EOF|the remote end hung up",
        "The connection to {address} failed; check the network and run it again. git said: {detail}",
    ),
    (
        r"server certificate verification failed|SSL certificate problem|certificate",
        "The certificate of {address} is not trusted; add its authority to git (http.sslCAInfo). git said: {detail}",
    ),
    (
        r"dubious ownership",
        "{address} belongs to another user; run: git config --global --add safe.directory PATH, or give the path "
        "itself.",
    ),
    (
        r"transport '.*' not allowed|lazy fetching disabled|promisor remote",
        PARTIAL_CLONE,
    ),
    (
        r"could not get object info|bad object|not a tree object|unable to read tree|object file .* is empty",
        "{address} lacks objects of its commits; run git fsck there, or give its clone URL. git said: {detail}",
    ),
    (r"No space left on device", "The disk is full; make room in the data folder and run it again."),
)
# A host that is not found is more likely a wrong address than a network that comes back.
_PASSING = (
    r"Temporary failure in name resolution|Connection refused|Connection timed out|Network is unreachable"
    r"|Operation too slow|Operation timed out|Connection reset|early EOF|the remote end hung up unexpectedly"
    r"|returned error: (?:429|50[0234])|Unable to create '.*\.lock'"
)


def explain_failure(error_text: str, address: str) -> str:
    """Return one line about a failed git command; git's own last message when the failure is not a known one."""
    detail = last_message(error_text)
    for pattern, explanation in _EXPLANATIONS:
        if found := re.search(pattern, error_text, re.IGNORECASE):
            named = next((text for text in found.groups() if text), detail)
            return explanation.format(address=address, detail=detail, what=named)
    return f"git could not read {address}: {detail}"


def may_pass(error_text: str) -> bool:
    """Say whether the same command may go well in a while."""
    return re.search(_PASSING, error_text, re.IGNORECASE) is not None


def last_message(error_text: str) -> str:
    """Return git's last `fatal:` or `error:` line, else the last line of all."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", error_text) if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote: error", "ERROR:"))]
    return (telling or lines or ["no message"])[-1][:300]
