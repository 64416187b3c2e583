"""What `codesearch serve` says first: ids, a key and a line to paste."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from codesearch.cli.output import visible
from codesearch.core.types import DataSource, SourceState, Workspace


def print_welcome(sources: Sequence[DataSource], workspaces: Sequence[Workspace], url: str, secret: str | None) -> None:
    """Print what a person needs for a first request: ids, the key and a line to paste."""
    print(f"codesearch answers on {url} (ctrl-C stops it)\n")
    for source in sources:
        print(visible(f"  {source.id}  {source.name}  {source.chunk_count:,} chunks"))
    for workspace in workspaces:
        print(visible(f"  {workspace.id}  {workspace.name}  workspace of {len(workspace.members)} repositories"))
    if not sources:
        print(f"  Nothing is indexed yet. In another shell: {_own_command()} index SOURCE")
    if secret:
        print(f"\nAPI key, shown this once: {secret}")
    ready = [source.id for source in sources if source.state is SourceState.READY]
    answering = [item.id for item in workspaces if any(member.id in ready for member in item.members)] + ready
    if answering:
        body = json.dumps({"knowledge_id": answering[0], "query": "how are failed requests retried?"})
        # In double quotes, so that the shell fills in the variable.
        headers = f'-H "Authorization: Bearer {secret or "$CODESEARCH_KEY"}" -H "Content-Type: application/json"'
        print(f"\n  curl -s {url}/retrieval {headers} -d '{body}'")
    if not secret:
        print(f"\nKeys are shown once only. To make one: export CODESEARCH_KEY=$({_own_command()} key create NAME)")
    print(flush=True)


def _own_command() -> str:
    """Return how this program is called here: in an environment that is not activated, by its path."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "codesearch" and shutil.which("codesearch") is None else "codesearch"
