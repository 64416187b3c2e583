#!/bin/sh
# git 2.39.5 (the one that is installed), here through GitPython 3.1.45.
#
# Expected: `git fetch --filter=blob:none ADDRESS REF`, with an address in the place of a remote's name, leaves out
# contents this once and changes no setting: the same fetch without a filter changes none.
# Really: the repository is a partial clone from then on. Its configuration gets format version 1 and a remote that is
# called as the address, with no url, a promise and the filter. A later fetch from that address that asks for no filter
# leaves out contents as well, and whoever reads such a file has git ask that address again.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check gitpython==3.1.45

environment/bin/python - <<'EOF'
from pathlib import Path

import git

source = git.Repo.init("source")
source.git.config("uploadpack.allowFilter", "true")


def commit(name):
    Path("source", name).write_text(f"{name}\n")
    source.git.add("--all")
    source.git.execute(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", name])


def fetch(repository, *options):
    repository.git.fetch("--quiet", *options, address, "HEAD")
    listed = repository.git.rev_list("--objects", "--missing=print", "FETCH_HEAD").splitlines()
    return sum(line.startswith("?") for line in listed)


print("git", ".".join(map(str, source.git.version_info)), "GitPython", git.__version__)
address = Path("source").absolute().as_uri()
commit("one")
plain, filtered = git.Repo.init("plain.git", bare=True), git.Repo.init("filtered.git", bare=True)
before = Path("filtered.git/config").read_text()
missing = [fetch(plain), fetch(filtered, "--filter=blob:none")]
section = [line.strip() for line in Path("filtered.git/config").read_text().splitlines() if line not in before]
print("missing at once:", missing, "settings:", section)
assert Path("plain.git/config").read_text() == before
assert f'[remote "{address}"]' in section and "partialclonefilter = blob:none" in section

commit("two")
missing = [fetch(plain), fetch(filtered)]
print("missing after a later fetch of both without a filter:", missing)
assert missing == [0, 2]
EOF
