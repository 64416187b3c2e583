"""What a knowledge base has and what it is to have -> what is to be done. Pure.

Only documents that a push made are touched: those with its mark, and those that it was making when it was stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from codesearch.dify.mirroring.documents import WantedDocument, read_state
from codesearch.dify.values import RemoteDocument


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in the order of the names. `blocked` are left alone, each with a reason."""

    create: list[WantedDocument] = field(default_factory=list)
    update: list[tuple[RemoteDocument, WantedDocument]] = field(default_factory=list)
    delete: list[RemoteDocument] = field(default_factory=list)
    # Deleted and created anew: Dify does not take another text for a document whose indexing failed.
    replace: list[tuple[RemoteDocument, WantedDocument]] = field(default_factory=list)
    unfinished: list[RemoteDocument] = field(default_factory=list)
    blocked: list[tuple[str, str]] = field(default_factory=list)
    foreign: list[RemoteDocument] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    @property
    def write_count(self) -> int:
        """How many documents are to be changed."""
        return len(self.create) + len(self.update) + len(self.delete) + len(self.replace)


def plan_push(
    source_id: str, wanted: Mapping[str, WantedDocument], there: Iterable[RemoteDocument], begun: Set[str]
) -> Plan:
    """Return the plan for one data source. `begun` are names of documents that a push was going to create."""
    plan = Plan()
    ours: dict[str, list[RemoteDocument]] = {}
    for document in there:
        state = read_state(document.metadata)
        is_ours = state is not None and state[0] == source_id
        # Without a mark, but made over the API under a name of ours: a push was stopped before it could set the mark.
        is_begun = state is None and document.created_from in {"", "api"}
        if is_ours or (is_begun and (document.name in wanted or document.name in begun)):
            ours.setdefault(document.name, []).append(document)
        else:
            plan.foreign.append(document)
    for name in sorted({*wanted, *ours}):
        _plan_one(plan, wanted.get(name), ours.get(name, []))
    return plan


def _plan_one(plan: Plan, wanted: WantedDocument | None, copies: list[RemoteDocument]) -> None:
    """Add to the plan what one name needs; of several documents of a name the best one stays."""
    if wanted is None:
        plan.delete.extend(document for document in copies if _is_free(plan, document))
        return
    best = min(copies, key=lambda document: _rank(document, wanted), default=None)
    plan.delete.extend(document for document in copies if document is not best and _is_free(plan, document))
    if best is None:
        plan.create.append(wanted)
        return
    is_current = _holds(best, wanted)
    if best.is_unfinished:
        plan.unfinished.append(best)
    elif best.is_paused:
        plan.blocked.append((best.name, "its indexing is paused in Dify: resume it there"))
    elif best.indexing_status == "error":
        plan.replace.append((best, wanted))
    elif is_current:
        plan.unchanged.append(best.name)
    elif best.is_archived or not best.is_enabled:
        plan.blocked.append(
            (best.name, f"it is {'archived' if best.is_archived else 'disabled'} in Dify, and changed here")
        )
    else:
        plan.update.append((best, wanted))


def _is_free(plan: Plan, document: RemoteDocument) -> bool:
    """Say whether a document can be deleted now; say in the plan why not."""
    if document.is_archived:
        plan.blocked.append((document.name, "it is archived in Dify, which deletes no such document"))
        return False
    if document.is_unfinished:
        plan.unfinished.append(document)
        return False
    if document.is_paused:
        plan.blocked.append((document.name, "its indexing is paused in Dify: resume it there, or delete it"))
        return False
    return True


def _rank(document: RemoteDocument, wanted: WantedDocument) -> tuple[bool, bool, bool, float, str]:
    return (
        not _holds(document, wanted),
        document.indexing_status == "error",
        read_state(document.metadata) is None,
        document.created_at,
        document.id,
    )


def _holds(document: RemoteDocument, wanted: WantedDocument) -> bool:
    state = read_state(document.metadata)
    return state is not None and state[1] == wanted.content_hash
