#!/bin/sh
# pyarrow 26.0.1, its S3FileSystem, with the S3 server of moto 5.2.5 (flask 3.1.3, flask-cors 6.0.1, boto3 1.44.8).
#
# Expected: a block `with filesystem.open_output_stream(name) as stream:` that is left by an exception puts no object there.
# S3 shows an object when its upload is completed, and can abort one; what its writer could not finish should be aborted.
# Really: leaving the block closes the stream, which completes the upload: the object is there with what was written until
# then, and takes the place of a whole one of that name. There is no other way to end a stream: it has `close` and no
# `abort`.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check pyarrow==26.0.1 moto==5.2.5 boto3==1.44.8 flask==3.1.3 flask-cors==6.0.1

environment/bin/python - <<'EOF'
import importlib.metadata

import pyarrow
from moto.server import ThreadedMotoServer
from pyarrow import fs

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
try:
    host, port = server.get_host_and_port()
    files = fs.S3FileSystem(
        access_key="key",
        secret_key="secret",
        region="us-east-1",
        scheme="http",
        endpoint_override=f"{host}:{port}",
        allow_bucket_creation=True,
    )
    files.create_dir("bucket")
    with files.open_output_stream("bucket/name") as stream:
        stream.write(b"the whole text")
    try:
        with files.open_output_stream("bucket/name") as stream:
            stream.write(b"the who")
            raise RuntimeError("what is written could not be read any further")
    except RuntimeError:
        pass
    with files.open_input_stream("bucket/name") as stream:
        found = stream.read()
finally:
    server.stop()
print(f"pyarrow {pyarrow.__version__}, moto {importlib.metadata.version('moto')}: after the failed upload: {found!r}")
assert found == b"the who"
assert not hasattr(stream, "abort")
EOF
