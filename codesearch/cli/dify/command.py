"""The group `codesearch dify`."""

from __future__ import annotations

import click

from codesearch.cli.dify.ask import ask
from codesearch.cli.dify.connect import connect
from codesearch.cli.dify.push import push
from codesearch.cli.dify.remove import remove
from codesearch.cli.dify.sample_app import sample_app
from codesearch.cli.dify.status import status


@click.group()
def dify() -> None:
    """Set up a Dify: knowledge bases that ask codesearch, a question to test them, or copies where it cannot reach us.

    \b
    codesearch dify connect --all        knowledge bases in Dify that ask codesearch
    codesearch dify ask "QUESTION"       what an app of Dify answers, and which link is broken
    codesearch dify push SOURCE          a copy, for a Dify that cannot reach this machine

    CODESEARCH_DIFY_URL is the address of Dify's API; CODESEARCH_DIFY_KEY (dataset-...) and, to ask,
    CODESEARCH_DIFY_APP_KEY (app-...) are its keys.
    """


for command in (connect, ask, push, status, remove, sample_app):
    dify.add_command(command)
