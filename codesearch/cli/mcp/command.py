"""`codesearch mcp` itself: starts the engine, then what speaks MCP, at the same time."""

from __future__ import annotations

from pathlib import Path

import click


class DefaultGroup(click.Group):
    """A group whose command may be left out: a folder alone is to be served."""

    default = "serve"

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of what names none."""
        if not args or (args[0] not in self.commands and args[0] not in context.help_option_names):
            args = [self.default, *args]
        return super().parse_args(context, args)


@click.group(cls=DefaultGroup)
def mcp() -> None:
    """Serve the tools to an agent on this machine over MCP, and set clients up for that.

    \b
    codesearch mcp install     write the configuration of the clients that are there
    codesearch mcp             what they then start, in the folder of a project
    """


@mcp.command()
@click.argument("folder", required=False)
def serve(folder: str | None) -> None:
    """Speak MCP on stdin and stdout about FOLDER (the current one) until stdin ends; for clients, not for people.

    A checkout is indexed when it is used first and kept up to date from then on, uncommitted files included. A plain
    folder is indexed where it is named. Everything else that is indexed can be asked by name.
    """
    import gc
    import sys

    from codesearch.cli.programs import command_of
    from codesearch.mcp.engine_process import EngineProcess

    engine = EngineProcess(command_of("codesearch.cli.mcp.engine", folder or ""))
    engine.start()
    if sys.stdin.isatty():
        click.echo(
            "This waits for the messages of a client. `codesearch mcp install` sets clients up; ctrl-D ends this.",
            err=True,
        )
    # Takes half a second, in which the engine opens the index; a tenth less without looking for garbage meanwhile.
    gc.disable()
    from codesearch.mcp.stdio import serve_stdio

    gc.enable()
    try:
        serve_stdio(engine, f"The current folder is {Path(folder or '.').absolute()}.")
    finally:
        engine.close()


@mcp.command()
@click.argument("clients", nargs=-1, metavar="[CLIENT]...")
@click.option("--project", "in_project", is_flag=True, help="For the project in the current folder alone.")
@click.option("--url", help="Ask a service there, such as https://search.example.com/mcp, instead of this machine.")
@click.option(
    "--key-variable",
    default="CODESEARCH_KEY",
    show_default=True,
    metavar="NAME",
    help="With --url: the variable of the environment that holds the key.",
)
@click.option("--no-rules", is_flag=True, help="Leave the clients' rules for agents (CLAUDE.md, AGENTS.md) alone.")
@click.option("--dry-run", is_flag=True, help="Show what would be written; change nothing.")
def install(
    clients: tuple[str, ...], in_project: bool, url: str | None, key_variable: str, no_rules: bool, dry_run: bool
) -> None:
    """Write the configuration of each CLIENT (those that are found here), and rules that make agents use the tools.

    What else is in their files stays as it is; a copy of each is kept beside it.

    \b
    codesearch mcp install
    codesearch mcp install claude-code codex --dry-run
    codesearch mcp install cursor --project
    codesearch mcp install --url https://search.example.com/mcp
    """
    from codesearch.cli.mcp.install import install_clients

    install_clients(
        clients,
        url=url,
        key_variable=key_variable,
        in_project=in_project,
        with_rules=not no_rules,
        dry_run=dry_run,
    )


@mcp.command()
@click.argument("clients", nargs=-1, metavar="[CLIENT]...")
@click.option("--project", "in_project", is_flag=True, help="For the project in the current folder alone.")
@click.option("--dry-run", is_flag=True, help="Show what would be written; change nothing.")
def uninstall(clients: tuple[str, ...], in_project: bool, dry_run: bool) -> None:
    """Take out of the files of each CLIENT (all) what `codesearch mcp install` put there."""
    from codesearch.cli.mcp.install import uninstall_clients

    uninstall_clients(clients, in_project=in_project, dry_run=dry_run)
