"""Databases for the catalog's tests: SQLite always, PostgreSQL where a server can be had."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL: the one of CODESEARCH_TEST_POSTGRES_URL, or a private cluster of Debian's binaries."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip('PostgreSQL is not tested: its driver is missing (pip install "psycopg[binary]")')
    if given := os.environ.get("CODESEARCH_TEST_POSTGRES_URL"):
        yield given
        return
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not binaries:
        pytest.skip("PostgreSQL is not tested: no CODESEARCH_TEST_POSTGRES_URL and no /usr/lib/postgresql/*/bin")
    # PostgreSQL refuses to run as root, and its user may not enter pytest's own folders.
    user = "nobody" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="codesearch-postgres-"))
    if user:
        shutil.chown(folder, user)
    tools, data, port = binaries[-1].parent, folder / "data", free_port()
    control: list[str | Path] = [tools / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    create: list[str | Path] = [tools / "initdb", "-D", data, "-U", "tester", "--auth=trust", "-E", "UTF8", "--no-sync"]
    try:
        for command in (create, [*control, "-o", options, "start"]):
            subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True)
        yield f"postgresql://tester:sesame@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], user=user, cwd=folder, check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_schema_url(postgres_url: str) -> Iterator[str]:
    """An empty PostgreSQL schema of its own."""
    url = sqlalchemy.make_url(postgres_url).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    schema = f"test_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: a file, or a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.sqlite3'}"
    return str(request.getfixturevalue("postgres_schema_url"))
