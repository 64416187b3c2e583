"""The program: the group of commands, exit statuses, and what is printed when something fails.

Each command is imported when it is asked for (commands.py), and what only some of its runs need later still.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from codesearch.cli import output
from codesearch.cli.commands import LazyCommands
from codesearch.cli.context import LazyAssembly, open_logging_assembly
from codesearch.cli.limits import explain_refusal
from codesearch.cli.wording import describe_error
from codesearch.core.errors import CodesearchError

logger = logging.getLogger(__name__)

# What a shell takes for "ended by ctrl-C": 128 and the number of SIGINT.
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 for a failure, 2 for wrong usage, 130 for ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is no reason to fail.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        # Without standalone mode, click returns the status that a command exits with.
        sys.exit(commands.main(args=list(arguments) if arguments is not None else None, standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        output.print_error("Interrupted. Nothing half-written was left; run the same command to go on.")
        # Everything is closed by now. Python itself would first wait for threads of the worker pool, whose queues may
        # have nobody left at their other end.
        _flush()
        os._exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except CodesearchError as error:
        output.print_error(describe_error(error))
        sys.exit(1)
    except Exception as error:
        logger.debug("unforeseen", exc_info=True)
        if refusal := explain_refusal(error):
            output.print_error(refusal)
            sys.exit(1)
        name = type(error).__name__
        output.print_error(f"Unforeseen failure: {name}: {error}. CODESEARCH_LOG_LEVEL=debug tells more.")
        sys.exit(1)


def run() -> None:
    """Be the program: `main`, and an exit that gives memory back at once and not piece by piece, which takes 0.15 s."""
    status = 0
    # What is indexed, key hashes and logs are the owner's alone, whoever writes them: git, LanceDB, worker processes.
    os.umask(0o077)
    try:
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    os._exit(status if _flush() else status or 1)


def _flush() -> bool:
    """Write out what was printed; say whether somebody could still read it."""
    is_read = True
    for stream in (sys.stdout, sys.stderr):
        try:
            # None where the caller has closed it.
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            is_read = False
    return is_read


@click.group(commands=LazyCommands(), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codesearch")
@click.pass_context
def commands(context: click.Context) -> None:
    """Self-hosted code search: index repositories, ask questions, get the lines that answer them.

    \b
    codesearch index SOURCE     a clone URL, a git repository or a folder
    codesearch search ID QUERY  ask here
    codesearch serve            answer over HTTP, for Dify and scripts

    Settings are CODESEARCH_ variables or lines of a trusted codesearch.toml; `codesearch doctor` checks them.
    """
    context.obj = LazyAssembly(open_logging_assembly)
    context.call_on_close(context.obj.close)
