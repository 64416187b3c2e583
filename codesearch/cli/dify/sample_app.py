"""`codesearch dify sample-app`: an app for Dify to import."""

from __future__ import annotations

import click

from codesearch.cli.dify.opening import is_dify_id


@click.command("sample-app")
@click.argument("bases", nargs=-1, metavar="[BASE]...")
def sample_app(bases: tuple[str, ...]) -> None:
    """Print an app that answers from the knowledge bases with the ids BASE, for Dify to import as a DSL file.

    `codesearch dify status` shows the ids. Without any, they are chosen in Dify, as the model is.

    \b
    codesearch dify sample-app 0b0e26f7-7a3c-4e6b-9d1a-4f0c8a2f5d11 > ask-the-code.yml
    """
    from codesearch.dify.sample_app import build_sample_app

    for base in bases:
        if not is_dify_id(base):
            raise click.UsageError(
                f"{base!r} is no id of a knowledge base in Dify; `codesearch dify status` shows them."
            )
    print(build_sample_app(bases), end="")
