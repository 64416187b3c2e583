"""Opens the door as the settings describe it, with what is to be asked besides the catalog, and the audit log."""

from __future__ import annotations

from codesearch.access.audit_log import AuditLog
from codesearch.access.discovery import DiscoveredKeys
from codesearch.access.door import Door
from codesearch.access.key_document import KeyDocument
from codesearch.access.permission_command import PermissionCommand
from codesearch.access.permission_file import PermissionFile
from codesearch.access.permissions import Hook, Permissions
from codesearch.access.tokens import TokenRules, TokenVerifier, read_keys
from codesearch.core.catalog.catalog import Catalog
from codesearch.core.config import Settings
from codesearch.core.errors import ConfigurationError


def open_door(settings: Settings, catalog: Catalog) -> Door:
    """Return the door; nobody is asked yet. Raises ConfigurationError for settings that do not go together."""
    verifier = open_verifier(settings)
    hook = open_hook(settings)
    if verifier is not None and hook is None and settings.oidc_groups_claim is None:
        raise ConfigurationError(
            "CODESEARCH_OIDC_ISSUER: nothing says what a user may read. Set CODESEARCH_OIDC_GROUPS_CLAIM, "
            "CODESEARCH_PERMISSIONS_FILE or CODESEARCH_PERMISSIONS_COMMAND."
        )
    return Door(catalog, None if hook is None else Permissions(catalog, hook), verifier)


def open_audit_log(settings: Settings) -> AuditLog | None:
    """Return the audit log, if the settings name one. Raises ConfigurationError when it cannot be written."""
    return None if settings.audit_log is None else AuditLog(settings.audit_log)


def open_hook(settings: Settings) -> Hook | None:
    """Return what says which repositories a user may read, if the settings name it. Nothing is read or started yet."""
    if settings.permissions_file is not None:
        return PermissionFile(settings.permissions_file, settings.permissions_max_age_seconds)
    if settings.permissions_command:
        return PermissionCommand(
            settings.permissions_command, settings.permissions_seconds, settings.permissions_max_age_seconds
        )
    return None


def open_verifier(settings: Settings) -> TokenVerifier | None:
    """Return what checks tokens, if the settings name an issuer. Nothing is read yet. Raises ConfigurationError."""
    if settings.oidc_issuer is None:
        if settings.oidc_audience or settings.oidc_jwks:
            raise ConfigurationError("CODESEARCH_OIDC_ISSUER is missing: no token is taken without it.")
        return None
    if not settings.oidc_audience:
        raise ConfigurationError(
            "CODESEARCH_OIDC_ISSUER needs CODESEARCH_OIDC_AUDIENCE, or tokens that were made for others would count."
        )
    rules = TokenRules(
        issuer=settings.oidc_issuer,
        audiences=settings.oidc_audience,
        user_claim=settings.oidc_user_claim,
        groups_claim=settings.oidc_groups_claim,
        leeway_seconds=settings.oidc_leeway_seconds,
    )
    if settings.oidc_jwks is None:
        return TokenVerifier(rules, DiscoveredKeys(settings.oidc_issuer, read_keys))
    return TokenVerifier(rules, KeyDocument(settings.oidc_jwks, read_keys))
