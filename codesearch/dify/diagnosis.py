"""Which link of the chain is broken when an app's answer cites nothing: app, knowledge base, connection, search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codesearch.core.counts import say_count
from codesearch.core.errors import DifyError
from codesearch.dify.chat_api import AppInfo, ChatAnswer
from codesearch.dify.connecting import Target, target_ids
from codesearch.dify.knowledge_api import KnowledgeApi
from codesearch.dify.marks import PUSHED, read_mark
from codesearch.dify.values import KnowledgeBase

# Knowledge bases that are tried, at most: each costs a search.
MOST_TRIED = 5

GOOD, BAD, UNKNOWN = "good", "bad", "unknown"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: what it is, whether it holds, and what was seen or is to be done."""

    name: str
    state: str
    message: str


def judge_app(app: AppInfo, answer: ChatAnswer) -> list[Link]:
    """Return what the app itself tells about an answer without citations."""
    links = []
    if app.shows_citations is False:
        links.append(
            Link(
                "citations",
                BAD,
                "the app shows no citations: in Dify, in the app's features, turn on Citations and Attributions",
            )
        )
    if answer.used_tools:
        links.append(
            Link(
                "tools", GOOD, f"the agent used {', '.join(answer.used_tools)}; answers from tools cite nothing in Dify"
            )
        )
    if answer.retrieved_count is not None:
        found = answer.retrieved_count
        message = (
            f"its knowledge retrieval found {say_count(found, 'record')}, which the answer does not cite"
            if found
            else "its knowledge retrieval ran and found nothing"
        )
        links.append(Link("knowledge", GOOD if found else BAD, message))
    elif app.shows_citations is not False and not answer.used_tools:
        links.append(
            Link(
                "knowledge",
                UNKNOWN,
                "the app has no knowledge base, or it found nothing: in Dify, the app's Context (of a chatflow: a "
                "Knowledge Retrieval node) has to name one",
            )
        )
    return links


def find_leading_here(bases: Sequence[KnowledgeBase], targets: Sequence[Target]) -> list[tuple[KnowledgeBase, Target]]:
    """Return the knowledge bases that ask codesearch for one of the targets, or mirror it, in name order."""
    found = []
    for base in bases:
        mark = read_mark(base)
        for target in targets:
            is_mirror = mark is not None and mark.kind == PUSHED and mark.source_id == target.id
            if is_mirror or (base.is_external and base.knowledge_id in target_ids(target)):
                found.append((base, target))
                break
    return found


def judge_bases(
    api: KnowledgeApi,
    targets: Sequence[Target],
    question: str,
    search_here: Callable[[Target], int],
) -> list[Link]:
    """Ask Dify's knowledge bases themselves, and codesearch without Dify; return a link for each that was tried."""
    leading = find_leading_here(api.list_knowledge_bases(), targets)
    if not leading:
        return [
            Link(
                "knowledge base",
                BAD,
                "no knowledge base of this Dify asks codesearch: `codesearch dify connect` makes them, "
                "`codesearch dify push` makes copies",
            )
        ]
    return [_judge_base(api, base, target, question, search_here) for base, target in leading[:MOST_TRIED]]


def _judge_base(
    api: KnowledgeApi, base: KnowledgeBase, target: Target, question: str, search_here: Callable[[Target], int]
) -> Link:
    name = f"knowledge base {base.name!r}"
    try:
        found = api.retrieve(base.id, question)
    except DifyError as error:
        way = f" of {base.api_endpoint}" if base.api_endpoint else ""
        return Link(
            name,
            BAD,
            f"Dify cannot ask it ({error.message}). The log of `codesearch serve` shows whether a request came: a 401 "
            f"or 403 there is the key in Dify's External Knowledge API{way}, none at all is the way to it",
        )
    if found:
        return Link(
            name, GOOD, f"Dify gets {say_count(found, 'record')} from it, so the app does not use it: add it to the app"
        )
    here = search_here(target)
    if not here:
        return Link(name, UNKNOWN, f"Dify gets nothing from it, and codesearch has no answer in {target.name} either")
    if not base.is_external:
        return Link(name, BAD, "Dify finds nothing in it: `codesearch dify status` says whether it is up to date")
    return Link(
        name,
        BAD,
        f"Dify gets nothing from it, codesearch itself finds {say_count(here, 'record')}. A threshold of the base, or "
        f"Dify does not reach {base.api_endpoint or 'codesearch'}: the log of `codesearch serve` shows whether one "
        "came",
    )
