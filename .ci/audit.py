"""`make audit`: the licences of everything that is installed, then publicly known holes in it, as PyPI has them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
NO_SERVICE = (
    "Known holes could not be looked up: {reason}. The list of licences is complete; "
    "run make audit again where pypi.org can be reached."
)


def main() -> int:
    """Print both lists; return 1 when there is a known hole, or when the service could not say."""
    listed = subprocess.run(
        [str(BIN / "pip-licenses"), f"--python={sys.executable}", "--from=mixed", "--order=license"], check=False
    )
    command = [str(BIN / "pip-audit"), "--format=json", "--progress-spinner=off", "--skip-editable", "--timeout=10"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["pip-audit gave no answer"])[-1]
        print(NO_SERVICE.format(reason=last[:200]), file=sys.stderr)
        return 1
    known = [package for package in packages if "vulns" in package]
    unknown = [package["name"] for package in packages if "vulns" not in package and package["name"] != "codesearch"]
    holes = [(package, hole) for package in known for hole in package["vulns"]]
    for package, hole in holes:
        fixed = ", ".join(hole["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {hole['id']}, mended in {fixed}")
    if not known:
        print(NO_SERVICE.format(reason="the service knows none of the packages"), file=sys.stderr)
        return 1
    print(f"{len(known)} packages looked up, {len(holes)} known holes; not known there: {', '.join(unknown) or 'none'}")
    return 1 if holes else listed.returncode


if __name__ == "__main__":
    sys.exit(main())
