"""Virtual environments for what the benchmark needs and the project does not: peers and the plotting library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from codesearch.core.errors import CodesearchError

# Inside the project's environment: ignored by git, removed by `make clean`.
ENVIRONMENTS = Path(__file__).parents[1] / ".venv" / "benchmarks"
PLOT_REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class EnvironmentSetupError(CodesearchError):
    """A virtual environment cannot be made; the message says why."""


def python_of(environments: Path, name: str, requirements: tuple[str, ...], *, upgrade: bool = False) -> Path:
    """Return the interpreter of the environment `name`, made with the newest of `requirements` when it is missing.

    `requirements` are pip's arguments. With `upgrade` a present one is updated. Raises EnvironmentSetupError.
    """
    folder = environments / name
    python, finished = folder / "bin" / "python", folder / ".finished"
    if finished.exists() and not upgrade:
        return python.absolute()
    print(f"making the environment {name}", file=sys.stderr)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--upgrade"]
    try:
        for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, *requirements]):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise EnvironmentSetupError(f"its environment cannot be made: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        message = lines[-1].replace(str(environments), "ENVIRONMENTS")
        raise EnvironmentSetupError(f"its environment cannot be made: {message}") from error
    finished.touch()
    return python.absolute()
