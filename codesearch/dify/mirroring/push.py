"""Push: makes a native knowledge base hold what a data source holds, from whatever state the last push left.

Nothing local is trusted to say what Dify has: each round lists the documents, plans, and does what is missing; the next
one sees what of it arrived. So a push may end anywhere, and an answer may be lost, or say more than was done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeVar

from codesearch.core.errors import DifyError, DifyRefusedError, DifyUncertainError
from codesearch.dify.knowledge_api import KnowledgeApi
from codesearch.dify.mirroring.documents import SourceDocuments, WantedDocument
from codesearch.dify.mirroring.indexing import FAILED, PAUSED, IndexingWait, Sent
from codesearch.dify.mirroring.journal import Journal
from codesearch.dify.mirroring.metadata import MetadataWriter
from codesearch.dify.mirroring.plan import Plan, plan_push
from codesearch.dify.values import RemoteDocument

# Documents between two calls that set metadata: as many have to be sent again after a stop, at most.
GROUP_SIZE = 20
MOST_ROUNDS = 5
# So many failures in a row are no property of the documents.
MOST_FAILURES_IN_A_ROW = 3
# From here on it is the server that failed, and what was asked for may have been done.
_SERVER_FAILURE = 500
_HOPELESS_STATUS = frozenset({401, 402, 403, 404, 429})
_HOPELESS_CODES = frozenset({"provider_not_initialize", "provider_quota_exceeded", "model_currently_not_support"})

Item = TypeVar("Item")
# The phase, how many of it are done, and of how many.
Report = Callable[[str, int, int], None]


@dataclass(slots=True)
class PushResult:
    """What a push did. `failed` and `blocked` have a reason by name; of the foreign documents nothing was touched."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether the knowledge base now holds what the data source holds."""
        return not self.failed and not self.blocked


class Push:
    """One push of one data source into one knowledge base. To be used once."""

    def __init__(
        self,
        api: KnowledgeApi,
        base_id: str,
        documents: SourceDocuments,
        journal: Journal,
        *,
        indexing_technique: str,
        stall_seconds: float,
        report: Report,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep the parts; nothing is asked or sent yet."""
        self._api = api
        self._base_id = base_id
        self._documents = documents
        self._journal = journal
        self._technique = indexing_technique
        self._report = report
        self._waiting = IndexingWait(api, base_id, stall_seconds=stall_seconds, sleep=sleep)
        self._metadata = MetadataWriter(api, base_id)
        self._wanted = documents.list_wanted()
        self._result = PushResult()
        self._failures_in_a_row = 0

    def plan(self) -> Plan:
        """List what is there and return what is to be done; changes nothing."""
        there = self._api.list_documents(self._base_id)
        return plan_push(self._documents.source.id, self._wanted, there, self._journal.read())

    def run(self) -> PushResult:
        """Bring the knowledge base up to date and return what was done. Raises DifyError, ConfigurationError."""
        result = self._result
        plan = self._settled_plan()
        for _ in range(MOST_ROUNDS):
            if not self._has_work(plan):
                break
            self._carry_out(plan)
            plan = self._settled_plan()
        for wanted in plan.create:
            result.failed.setdefault(wanted.name, "it did not arrive")
        for _, wanted in (*plan.update, *plan.replace):
            result.failed.setdefault(wanted.name, "Dify did not take what was sent")
        for document in plan.delete:
            result.failed.setdefault(document.name, "Dify did not delete it")
        result.blocked.update(plan.blocked)
        result.unchanged = len(plan.unchanged) - result.created - result.updated
        result.foreign = sorted(document.name for document in plan.foreign)
        if result.is_complete:
            self._journal.clear()
        return result

    def _has_work(self, plan: Plan) -> bool:
        """Say whether there is something to do that has not failed in this run already."""
        names = [wanted.name for wanted in plan.create]
        names += [wanted.name for _, wanted in (*plan.update, *plan.replace)]
        names += [document.name for document in plan.delete]
        return any(name not in self._result.failed for name in names)

    def _settled_plan(self) -> Plan:
        """Return a plan for which nothing has to be waited for."""
        plan = self.plan()
        if plan.unfinished:
            sent = [Sent(document.name, document.id, "") for document in plan.unfinished]
            self._await(sent)
            plan = self.plan()
        return plan

    def _carry_out(self, plan: Plan) -> None:
        sent: list[Sent] = []
        total = plan.write_count
        updates = [item for item in plan.update if item[1].name not in self._result.failed]
        for group in _groups(updates):
            sent += self._update(group)
            self._report("sending", len(sent), total)
        replaced = [(old, wanted) for old, wanted in plan.replace if wanted.name not in self._result.failed]
        creates = [wanted for wanted in plan.create if wanted.name not in self._result.failed]
        creates += [wanted for old, wanted in replaced if self._delete(old)]
        for wanted_group in _groups(creates):
            sent += self._create(wanted_group)
            self._report("sending", len(sent), total)
        for document in plan.delete:
            if self._delete(document):
                self._result.deleted += 1
        self._await(sent)

    def _update(self, group: list[tuple[RemoteDocument, WantedDocument]]) -> list[Sent]:
        """Give documents their new texts. While one is on its way, its mark says that its content is not known."""
        self._metadata.write(
            (document.id, document, self._documents.build_metadata(wanted, is_pending=True))
            for document, wanted in group
        )
        sent = []
        done = []
        for document, wanted in group:
            answer = self._send(wanted, partial(self._api.update_document, self._base_id, document.id))
            if answer is not None:
                sent.append(Sent(wanted.name, document.id, answer[1]))
                done.append((document.id, document, self._documents.build_metadata(wanted)))
        self._metadata.write(done)
        self._result.updated += len(done)
        return sent

    def _create(self, group: list[WantedDocument]) -> list[Sent]:
        self._journal.add(wanted.name for wanted in group)
        sent = []
        done = []
        for wanted in group:
            answer = self._send(wanted, self._create_document)
            if answer is not None:
                sent.append(Sent(wanted.name, *answer))
                done.append((answer[0], None, self._documents.build_metadata(wanted)))
        self._metadata.write(done)
        self._result.created += len(done)
        return sent

    def _create_document(self, body: Mapping[str, object]) -> tuple[str, str]:
        # Only what is new may say how it is indexed.
        return self._api.create_document(self._base_id, {**body, "indexing_technique": self._technique})

    def _send(
        self, wanted: WantedDocument, call: Callable[[Mapping[str, object]], tuple[str, str]]
    ) -> tuple[str, str] | None:
        """Send a document's text and return its id and batch; None where that failed, or where it is not known."""
        built = self._documents.build_text(wanted.path)
        if built is None:
            return None
        body = {
            "name": wanted.name,
            "text": built.text,
            "doc_form": "text_model",
            "process_rule": built.process_rule,
        }
        try:
            answer = call(body)
        except DifyUncertainError as error:
            # The next round sees whether it arrived.
            self._count_failure(error)
            return None
        except DifyRefusedError as error:
            if error.dify_code in _HOPELESS_CODES:
                message = (
                    f"{error.message} Dify has no embedding model for this: set one up in its Model Provider settings, "
                    "or remove the knowledge base and push with --technique economy, which needs none."
                )
                raise DifyRefusedError(message, error.status, error.dify_code) from error
            if error.status in _HOPELESS_STATUS:
                raise
            if error.status < _SERVER_FAILURE:
                self._result.failed[wanted.name] = error.message
            self._count_failure(error)
            return None
        self._failures_in_a_row = 0
        return answer

    def _delete(self, document: RemoteDocument) -> bool:
        """Delete a document and say whether it is gone."""
        for attempt in range(2):
            try:
                self._api.delete_document(self._base_id, document.id)
                return True
            except DifyRefusedError as error:
                if error.status not in {400, 403}:
                    raise
                if attempt or error.status == 403:
                    self._result.blocked[document.name] = error.message
                    return False
                self._await([Sent(document.name, document.id, "")])
        return False

    def _count_failure(self, error: DifyError) -> None:
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= MOST_FAILURES_IN_A_ROW:
            raise error

    def _await(self, sent: list[Sent]) -> None:
        ends = self._waiting.wait(sent, lambda number: self._report("indexing", number, len(sent)))
        for name, (end, message) in ends.items():
            if end == FAILED:
                self._result.failed[name] = f"Dify could not index it: {message or 'no reason given'}"
            elif end == PAUSED:
                self._result.blocked[name] = "its indexing is paused in Dify: resume it there"


def _groups(items: Iterable[Item]) -> Iterable[list[Item]]:
    iterator = iter(items)
    while group := list(islice(iterator, GROUP_SIZE)):
        yield group
