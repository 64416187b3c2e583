"""What holds for every test: whose configuration and data it sees, how properties are searched, what ctrl-C ends."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run, however slow or busy the machine: a change is what makes a test fail, and nothing
# else. `pytest --hypothesis-profile=default` draws others.
settings.register_profile(
    "codesearch", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("codesearch")


def _go_on(number: int, frame: object) -> None:
    pass


# A shell starts what runs in the background with SIGINT ignored, and that is handed down to all processes that are
# started from it. A handler is not: they begin with the default, while this process still goes on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, _go_on)


MAX_WORKERS = 12


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return what `-n auto` means: two more than cores, as tests wait for processes. Each may take a gigabyte."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(cores + 2, MAX_WORKERS)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what lives to the end, all tests and modules, out of every search for garbage, also of forked processes."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def foreign_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the whole run configuration and data folders of its own, in which nothing is trusted."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower().replace("_", "-"))))
        yield


@pytest.fixture
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep away the .codesearch of where the tests are run, which is a stranger's to them: each reading says so."""
    monkeypatch.setenv("CODESEARCH_DATA_DIR", str(tmp_path / "data"))
