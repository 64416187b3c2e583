#!/bin/sh
# LanceDB 0.40.0, with lance-namespace 0.13.0.
#
# Expected: importing an embedded database loads what reads and writes local files; a client for remote catalogs comes when
# somebody connects to one.
# Really: `import lancedb` loads the whole generated REST client of Lance's namespaces, over a hundred modules of pydantic
# models. They are more than half of the time that the import takes, which is longer than many a short command runs.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check lancedb==0.40.0 lance-namespace==0.13.0 lance-namespace-urllib3-client==0.13.0 pyarrow==26.0.1

environment/bin/python - <<'EOF'
import subprocess
import sys

CODE = """
import sys, time
started = time.process_time()
import lancedb
whole = time.process_time() - started
client = [name for name in sys.modules if name.startswith("lance_namespace_urllib3_client")]
print(lancedb.__version__, len(client), round(whole, 2))
"""
ALONE = """
import time
import pydantic, urllib3
started = time.process_time()
import lance_namespace_urllib3_client
print(round(time.process_time() - started, 2))
"""
for _ in range(2):  # The first run compiles the modules.
    outputs = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
        for code in (CODE, ALONE)
    ]
(version, count, whole), (alone,) = outputs
print(f"lancedb {version}: imports {count} modules of the REST client; CPU seconds: all {whole}, the client alone {alone}")
assert int(count) > 100
EOF
