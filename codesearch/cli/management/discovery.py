"""A look at an organisation: its repositories become data sources, with jobs that index them; nothing is lost silently.

Between the client of code hosts, the catalog and the jobs; what is to be done is said by the plan.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from codesearch.api.manage.deeds import remove_source
from codesearch.api.management import Address, JobKind, JobRequest, Jobs
from codesearch.assembly import Assembly
from codesearch.cli.management.addresses import check_address
from codesearch.cli.management.opening import open_management
from codesearch.core.counts import say_count
from codesearch.core.errors import CodesearchError, InvalidRequestError, NotFoundError, TooManyRequestsError
from codesearch.core.git_tokens import find_token
from codesearch.core.types import KnownRepository, Organisation, SourceState
from codesearch.hosts.plan import DiscoveryPlan, plan_discovery

if TYPE_CHECKING:
    from codesearch.core.catalog.catalog import Catalog
    from codesearch.hosts.listing import FoundRepository

logger = logging.getLogger(__name__)

BY_DISCOVERY: Final = "discovery"


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a look came to, as names: data sources added, renamed, gone and removed; and how many wait for the next one.

    `elsewhere` are repositories that are cloned from another host, which is not followed. `keeps_all` says that none
    was removed since all of them seem to be gone.
    """

    organisation: Organisation
    found: int
    added: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    waiting: int = 0
    elsewhere: int = 0
    keeps_all: bool = False

    @property
    def summary(self) -> str:
        """All of it in a line."""
        parts = [f"{say_count(self.found, 'repository', 'repositories')} wanted, {len(self.added):,} new"]
        for what, names in (("renamed", self.renamed), ("gone", self.gone), ("removed", self.removed)):
            parts += [f"{len(names):,} {what}"] if names else []
        line = f"{', '.join(parts)}."
        if self.gone and not self.organisation.prunes:
            line += " The sources of what is gone stay until somebody removes them."
        elif self.gone and not self.keeps_all:
            line += " The sources of what is gone stay, for another organisation has them as well."
        if self.keeps_all:
            line += " Nothing was removed: all of them seem to be gone, which may be the token's fault."
        if self.waiting:
            line += f" {self.waiting:,} more wait for the next look: too many jobs wait."
        if self.elsewhere:
            line += f" {self.elsewhere:,} are on another host and were left out."
        return line


def discover(
    assembly: Assembly, id_or_name: str, jobs: Jobs | None = None, sleep: Callable[[float], None] = time.sleep
) -> Discovery:
    """Look for the repositories of an organisation, and note in the catalog what came of it.

    `jobs` takes those that index what is new; by default those of the assembly. Raises NotFoundError,
    CodeHostError, which is noted too, CatalogError.
    """
    from codesearch.hosts.listing import list_repositories

    catalog = assembly.catalog
    organisation = catalog.get_organisation(id_or_name)
    try:
        listed = list_repositories(organisation, find_token(organisation.host_url, assembly.settings), sleep)
        found = _Look(assembly, organisation, jobs or assembly.jobs).carry_out(listed)
    except CodesearchError as error:
        with suppress(NotFoundError):
            catalog.note_discovery(organisation.id, error.message, has_failed=True)
        raise
    catalog.note_discovery(organisation.id, found.summary, has_failed=False)
    return found


class _Look:
    """What is done about what was listed."""

    def __init__(self, assembly: Assembly, organisation: Organisation, jobs: Jobs) -> None:
        self._management = replace(open_management(assembly), jobs=jobs)
        self._catalog: Catalog = assembly.catalog
        self._organisation = organisation
        self._jobs = jobs

    def carry_out(self, listed: list[FoundRepository]) -> Discovery:
        places = {item.clone_url: self._place_of(item) for item in listed}
        reachable = [item for item in listed if places[item.clone_url] is not None]
        ids = {url: place.source_id for url, place in places.items() if place is not None}
        plan = plan_discovery(self._organisation, reachable, ids.__getitem__)
        added, bound, waiting = [], list[KnownRepository](), 0
        for source_id, item in plan.new:
            place = places[item.clone_url]
            known = None if place is None or waiting else self._add(place, item)
            if known is None:
                waiting += 1
                continue
            bound.append(known)
            added.append(known.source_name)
            logger.info("discovered %s as %s", item.full_name, source_id)
        renamed = [self._rename(item) for item in plan.renamed]
        removed, gone, keeps_all = self._settle_gone(plan)
        self._catalog.note_repositories(self._organisation.id, [*bound, *renamed, *plan.kept, *gone])
        return Discovery(
            organisation=self._organisation,
            found=len(plan.new) + len(plan.renamed) + len(plan.kept),
            added=tuple(added),
            renamed=tuple(item.full_name for item in renamed),
            gone=tuple(item.source_name for item in gone),
            removed=tuple(removed),
            waiting=waiting,
            elsewhere=len(listed) - len(reachable),
            keeps_all=keeps_all,
        )

    def _place_of(self, item: FoundRepository) -> Address | None:
        """Return where a repository is cloned from, if that is on the organisation's own host."""
        host = urlsplit(self._organisation.host_url).hostname
        with suppress(InvalidRequestError, ValueError):
            parts = urlsplit(item.clone_url)
            if parts.scheme in ("https", "http") and parts.hostname == host:
                return check_address(item.clone_url, None, None, takes_paths=False)
        return None

    def _add(self, place: Address, item: FoundRepository) -> KnownRepository | None:
        """Have a repository indexed, unless it is already; None where no more jobs are taken."""
        catalog, name = self._catalog, item.full_name.rpartition("/")[2]
        present = catalog.resolve(place.source_id)
        is_indexed = present is not None and getattr(present, "state", None) is SourceState.READY
        if not is_indexed:
            request = JobRequest(JobKind.ADD, name, place.source_id, place.location)
            try:
                self._jobs.submit(request, BY_DISCOVERY)
            except TooManyRequestsError:
                return None
        source = catalog.add_source(id=place.source_id, location=place.location, suggested_names=[name, item.full_name])
        if self._organisation.refresh_minutes is not None and source.refresh_minutes is None:
            catalog.set_schedule(source.id, self._organisation.refresh_minutes)
        return KnownRepository(source.id, source.name, item.remote_id, item.full_name)

    def _rename(self, known: KnownRepository) -> KnownRepository:
        """Call a data source as its repository is called now, unless somebody gave it a name or that one is taken.

        Its address stays: code hosts lead from the old one to the new one, and its id follows from it.
        """
        before = next(item for item in self._organisation.repositories if item.source_id == known.source_id)
        old, new = (item.full_name.rpartition("/")[2] for item in (before, known))
        if known.source_name == old and old != new:
            with suppress(InvalidRequestError, NotFoundError):
                self._catalog.rename_source(known.source_id, new)
                return replace(known, source_name=new)
        return known

    def _settle_gone(self, plan: DiscoveryPlan) -> tuple[list[str], list[KnownRepository], bool]:
        """Return the names of what was removed, what is gone and stays, and whether all of it stays for safety."""
        if not self._organisation.prunes:
            return [], list(plan.gone), False
        if plan.gone and not (plan.kept or plan.renamed or plan.new):
            return [], list(plan.gone), True
        wanted = self._wanted_elsewhere()
        removed = [
            item.source_name for item in self._remove(item for item in plan.gone if item.source_id not in wanted)
        ]
        return removed, [item for item in plan.gone if item.source_id in wanted], False

    def _wanted_elsewhere(self) -> set[str]:
        """Return the ids of the data sources that another organisation has, too, and would not remove by itself."""
        others = [item for item in self._catalog.list_organisations() if item.id != self._organisation.id]
        return {
            known.source_id for other in others for known in other.repositories if not (known.is_gone and other.prunes)
        }

    def _remove(self, gone: Iterable[KnownRepository]) -> Iterator[KnownRepository]:
        for item in gone:
            with suppress(NotFoundError):
                remove_source(self._management, item.source_id, BY_DISCOVERY)
            yield item
