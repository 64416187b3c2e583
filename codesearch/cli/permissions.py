"""`codesearch permissions`: what a code host lets a person read, as the service would find it out now."""

from __future__ import annotations

import click

from codesearch.cli import output
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.sources import NOTHING_INDEXED, list_known
from codesearch.core.errors import ConfigurationError
from codesearch.core.users import validate_user

_SHOWN_PATTERNS = 20


@click.command()
@click.argument("user", metavar="USER")
@as_json_option
@click.pass_obj
def permissions(holder: LazyAssembly, user: str, as_json: bool) -> None:
    """Ask the file or command that the settings name what USER may read, and say which data sources that means."""
    from codesearch.access.opening import open_hook

    assembly = holder.get()
    user = validate_user(user)
    hook = open_hook(assembly.settings)
    if hook is None:
        raise ConfigurationError(
            "Nothing says what users may read: set CODESEARCH_PERMISSIONS_FILE or CODESEARCH_PERMISSIONS_COMMAND."
        )
    try:
        patterns = hook.find_patterns(user)
    finally:
        hook.close()
    known = list_known(assembly)
    sources = [item for item in known if patterns.match(item.id, item.name, item.location)]
    if as_json:
        found = [{"id": source.id, "name": source.name} for source in sources]
        output.print_json({"user": user, "patterns": list(patterns.written), "sources": found})
        return
    shown = ", ".join(patterns.written[:_SHOWN_PATTERNS]) or "nothing"
    more = len(patterns.written) - _SHOWN_PATTERNS
    print(output.visible(f"{user} may read {shown}{f' and {more} more' if more > 0 else ''}."))
    if sources:
        output.print_table(("id", "name"), [(source.id, source.name) for source in sources])
    else:
        print("No data source here is meant by that." if known else NOTHING_INDEXED)
