"""What a look at an organisation means for its data sources: which are new, renamed, there again, or gone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from codesearch.core.types import KnownRepository, Organisation
from codesearch.hosts.listing import FoundRepository


@dataclass(frozen=True, slots=True)
class DiscoveryPlan:
    """What is to be done, each in the order of names.

    `new` are repositories with the ids of the data sources that they become; `renamed` are known ones as they are now;
    `kept` are known ones that are as they were, or there again; `gone` are known ones that are not there or not wanted.
    """

    new: tuple[tuple[str, FoundRepository], ...]
    renamed: tuple[KnownRepository, ...]
    kept: tuple[KnownRepository, ...]
    gone: tuple[KnownRepository, ...]


def is_wanted(organisation: Organisation, repository: FoundRepository) -> bool:
    """Say whether a repository is to be searched: not empty, and as the organisation's options and patterns say."""
    if repository.is_empty:
        return False
    if (repository.is_archived and not organisation.takes_archived) or (
        repository.is_fork and not organisation.takes_forks
    ):
        return False
    is_included = not organisation.include or _fits(organisation.include, repository.full_name)
    return is_included and not _fits(organisation.exclude, repository.full_name)


def plan_discovery(
    organisation: Organisation, found: Sequence[FoundRepository], id_of: Callable[[str], str]
) -> DiscoveryPlan:
    """Compare what was found with what is known. `id_of` returns the id of the data source of a clone URL.

    A data source belongs to what is at its address: where a repository was renamed and another one has its name now,
    the other one takes the data source, and the renamed one is new.
    """
    wanted = {repository.remote_id: repository for repository in found if is_wanted(organisation, repository)}
    owners = {id_of(repository.clone_url): repository for repository in wanted.values()}
    # What is at an address first: a repository belongs to one data source.
    bound = {owners[known.source_id].remote_id for known in organisation.repositories if known.source_id in owners}
    renamed, kept, gone = list[KnownRepository](), list[KnownRepository](), list[KnownRepository]()
    for known in organisation.repositories:
        repository = owners.get(known.source_id)
        if repository is None and known.remote_id in wanted and known.remote_id not in bound:
            repository = wanted[known.remote_id]
            bound.add(repository.remote_id)
        if repository is None:
            gone.append(replace(known, is_gone=True))
            continue
        now = replace(known, remote_id=repository.remote_id, full_name=repository.full_name, is_gone=False)
        (renamed if now.full_name != known.full_name else kept).append(now)
    new = [(source_id, item) for source_id, item in owners.items() if item.remote_id not in bound]
    return DiscoveryPlan(tuple(new), tuple(renamed), tuple(kept), tuple(gone))


def _fits(patterns: Sequence[str], full_name: str) -> bool:
    """Say whether a pattern fits; one without a slash means the name alone. Case makes no difference."""
    path = full_name.casefold()
    name = path.rpartition("/")[2]
    return any(fnmatchcase(path if "/" in pattern else name, pattern.casefold()) for pattern in patterns)
