"""Connecting: external knowledge bases by which a Dify asks codesearch, one for each data source or workspace.

The external knowledge API itself has no call in Dify's Knowledge API; any base that uses it tells its id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codesearch.core.errors import ConfigurationError, DifyError, DifyRefusedError
from codesearch.dify.knowledge_api import KnowledgeApi
from codesearch.dify.marks import CONNECTED, describe, propose_names, read_mark
from codesearch.dify.values import KnowledgeBase

CREATE, UPDATE, LEAVE = "create", "update", "leave"
DEFAULT_TOP_K = 10
DEFAULT_PERMISSION = "only_me"


@dataclass(frozen=True, slots=True)
class Target:
    """A data source or workspace that is to be connected."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for; None leaves as it is what a base has, and gives a new one the default."""

    top_k: int | None = None
    score_threshold: float | None = None
    permission: str | None = None

    def retrieval_for(self, base: KnowledgeBase | None) -> dict[str, Any]:
        """Return the retrieval settings that a base is to have; None for a new one."""
        is_new = base is None or not base.retrieval
        current: Mapping[str, Any] = {} if base is None else base.retrieval
        top_k = self.top_k if self.top_k is not None else DEFAULT_TOP_K if is_new else current.get("top_k")
        threshold = self.score_threshold
        if threshold is None:
            is_enabled = bool(current.get("score_threshold_enabled"))
            threshold = float(current.get("score_threshold") or 0)
        else:
            is_enabled = threshold > 0
        return {
            "top_k": int(top_k or DEFAULT_TOP_K),
            "score_threshold": threshold,
            "score_threshold_enabled": is_enabled,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """What is done for one target: create, update or leave its base."""

    action: str
    target: Target
    name: str
    base: KnowledgeBase | None


def choose_api(bases: Sequence[KnowledgeBase], asked: str | None, known_ids: frozenset[str]) -> str:
    """Return the id of the external knowledge API to use: the one that is asked for, or that the bases tell.

    `known_ids` are ids and names of data sources here: an API by which one of them is asked is ours. Raises
    ConfigurationError that says how to make the first base, or which APIs there are.
    """
    if asked:
        return asked
    external = [base for base in bases if base.is_external and base.api_id]
    ours = {base.api_id for base in external if base.knowledge_id in known_ids}
    every = {base.api_id for base in external}
    for candidates in (ours, every):
        if len(candidates) == 1:
            return next(iter(candidates))
        if candidates:
            break
    if not every:
        raise ConfigurationError(
            "Dify tells no external knowledge API yet, and only a person can make one: in Dify, Knowledge, External "
            "Knowledge API, Add, with http://HOST:8000/dify and a key of `codesearch key create dify`; then Connect to "
            "an External Knowledge Base, with an id of `codesearch list`. Then run this again for the others."
        )
    apis = {base.api_id: f"{base.api_name or 'unnamed'} at {base.api_endpoint or '?'}" for base in external}
    shown = "; ".join(f"--api-id {api_id} ({apis[api_id]})" for api_id in sorted(ours or every))
    raise ConfigurationError(f"Dify has several external knowledge APIs; say which one leads here: {shown}.")


def plan_connections(
    bases: Sequence[KnowledgeBase], targets: Sequence[Target], api_id: str, wishes: Wishes
) -> list[Step]:
    """Return what is to be done, in the order of the targets. A base is known by its API and its knowledge id."""
    taken = {base.name for base in bases}
    steps = []
    for target in targets:
        base = next((item for item in bases if item.api_id == api_id and item.knowledge_id in target_ids(target)), None)
        if base is None:
            name = next(propose_names(target.name, target.id, taken), target.id)
            taken.add(name)
            steps.append(Step(CREATE, target, name, None))
        else:
            steps.append(Step(UPDATE if _differs(base, wishes) else LEAVE, target, base.name, base))
    return steps


def target_ids(target: Target) -> frozenset[str]:
    """Return what a person may have given as External Knowledge ID: the id, or the name, which is unique."""
    return frozenset({target.id, target.name})


def carry_out(api: KnowledgeApi, step: Step, api_id: str, wishes: Wishes) -> KnowledgeBase:
    """Do one step and return the base. Raises DifyError."""
    base = step.base or _create(api, step, api_id, wishes)
    if step.action == LEAVE:
        return base
    mark = read_mark(base)
    # Dify erases what a change of an external base leaves out.
    body = {
        "name": base.name,
        "description": describe(CONNECTED, step.target.id, step.target.name) if mark else base.description,
        "permission": wishes.permission or base.permission or DEFAULT_PERMISSION,
        "external_knowledge_id": base.knowledge_id or step.target.id,
        "external_knowledge_api_id": api_id,
        "external_retrieval_model": wishes.retrieval_for(None if mark and not mark.is_finished else base),
    }
    api.update_knowledge_base(base.id, body)
    return api.get_knowledge_base(base.id)


def _differs(base: KnowledgeBase, wishes: Wishes) -> bool:
    mark = read_mark(base)
    if mark is not None and not mark.is_finished:
        return True
    if wishes.permission not in {None, base.permission}:
        return True
    if not base.retrieval and wishes.top_k is None and wishes.score_threshold is None:
        return False
    wanted = wishes.retrieval_for(base)
    is_same = all(base.retrieval.get(key) == value for key, value in wanted.items() if key != "score_threshold")
    is_same &= float(base.retrieval.get("score_threshold") or 0) == wanted["score_threshold"]
    return not is_same


def _create(api: KnowledgeApi, step: Step, api_id: str, wishes: Wishes) -> KnowledgeBase:
    """Create the base, still marked as unfinished: its settings come by a second call, which may never come."""
    target = step.target
    taken: set[str] = set()
    for name in (step.name, *propose_names(target.name, target.id, {step.name})):
        body = {
            "name": name,
            "description": describe(CONNECTED, target.id, target.name, is_finished=False),
            "provider": "external",
            "permission": wishes.permission or DEFAULT_PERMISSION,
            "external_knowledge_api_id": api_id,
            "external_knowledge_id": target.id,
        }
        try:
            return api.create_knowledge_base(body)
        except DifyRefusedError as error:
            if error.status != 409:
                raise
        # Perhaps it was this very call, whose answer was lost.
        bases = api.list_knowledge_bases()
        made = next((base for base in bases if base.api_id == api_id and base.knowledge_id == target.id), None)
        if made is not None:
            return made
        taken = {base.name for base in bases}
    raise DifyError(f"Dify has knowledge bases of every name that {target.name} could get: {len(taken)} in all.")
