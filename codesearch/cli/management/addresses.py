"""Addresses that come over HTTP: which of those that `codesearch index` takes are taken from there."""

from __future__ import annotations

from codesearch.api.management import Address, OrganisationPlace
from codesearch.core.errors import InvalidRequestError, SourceError
from codesearch.hosts.address import read_address
from indexer.source.location import (
    Location,
    LocationKind,
    check_branch,
    check_subdir,
    expand_shorthand,
    is_address,
    parse_location,
    source_id,
    suggested_name,
)

_NO_PATHS = (
    "Only clone URLs are taken here, such as https://github.com/pallets/flask. A folder of the service's own machine "
    "is added there, with `codesearch index PATH`; CODESEARCH_PAGE_PATHS=true takes paths here, too."
)
_NO_LOGIN = (
    "An address with a login in it is not taken here. Leave the login out; whoever runs the service sets "
    "CODESEARCH_GIT_TOKEN, or CODESEARCH_GIT_SSH_KEY for ssh."
)


def check_address(text: str, branch: str | None, subdir: str | None, *, takes_paths: bool) -> Address:
    """Return what an address leads to. Raises InvalidRequestError, for a path without a look at the disk.

    A file URL is a path: it reads this machine. A login is refused since jobs wait in files.
    """
    try:
        location = _parse(text.strip(), takes_paths=takes_paths)
        branch, subdir = check_branch(branch), check_subdir(subdir)
        name = suggested_name(location, subdir)
        return Address(location.display, source_id(location, branch, subdir), name)
    except SourceError as error:
        raise InvalidRequestError(error.message) from error


def check_organisation(text: str, kind: str | None) -> OrganisationPlace:
    """Return where an organisation is; contacts nobody. Raises InvalidRequestError."""
    address = read_address(text, kind)
    return OrganisationPlace(address.kind.value, address.host_url, address.path, address.suggested_name)


def _parse(text: str, *, takes_paths: bool) -> Location:
    if not takes_paths:
        text = expand_shorthand(text) or text
        if text and not is_address(text):
            raise InvalidRequestError(_NO_PATHS)
    location = parse_location(text)
    is_path = location.kind is not LocationKind.REMOTE or location.display.startswith("file:")
    if is_path and not takes_paths:
        raise InvalidRequestError(_NO_PATHS)
    if location.credentials is not None:
        raise InvalidRequestError(_NO_LOGIN)
    return location
