"""Objects in S3-compatible storage, with the address and credentials that LanceDB's store has there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from codesearch.core.errors import ConfigurationError, StoreError
from codesearch.core.index.objects import StoredObject

S3_SCHEME = "s3://"
# Tried again so often by the library, with pauses that grow: a server that is started anew is waited for.
ATTEMPTS = 5
CONNECT_SECONDS = 5.0
UPLOADED_AT_ONCE = 8 << 20
# Other makers' servers refuse the checksums that the library adds by itself, or store them as if they were content.
# What is fetched here is compared with checksums of our own.
_CHECKSUMS = ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION")


class S3Objects:
    """Objects below an address such as s3://bucket/prefix. Safe to use from many threads."""

    def __init__(self, uri: str, options: Mapping[str, str]) -> None:
        """Stand before an address; the first use connects. `options` are AWS's own variables, as LanceDB takes them."""
        self.uri = uri.rstrip("/")
        self._root = self.uri.removeprefix(S3_SCHEME)
        self._options = options

    @cached_property
    def _files(self) -> Any:
        for name in _CHECKSUMS:
            if name not in self._options:
                os.putenv(name, "when_required")
        from pyarrow import fs

        given = read_options(self._options)
        return fs.S3FileSystem(
            **given,
            connect_timeout=CONNECT_SECONDS,
            allow_delayed_open=True,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        )

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def translated(self, what: str, name: str) -> Iterator[None]:
        """Raise StoreError for what the library raises, but for what is not there."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            detail = " ".join(str(error).split())[:400]
            raise StoreError(
                f"Cannot {what} {self.uri}/{name}: {detail}. Is the object storage there, and may it be used with "
                "these credentials?"
            ) from error

    def list(self, folder: str) -> list[StoredObject]:
        """Return what is in a folder by name, nothing where there is none."""
        with self.translated("list", folder):
            from pyarrow import fs

            found = self._files.get_file_info(fs.FileSelector(self._place(folder), allow_not_found=True))
            return sorted(
                (
                    StoredObject(info.base_name, int(info.size), info.mtime or datetime.now(timezone.utc))
                    for info in found
                    if info.is_file
                ),
                key=lambda found: found.name,
            )

    def read(self, name: str) -> bytes:
        """Return a small object. Raises FileNotFoundError."""
        with self.translated("read", name), self._files.open_input_stream(self._place(name)) as stream:
            data: bytes = stream.read()
            return data

    def open(self, name: str) -> S3Reader:
        """Return an object to be read in parts. Raises FileNotFoundError."""
        with self.translated("read", name):
            return S3Reader(self, name, self._files.open_input_file(self._place(name)))

    def write(self, name: str, data: bytes) -> None:
        """Put a small object there, which others see whole or not at all."""
        with self.translated("write", name), self._files.open_output_stream(self._place(name)) as stream:
            stream.write(data)

    def upload(self, name: str, path: Path) -> None:
        """Put a file's content there, in several parts at once. Raises OSError where the file cannot be read."""
        with path.open("rb") as file, self.translated("write", name):
            # Closed also after an error, it would be there as far as it came: whoever looks compares the size.
            stream = self._files.open_output_stream(self._place(name))
            with stream:
                while data := file.read(UPLOADED_AT_ONCE):
                    stream.write(data)

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; one that is not there is no error."""
        for name in names:
            with self.translated("delete", name), suppress(FileNotFoundError):
                self._files.delete_file(self._place(name))

    def delete_folder(self, folder: str) -> None:
        """Delete everything in a folder; none there is no error."""
        with self.translated("delete", folder), suppress(FileNotFoundError):
            self._files.delete_dir(self._place(folder))


class S3Reader:
    """One object that is read in parts, by several threads at once."""

    def __init__(self, objects: S3Objects, name: str, file: Any) -> None:
        self._objects = objects
        self._name = name
        self._file = file

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return so many bytes from an offset, fewer only at the end. Raises FileNotFoundError, StoreError."""
        with self._objects.translated("read", self._name):
            data: bytes = self._file.read_at(size_bytes, offset)
            return data


def read_options(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments that the file system takes for AWS's own variables. Raises ConfigurationError."""
    endpoint = next(
        (
            variables[name]
            for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
            if variables.get(name)
        ),
        None,
    )
    options: dict[str, Any] = {
        "access_key": variables.get("AWS_ACCESS_KEY_ID"),
        "secret_key": variables.get("AWS_SECRET_ACCESS_KEY"),
        "session_token": variables.get("AWS_SESSION_TOKEN"),
        "region": variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION"),
        "anonymous": _is_on(variables.get("AWS_SKIP_SIGNATURE")),
        "force_virtual_addressing": _is_on(variables.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST")),
    }
    if endpoint is not None:
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ConfigurationError(f"AWS_ENDPOINT is {endpoint!r}: give an address such as https://host:9000.")
        options |= {"scheme": parts.scheme, "endpoint_override": parts.netloc}
    return {name: value for name, value in options.items() if value}


def _is_on(value: str | None) -> bool:
    return (value or "").strip().lower() in {"1", "true", "yes", "on"}
