"""What `codesearch doctor` finds of who is let in: permissions of a code host, an issuer's keys, the audit log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from codesearch.access.audit_log import count_lost
from codesearch.access.opening import open_door, open_hook, open_verifier
from codesearch.access.permission_file import PermissionFile
from codesearch.assembly import Assembly
from codesearch.cli.finding import Finding
from codesearch.cli.wording import describe_error
from codesearch.core.counts import say_count
from codesearch.core.errors import ConfigurationError

LOW_DISK_BYTES = 64 * 1024**2


def examine_access(assembly: Assembly) -> Iterator[Finding]:
    """Read the file of permissions, look for the command, and fetch the keys of the issuer, where they are set."""
    yield from _examine_permissions(assembly)
    yield from _examine_tokens(assembly)
    yield from _examine_audit_log(assembly)


def _examine_permissions(assembly: Assembly) -> Iterator[Finding]:
    settings = assembly.settings
    hook = open_hook(settings)
    if isinstance(hook, PermissionFile):
        try:
            yield Finding("permissions", True, hook.examine())
        except ConfigurationError as error:
            advice = "Whoever has a user reads nothing once what was known is too old. Mend the file."
            yield Finding("permissions", False, describe_error(error), advice)
    elif hook is not None:
        program = settings.permissions_command[0]
        found = shutil.which(program)
        advice = "" if found else "Whoever has a user reads nothing. Set CODESEARCH_PERMISSIONS_COMMAND to a program."
        shown = (
            f"{found}; `codesearch permissions USER` asks it" if found else f"{program} is no program that can be run"
        )
        yield Finding("permissions", found is not None, shown, advice)
    else:
        users = sorted({key.user for key in assembly.catalog.list_keys() if key.user and key.revoked_at is None})
        if users:
            found = f"nothing says what {', '.join(users[:5])} may read"
            advice = "Keys with a user read nothing. Set CODESEARCH_PERMISSIONS_FILE or CODESEARCH_PERMISSIONS_COMMAND."
            yield Finding("permissions", False, found, advice)


def _examine_tokens(assembly: Assembly) -> Iterator[Finding]:
    try:
        open_door(assembly.settings, assembly.catalog).close()
        verifier = open_verifier(assembly.settings)
        if verifier is not None:
            yield Finding("tokens", True, verifier.examine())
    except ConfigurationError as error:
        yield Finding(
            "tokens",
            False,
            describe_error(error),
            "No token is taken, and where settings do not go together no service starts. Mend them.",
        )


def _examine_audit_log(assembly: Assembly) -> Iterator[Finding]:
    path = assembly.settings.audit_log
    if path is None:
        return
    try:
        lost = count_lost(path) if path.exists() else 0
        can_write = os.access(path if path.exists() else path.parent, os.W_OK)
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        advice = "Mend that, or set CODESEARCH_AUDIT_LOG to another file."
        yield Finding("audit log", False, f"{path} cannot be read: {error.strerror}", advice)
        return
    if not can_write or free < LOW_DISK_BYTES:
        reason = f"only {free / 1024**2:.0f} MiB are free" if can_write else "it cannot be written"
        yield Finding(
            "audit log", False, f"{path}: {reason}", "Make room, or set CODESEARCH_AUDIT_LOG to another file."
        )
    elif lost:
        advice = "The disk was full, or too slow. Look at the service's log; move the file away when you have noted it."
        yield Finding("audit log", False, f"{path} lacks {say_count(lost, 'line')}", advice)
    else:
        yield Finding("audit log", True, str(path))
