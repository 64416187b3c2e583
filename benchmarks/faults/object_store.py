"""A real S3 server: Ceph's RADOS gateway (Debian: radosgw, ceph-mon, ceph-osd) on one disk in a folder."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path

from benchmarks.services import free_port

ACCESS_KEY, SECRET_KEY, BUCKET = "KEY", "SECRET", "index"
_START_SECONDS = 90
_CONFIGURATION = """[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{monitor_port}
auth cluster required = none
auth service required = none
auth client required = none
ms bind msgr1 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 2
log file = {folder}/log/$name.log
run dir = {folder}/run
admin socket = {folder}/run/$name.$pid.asok
keyring = {folder}/keyring
[mon]
mon data = {folder}/mon
[osd]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd data = {folder}/osd
osd objectstore = bluestore
bluestore block size = 4294967296
osd memory target = 939524096
osd class load list = *
osd class default list = *
[client]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw data = {folder}/rgw
"""


class ObjectStore:
    """One monitor, one disk, one gateway with a bucket; the gateway is what is killed and started again."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("radosgw") or not shutil.which("ceph-osd"):
            sys.exit("There is no radosgw; install Debian's radosgw, ceph-mon and ceph-osd.")
        self._folder, self.port = folder, free_port()
        for name in ("mon", "osd", "rgw", "log", "run"):
            (folder / name).mkdir(parents=True)
        self._configuration = folder / "ceph.conf"
        fsid, monitor_port = uuid.uuid4(), free_port()
        self._configuration.write_text(
            _CONFIGURATION.format(fsid=fsid, monitor_port=monitor_port, folder=folder, port=self.port)
        )
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._gateway: subprocess.Popen[bytes] | None = None
        self._run("ceph-authtool", "--create-keyring", f"{folder}/keyring", "--gen-key", "-n", "client.admin")
        monitors = f"[v2:127.0.0.1:{monitor_port}]"
        self._run(
            "monmaptool", "--create", "--clobber", "--fsid", str(fsid), "--addv", "a", monitors, f"{folder}/monmap"
        )
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", f"{folder}/monmap")
        try:
            self._daemons.append(self._start("ceph-mon", "-i", "a", "-f"))
            disk = str(uuid.uuid4())
            number = self._run("ceph", "osd", "new", disk).strip()
            self._run("ceph-osd", "-i", number, "--mkfs", "--osd-uuid", disk)
            self._daemons.append(self._start("ceph-osd", "-i", number, "-f"))
            keys = [f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}"]
            self._run("radosgw-admin", "user", "create", "--uid=faults", "--display-name=faults", *keys)
            self.start()
            self._make_bucket()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start the gateway and wait until it listens."""
        deadline = time.monotonic() + _START_SECONDS
        self._gateway = self._start("radosgw", "-n", "client.admin", "--ms_mon_client_mode=crc", "-f")
        while time.monotonic() < deadline:
            with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)):
                return
            time.sleep(0.05)
        sys.exit(f"radosgw does not start: {self._folder / 'log'}")

    def kill(self) -> None:
        """Kill the gateway."""
        if self._gateway is not None:
            self._gateway.kill()
            self._gateway.wait()

    def close(self) -> None:
        """Kill all of it; its folder is not needed again."""
        self.kill()
        for daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log" / f"{name}.out").open("ab") as log:
            return subprocess.Popen([name, "-c", str(self._configuration), *arguments], stdout=log, stderr=log)

    def _run(self, name: str, *arguments: str) -> str:
        configuration = [] if name in ("ceph-authtool", "monmaptool") else ["-c", str(self._configuration)]
        outcome = subprocess.run([name, *configuration, *arguments], capture_output=True, text=True, timeout=180)
        if outcome.returncode:
            sys.exit(f"{name} {arguments[0]} failed: {outcome.stderr[-500:]}")
        return outcome.stdout

    def _make_bucket(self) -> None:
        import boto3

        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        client.create_bucket(Bucket=BUCKET)


def client_settings(port: int) -> dict[str, str]:
    """Return the environment of those who reach the store at a port."""
    return {
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    }
