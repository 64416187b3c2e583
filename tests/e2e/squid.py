"""A real Squid with rules that let through what Dify's proxy lets through, on a port of its own.

What stands for the networks around it: Squid's own file of names, and two servers to which it forwards whatever passed,
on every port, save what leads to this machine. What passes is decided before, on the address that was asked for.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from tests.e2e.service import PATIENCE_SECONDS, free_port

SQUID = shutil.which("squid") or shutil.which("squid", path="/usr/sbin:/usr/local/sbin")
# Whom a Squid that root has started goes on as.
USER = "nobody"
NAMES: Mapping[str, str] = {
    "localhost": "127.0.0.1",
    "code.internal": "10.1.2.3",
    "host.docker.internal": "172.17.0.1",
    "codesearch": "172.18.0.9",
    "search.example.com": "198.51.100.7",
}
_PRIVATE = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 224.0.0.0/4 "
    "240.0.0.0/4 ::1/128 fc00::/7 fe80::/10"
)
_PORTS = """
acl clients src 127.0.0.0/8
acl web_ports port 80 443 1025-65535
acl tls_port port 443
acl tunnel method CONNECT
http_access deny !web_ports
http_access deny tunnel !tls_port
"""
_REST = """
http_access allow clients
http_access deny all
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """What passes, by Dify's version and by what its administrator has set.

    `private_names` and `private_addresses` are the lists of SSRF_PROXY_ALLOW_PRIVATE_DOMAINS and _IPS,
    `allowed_domains` the older list in the configuration.
    """

    version: str
    private_names: tuple[str, ...] = ()
    private_addresses: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = (".marketplace.dify.ai",)

    def with_setting(self, line: str) -> Rules:
        """Return the rules after a line of Dify's environment was set; an empty one sets nothing."""
        name, _, value = line.partition("=")
        values = tuple(value.split(","))
        if name == "SSRF_PROXY_ALLOW_PRIVATE_DOMAINS":
            return replace(self, private_names=values)
        if name == "SSRF_PROXY_ALLOW_PRIVATE_IPS":
            return replace(self, private_addresses=values)
        assert not name, line
        return self

    def text(self) -> str:
        """Return the rules, in the order in which they are tried."""
        allowed = f"acl allowed dstdomain {' '.join(self.allowed_domains)}\nhttp_access allow allowed"
        if self.version == "1.14":
            return f"{_PORTS}{allowed}{_REST}"
        lists = ""
        if self.private_addresses:
            lists += f"acl listed_addresses dst {' '.join(self.private_addresses)}\n"
            lists += "http_access allow clients listed_addresses\n"
        if self.private_names:
            lists += f"acl listed_names dstdomain {' '.join(self.private_names)}\n"
            lists += "http_access allow clients listed_names\n"
        return f"{_PORTS}{lists}acl private dst {_PRIVATE}\nhttp_access deny private\n{allowed}{_REST}"


class Squid:
    """A running Squid; enter it to wait until it listens, leave it to stop it."""

    def __init__(self, rules: Rules, http_port: int, tunnel_port: int) -> None:
        assert SQUID is not None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # Shared memory is named for it: another Squid of this machine has its own.
        self._name = f"test{os.getpid()}x{self.port}"
        # Started by root, Squid goes on as another user, who cannot look into pytest's folders.
        self.folder = Path(tempfile.mkdtemp(prefix="squid-"))
        (self.folder / "hosts").write_text("".join(f"{address} {name}\n" for name, address in NAMES.items()))
        configuration = self.folder / "squid.conf"
        configuration.write_text(self._settings() + rules.text() + _forward(http_port, tunnel_port))
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
        with (self.folder / "stderr").open("wb") as stderr:
            self.process = subprocess.Popen(
                [SQUID, "-N", "-n", self._name, "-f", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )

    def __enter__(self) -> Squid:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        message = (self.folder / "stderr").read_text(errors="replace")
        self.stop()
        raise AssertionError(f"Squid did not start: {message}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def logged(self) -> str:
        """Its access log so far."""
        path = self.folder / "access.log"
        return path.read_text() if path.exists() else ""

    def stop(self) -> None:
        """Stop it and remove its folder."""
        # Asked to end, it takes its time; it keeps nothing.
        self.process.kill()
        self.process.wait()
        for segment in Path("/dev/shm").glob(f"{self._name}-*"):
            segment.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _settings(self) -> str:
        return (
            f"http_port 127.0.0.1:{self.port}\n"
            f"pid_filename {self.folder}/squid.pid\n"
            f"access_log stdio:{self.folder}/access.log\n"
            f"cache_log {self.folder}/cache.log\n"
            f"coredump_dir {self.folder}\n"
            f"cache_effective_user {USER}\n"
            f"hosts_file {self.folder}/hosts\n"
            "visible_hostname proxy.test\n"
            "cache deny all\n"
            "cache_mem 8 MB\n"
            "max_filedescriptors 1024\n"
            "pinger_enable off\n"
            "shutdown_lifetime 0 seconds\n"
            # No name is asked for outside of this machine.
            "dns_nameservers 127.0.0.1\n"
            "dns_timeout 1 second\n"
        )


def _forward(http_port: int, tunnel_port: int) -> str:
    peers = (("web", http_port, "originserver login=PASSTHRU", "!tunnel"), ("gateway", tunnel_port, "", "tunnel"))
    text = "acl here dst 127.0.0.0/8\nalways_direct allow here\nnever_direct allow all\n"
    for name, port, kind, what in peers:
        text += f"cache_peer 127.0.0.1 parent {port} 0 no-query no-digest no-netdb-exchange name={name} {kind}\n"
        text += f"cache_peer_access {name} allow {what}\ncache_peer_access {name} deny all\n"
    return text
