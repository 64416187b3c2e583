"""The inbox: what comes at once is one write, what cannot be written spoils nothing else, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import anyio
import anyio.to_thread
import pytest

from codesearch.api.webhooks.inbox import Inbox
from codesearch.api.webhooks.push import Host, Push
from codesearch.api.webhooks.receiver import Outcome, Told
from codesearch.core.catalog.deliveries import DELIVERIES_AT_ONCE
from codesearch.core.errors import CatalogError


def told(delivery: str) -> Told:
    return Told(delivery, Host.GITHUB, Push(("https://git.example.org/team/shop",)))


class Written:
    """Writes what it is given once it may, and keeps the groups; refuses every group with something bad in it."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def receive(self, group: Sequence[Told]) -> list[Outcome]:
        self.has_begun.set()
        self.may_go_on.wait(30)
        names = [item.delivery for item in group]
        self.groups.append(names)
        if any(name.startswith("bad") for name in names):
            raise CatalogError("no")
        return [Outcome((name,), "taken") for name in names]


async def fill(written: Written, names: Sequence[str], inbox: Inbox) -> dict[str, Outcome | None]:
    """Give the inbox the first, and all others while that is written; return what came of each, None for a failure."""
    outcomes: dict[str, Outcome | None] = {}

    async def take(name: str) -> None:
        try:
            outcomes[name] = await inbox.take(told(name))
        except CatalogError:
            outcomes[name] = None

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take, names[0])
        await anyio.to_thread.run_sync(written.has_begun.wait, 30)
        for name in names[1:]:
            tasks.start_soon(take, name)
        await anyio.wait_all_tasks_blocked()
        written.may_go_on.set()
    return outcomes


@pytest.mark.parametrize("count", [1, 30, 2 * DELIVERIES_AT_ONCE])
def test_what_comes_while_another_is_written_is_one_write(count: int) -> None:
    written, names = Written(), [f"number {number}" for number in range(count + 1)]
    outcomes = anyio.run(fill, written, names, Inbox(written.receive))
    assert outcomes == {name: Outcome((name,), "taken") for name in names}
    assert [len(group) for group in written.groups] == [1, *[min(count, DELIVERIES_AT_ONCE)] * -(-count // 200)]
    assert sorted(name for group in written.groups for name in group) == sorted(names)


def test_one_that_cannot_be_written_keeps_no_other_from_it() -> None:
    written, names = Written(), ["first", "good 1", "bad 1", "good 2", "bad 2"]
    outcomes = anyio.run(fill, written, names, Inbox(written.receive))
    assert {name for name, outcome in outcomes.items() if outcome is None} >= {"bad 1", "bad 2"}
    # Who began to write them fails with the group; the host sends that one again.
    assert sum(outcome is None for outcome in outcomes.values()) <= 3
    assert outcomes["good 2"] == Outcome(("good 2",), "taken")


def test_who_no_longer_waits_leaves_nothing_behind() -> None:
    written = Written()

    async def leave() -> None:
        inbox = Inbox(written.receive)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(inbox.take, told("first"))
            await anyio.to_thread.run_sync(written.has_begun.wait, 30)
            with anyio.move_on_after(0.01):
                await inbox.take(told("gone"))
            written.may_go_on.set()
        assert await inbox.take(told("last")) == Outcome(("last",), "taken")

    anyio.run(leave)
    assert written.groups == [["first"], ["last"]]
