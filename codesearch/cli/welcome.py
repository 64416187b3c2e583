"""What `codesearch serve` prints first: what is served, the first key, and a request to paste."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from codesearch.cli.output import visible
from codesearch.core.counts import say_count
from codesearch.core.types import DataSource, SourceState, Workspace


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `path` is the file that its secret was written to, None where a terminal may show it."""

    secret: str = field(repr=False)
    path: Path | None = None


def print_welcome(
    sources: Sequence[DataSource], workspaces: Sequence[Workspace], url: str, key: NewKey | None, command: str
) -> None:
    """Print what a person needs for a first request: ids, the key or where it lies, and a line to paste.

    `command` is how codesearch is called here.
    """
    print(f"codesearch answers on {url} (ctrl-C stops it)\n")
    for source in sources:
        print(visible(f"  {source.id}  {source.name}  {say_count(source.chunk_count, 'chunk')}"))
    for workspace in workspaces:
        members = say_count(len(workspace.members), "repository", "repositories")
        print(visible(f"  {workspace.id}  {workspace.name}  workspace of {members}"))
    if not sources:
        print(f"  Nothing is indexed yet. In another shell: {command} index SOURCE")
    if key is not None and key.path is None:
        print(f"\nAPI key, shown this once: {key.secret}")
    elif key is not None:
        print(f"\nAPI key, for you alone to read, in {key.path}. Store it elsewhere and delete the file.")
    print(f"\nIn a browser: open {url} and paste {'the' if key is not None else 'a'} key.")
    ready = [source.id for source in sources if source.state is SourceState.READY]
    answering = [item.id for item in workspaces if any(member.id in ready for member in item.members)] + ready
    if answering:
        body = json.dumps({"knowledge_id": answering[0], "query": "how are failed requests retried?"})
        # In double quotes, so that the shell fills in the variable or the file's content.
        headers = f'-H "Authorization: Bearer {_shell_key(key)}" -H "Content-Type: application/json"'
        print(f"\n  curl -s {url}/retrieval {headers} -d '{body}'")
    if key is None:
        print(f"\nKeys are shown once only. To make one: export CODESEARCH_KEY=$({command} key create NAME)")
    print(flush=True)


def _shell_key(key: NewKey | None) -> str:
    if key is None:
        return "$CODESEARCH_KEY"
    return key.secret if key.path is None else f"$(cat {quote(str(key.path))})"


def own_command(data_dir: Path) -> str:
    """Return how this program is called here, about these data: by its path where the shell would not find it."""
    called = Path(sys.argv[0])
    program = str(called) if called.name == "codesearch" and shutil.which("codesearch") is None else "codesearch"
    from codesearch.core.settings.places import find_default_data_dir

    folder = data_dir.resolve()
    if folder == find_default_data_dir():
        return program
    return f"CODESEARCH_DATA_DIR={quote(str(folder))} {program}"
