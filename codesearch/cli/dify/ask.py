"""`codesearch dify ask`: one question to an app of Dify, and which link is broken when its answer cites nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from codesearch.assembly import LOCAL_PRINCIPAL
from codesearch.cli.answers import note
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.dify.opening import INCOMPLETE, chat_api, knowledge_api, list_targets
from codesearch.cli.output import print_json, visible
from codesearch.core.errors import ConfigurationError, DifyError, NotFoundError, NotIndexedError

if TYPE_CHECKING:
    from codesearch.dify.chat_api import AppInfo, ChatAnswer, ChatApi, Citation
    from codesearch.dify.connecting import Target
    from codesearch.dify.diagnosis import Link

_CHAT_MODES = frozenset({"", "chat", "agent-chat", "advanced-chat"})


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="QUESTION")
@click.option("--blocking", is_flag=True, help="Ask for the answer in one piece; apps with agents only stream.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="A variable that the app asks for.")
@click.option("--user", default="codesearch", show_default=True, help="As whom the app is asked.")
@as_json_option
@click.pass_context
def ask(
    context: click.Context, words: tuple[str, ...], blocking: bool, inputs: tuple[str, ...], user: str, as_json: bool
) -> None:
    """Ask an app of Dify a QUESTION and show its answer and what that cites.

    The app is the one that CODESEARCH_DIFY_APP_KEY belongs to. Exit status 1 where nothing is cited: then the links of
    the chain are shown, and which is broken. With CODESEARCH_DIFY_KEY, the knowledge bases are tried, too.
    """
    question = " ".join(words).strip()
    if not question:
        raise click.UsageError("The question is blank.")
    values = dict(_read_input(text) for text in inputs)
    holder: LazyAssembly = context.obj
    with chat_api(holder) as api:
        app = api.describe_app()
        if app.mode not in _CHAT_MODES:
            raise ConfigurationError(
                f"The app {app.name!r} is a {app.mode}; only chats, agents and chatflows can be asked a question."
            )
        answer = _ask(api, question, values, user, is_blocking=blocking, is_shown=not as_json)
    links = [] if answer.citations else _find_links(holder, app, answer, question)
    if as_json:
        print_json(_as_json(app, answer, links))
    else:
        _print_citations(answer.citations)
        for link in links:
            note(f"{link.name}: {link.message}.")
    if links:
        context.exit(INCOMPLETE)


def _ask(
    api: ChatApi, question: str, values: dict[str, str], user: str, *, is_blocking: bool, is_shown: bool
) -> ChatAnswer:
    if is_blocking:
        answer = api.ask(question, inputs=values, user=user)
        if is_shown:
            _show(answer.text)
    else:
        shown: list[str] = []

        def show(piece: str) -> None:
            shown.append(piece)
            if is_shown:
                _show(piece)

        answer = api.ask_streaming(question, inputs=values, user=user, show=show)
        if is_shown and answer.text != "".join(shown):
            # Its moderation has put another answer in the place of this one.
            _show(f"\n{answer.text}")
    if is_shown:
        print(flush=True)
    return answer


def _show(piece: str) -> None:
    """Print a piece of the answer as it came, without what could steer the terminal."""
    print("\n".join(visible(line) for line in piece.replace("\r\n", "\n").split("\n")), end="", flush=True)


def _print_citations(citations: Sequence[Citation]) -> None:
    if not citations:
        return
    print("\nCited:")
    for item in citations:
        score = f"{item.score:.2f}  " if item.score is not None else ""
        first_line = item.content.strip().split("\n", 1)[0]
        print(visible(f"  [{item.position}] {score}{item.base_name}: {item.document_name}  {first_line[:120]}"))


def _find_links(holder: LazyAssembly, app: AppInfo, answer: ChatAnswer, question: str) -> list[Link]:
    from codesearch.dify.diagnosis import UNKNOWN, Link, judge_app, judge_bases

    links = [Link("answer", UNKNOWN, "it cites nothing, so nothing tells that codesearch was asked")]
    links += judge_app(app, answer)
    try:
        with knowledge_api(holder) as api:
            links += judge_bases(
                api, list_targets(holder), question, lambda target: _search_here(holder, target, question)
            )
    except (ConfigurationError, DifyError) as error:
        how = "CODESEARCH_DIFY_KEY, of the Knowledge API, lets this command try the knowledge bases, too"
        links.append(Link("knowledge base", UNKNOWN, f"not tried: {error.message.rstrip('.')}. {how}"))
    return links


def _search_here(holder: LazyAssembly, target: Target, question: str) -> int:
    """Return how many records codesearch has for a question, without Dify."""
    from codesearch.core.types import SearchQuery

    try:
        return len(holder.get().retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(target.id, question)))
    except (NotFoundError, NotIndexedError):
        return 0


def _read_input(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.UsageError(f"--input {text!r}: say NAME=VALUE.")
    return name.strip(), value


def _as_json(app: AppInfo, answer: ChatAnswer, links: Sequence[Link]) -> dict[str, object]:
    return {
        "app": app.name,
        "answer": answer.text,
        "conversation_id": answer.conversation_id,
        "citations": [
            {
                "position": item.position,
                "knowledge_base": item.base_id,
                "knowledge_base_name": item.base_name,
                "document": item.document_name,
                "score": item.score,
                "content": item.content,
            }
            for item in answer.citations
        ],
        "links": [{"name": link.name, "state": link.state, "message": link.message} for link in links],
    }
