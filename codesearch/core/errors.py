"""Every error that codesearch raises on purpose, and the codes that clients see.

    CodesearchError
    |- AuthenticationError        1004   no key, malformed, unknown, expired or revoked
    |- InvalidRequestError        1001   the request cannot be understood
    |  |- RequestTooLargeError    1001   its body is over the limit
    |  |- RequestTimeoutError     1001   its body does not come
    |  |- MisdirectedRequestError 1001   it names a host that is not let in
    |  |- WrongArgumentError     1001   an argument of a tool is missing or wrong
    |  |- NameTakenError         1001   something else has the name that is to be given
    |  |- UnclearSourceError      1001   it names no repository, and several may be meant
    |  |- UnreadableIdentifierError 1001 what should name an artifact has not the form of an identifier
    |  |- SearchTooLongError      1001   it asks for more work than one request may
    |  |- SearchAbandonedError    1001   nobody waits for the answer any more
    |- TooManyRequestsError       1005   it has to come again later
    |  |- StoppingError           1005   the service ends before it is answered
    |- AccessDeniedError          1002   it exists, the key may not read it
    |- NotFoundError              1003   no such repository or workspace
    |  |- NotIndexedError         1003   it has no finished index yet
    |- ConfigurationError         2001   a setting is wrong, at a shell a message that says which
    |  |- UnreliableFileError      2001   a file of the configuration that others may have made
    |- SourceError                2001   a repository or folder cannot be read
    |  |- UnreachableSourceError  2001   not now: its host does not answer, or something else is at it
    |- IndexMismatchError         2001   the index was written by another model or chunker
    |- StoreError                 2001   the vector store failed
    |  |- DamagedStoreError       2001   one of its files is not what was written
    |  |- LostRowsError           2001   it lacks rows that were published
    |- CatalogError               2001   the catalog failed
    |- UnwritableError            2001   the data folder, or the catalog in it, takes nothing: read-only, a full disk
    |  |- JobsUnavailableError  2001   the database of the jobs cannot be reached or written
    |- CodeHostError              2001   a code host cannot say which repositories an organisation has
    |- PeerError                  2001   another service does not answer for what is placed on it
    |- DifyError                  2001   Dify, which the command line asks, cannot do it
       |- DifyUnreachableError    2001   no answer comes, and nothing was done there
       |- DifyUncertainError      2001   the answer was lost: it may have been done or not
       |- DifyRefusedError        2001   it says no

Core knows codes, never HTTP. Messages are one line for a person, without secrets; `StoreError` and its siblings may
name paths, which is why the API never shows the message of a 2001.
"""

from __future__ import annotations

from enum import IntEnum


class ErrorCode(IntEnum):
    """The error codes of the API, as CodeAlive's Dify endpoint numbers them; 1005 is our own."""

    INVALID_REQUEST = 1001
    ACCESS_DENIED = 1002
    NOT_FOUND = 1003
    UNAUTHENTICATED = 1004
    TOO_MANY_REQUESTS = 1005
    INTERNAL = 2001


class CodesearchError(Exception):
    """The root of the tree. `message` is one line that says what is wrong and what to do."""

    code = ErrorCode.INTERNAL

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AuthenticationError(CodesearchError):
    """The caller is not known."""

    code = ErrorCode.UNAUTHENTICATED


class InvalidRequestError(CodesearchError):
    """The request cannot be understood."""

    code = ErrorCode.INVALID_REQUEST


class RequestTooLargeError(InvalidRequestError):
    """The request's body is over the limit."""


class RequestTimeoutError(InvalidRequestError):
    """The request's body does not come, or too slowly."""


class MisdirectedRequestError(InvalidRequestError):
    """The request names a host that is not let in."""


class WrongArgumentError(InvalidRequestError):
    """An argument of a tool is missing or wrong: `name` is what it is called, `problem` the rest of the message."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")
        self.name = name
        self.problem = problem


class NameTakenError(InvalidRequestError):
    """Something else of its kind has the name already."""


class UnclearSourceError(InvalidRequestError):
    """No repository is named, and several may be meant."""


class UnreadableIdentifierError(InvalidRequestError):
    """What should name a file, a symbol or lines has not the form of an identifier."""


class SearchTooLongError(InvalidRequestError):
    """The request asks for more work than one may; it would do so again."""


class SearchAbandonedError(InvalidRequestError):
    """The client has closed the connection: nobody sees this."""


class TooManyRequestsError(CodesearchError):
    """Nothing is wrong with the request, but it has to come again, after `retry_seconds`.

    `limit` is a word for what it was over, of few.
    """

    code = ErrorCode.TOO_MANY_REQUESTS

    def __init__(self, message: str, limit: str, retry_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.limit = limit
        self.retry_seconds = retry_seconds


class StoppingError(TooManyRequestsError):
    """The service ends before the request is answered; another process may answer it."""

    def __init__(self) -> None:
        super().__init__("The service is stopping. Send the request again.", "stopping")


class AccessDeniedError(CodesearchError):
    """The data source exists, but the key may not read it."""

    code = ErrorCode.ACCESS_DENIED


class NotFoundError(CodesearchError):
    """There is no such repository, workspace or key."""

    code = ErrorCode.NOT_FOUND


class NotIndexedError(NotFoundError):
    """The repository has no finished index yet."""


class ConfigurationError(CodesearchError):
    """A setting is missing or wrong."""


class UnreliableFileError(ConfigurationError):
    """A file or folder of the configuration is a link, belongs to somebody else, or may be written by others."""


class SourceError(CodesearchError):
    """A repository or folder cannot be read."""


class UnreachableSourceError(SourceError):
    """A repository cannot be read now, and may be in a while: its host does not answer, or something else is at it."""


class IndexMismatchError(CodesearchError):
    """The index was written with another embedding model, dimension, chunker or schema."""


class StoreError(CodesearchError):
    """The vector store failed."""


class DamagedStoreError(StoreError):
    """A file of the vector store is not what was written. `table_name` is the table that it belongs to."""

    def __init__(self, message: str, table_name: str = "") -> None:
        super().__init__(message)
        self.table_name = table_name


class LostRowsError(StoreError):
    """Rows of a data source are neither in the vector store nor in its search index: it has to be indexed again."""


class CatalogError(CodesearchError):
    """The catalog failed."""


class UnwritableError(CodesearchError):
    """The data folder, or the catalog in it, cannot be written: it is read-only, or the disk is full."""


class JobsUnavailableError(UnwritableError):
    """The database of the jobs cannot be reached or written; searching goes on."""


class CodeHostError(CodesearchError):
    """A code host cannot be asked, or does not say, which repositories an organisation has."""


class PeerError(CodesearchError):
    """Another service does not answer for the data sources that are placed on it."""


class DifyError(CodesearchError):
    """Dify, which the command line asks, cannot do what it is asked to."""


class DifyUnreachableError(DifyError):
    """No answer comes from Dify; nothing was changed there."""


class DifyUncertainError(DifyError):
    """The answer was lost: what was asked for may have been done or not."""


class DifyRefusedError(DifyError):
    """Dify says no, with an HTTP status and the code of its own."""

    def __init__(self, message: str, status: int, dify_code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.dify_code = dify_code
