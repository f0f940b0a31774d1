"""A WireGuard device on this VM, the kernel's or wireguard-go's, with its addresses, its routes and its keys.

wg(8) is not needed. Both kinds of device are set and read alike, with keys in base64 as in WG_PEERS.
"""

import base64
import errno
import ipaddress
import json
import logging
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from context import Failure
from netlink import KEEPALIVE, Change, KernelDevice, PeerState
from tools import ToolFailure, tool, works

NAME = "wg-florist"
SOCKET = Path(f"/var/run/wireguard/{NAME}.sock")
ERRORS = Path(f"/sys/class/net/{NAME}/statistics/rx_errors")
TUN = Path("/dev/net/tun")
START_PATIENCE = 5  # seconds for wireguard-go to open its socket
CALL_PATIENCE = 5
X25519 = bytes.fromhex("302e020100300506032b656e04220420")  # before the 32 bytes of a private key, in DER

log = logging.getLogger("florist")


class UserDevice:
    """wireguard-go: its device and all that was set are gone when its process ends."""

    def __init__(self, child: subprocess.Popen | None = None):
        self.child = child

    def set(self, private: bytes = b"", port: int | None = None, changes: Sequence[Change] = ()) -> None:
        lines = ([f"private_key={private.hex()}"] if private else []) + ([f"listen_port={port}"] if port is not None else [])
        self.ask("set=1", *lines, *(line for change in changes for line in lines_of(change)))

    def read(self) -> dict[str, PeerState]:
        found: dict[str, PeerState] = {}
        state = PeerState(set(), None, 0, 0, 0)
        for name, value in self.ask("get=1"):
            if name == "public_key":
                key = base64.b64encode(bytes.fromhex(value)).decode()
                state = found[key] = PeerState(set(), None, 0, 0, 0)
            elif name == "allowed_ip":
                state.allowed.add(value)
            elif name == "endpoint" and value.count(":") == 1:
                host, _, port = value.partition(":")
                state.endpoint = host, int(port)
            elif name == "last_handshake_time_sec":
                state.handshake = int(value)
            elif name in ("rx_bytes", "tx_bytes"):
                setattr(state, name[:2], int(value))
        return found

    def close(self) -> None:
        """One that does not answer is ended, and gone with it."""
        if self.child:
            self.child.kill()
            self.child.wait()

    def ask(self, *lines: str) -> list[tuple[str, str]]:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(CALL_PATIENCE)
            line.connect(str(SOCKET))
            line.sendall("".join(f"{each}\n" for each in (*lines, "")).encode())
            answer = b""
            while not answer.endswith(b"\n\n"):
                if not (more := line.recv(65536)):
                    raise OSError(errno.EPIPE, "wireguard-go ended in the middle of an answer")
                answer += more
        pairs = [(name, value) for name, _, value in (each.partition("=") for each in answer.decode().split())]
        if (code := -int(dict(pairs)["errno"])) != 0:
            raise OSError(code, os.strerror(code))
        return pairs


def lines_of(change: Change) -> list[str]:
    lines = [f"public_key={base64.b64decode(change.key).hex()}"]
    if change.remove:
        return [*lines, "remove=true"]
    lines.append(f"persistent_keepalive_interval={KEEPALIVE}")
    if change.endpoint:
        lines.append("endpoint={}:{}".format(*change.endpoint))
    if change.allowed is not None:
        lines += ["replace_allowed_ips=true", *(f"allowed_ip={each}" for each in sorted(change.allowed))]
    return lines


def open_device(log_file: Path):
    """The one that is there, for it may outlive the agent; else the kernel's; else wireguard-go's."""
    for device in (UserDevice(), KernelDevice(NAME)):
        try:
            device.read()
            return device
        except OSError:
            pass
    works("ip", "link", "delete", NAME)
    if works("ip", "link", "add", NAME, "type", "wireguard"):
        return KernelDevice(NAME)
    if not shutil.which("wireguard-go") or not TUN.exists():
        raise Failure("tunnel-unavailable", "The kernel has no WireGuard, and wireguard-go or /dev/net/tun is missing.")
    return start_wireguard_go(log_file)


def start_wireguard_go(log_file: Path) -> UserDevice:
    command, environment = ["wireguard-go", "-f", NAME], os.environ | {"LOG_LEVEL": "error"}
    with open(log_file, "ab") as words:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, cwd="/", env=environment, start_new_session=True
        )
    until = time.monotonic() + START_PATIENCE
    while child.poll() is None and time.monotonic() < until:
        try:
            UserDevice().read()
            return UserDevice(child)
        except OSError:
            time.sleep(0.02)
    child.kill()
    child.wait()
    raise Failure("tunnel-unavailable", "wireguard-go does not come up: logs/tunnel.log says why.")


def set_addresses(own: set[str], networks: set[str], mtu: str) -> None:
    """Exactly these addresses and routes; what stays is not touched, for connections go on over it."""
    tool("ip", "link", "set", NAME, "mtu", mtu, "up")
    listed = list_of("address", "show", "dev", NAME)
    has = {f"{each['local']}/{each['prefixlen']}" for one in listed for each in one.get("addr_info", [])}
    for address in sorted(has - own):
        tool("ip", "address", "delete", address, "dev", NAME)
    for address in sorted(own - has):
        tool("ip", "address", "add", address, "dev", NAME)
    listed = list_of("route", "show", "dev", NAME, "proto", "static")
    leads = {str(ipaddress.ip_network(each["dst"].replace("default", "0.0.0.0/0"))) for each in listed}
    for network in sorted(leads - networks):
        works("ip", "route", "delete", network, "dev", NAME, "proto", "static")  # it may have gone with its address
    for network in sorted(networks):
        tool("ip", "route", "replace", network, "dev", NAME, "proto", "static")


def forged() -> int:
    """Packets that came from a peer with a source that is not its own; wireguard-go drops them too and counts none."""
    try:
        return int(ERRORS.read_text())
    except OSError:
        return 0


def list_of(*what: str) -> list[dict]:
    return json.loads(tool("ip", "-json", "-4", *what) or b"[]")


def make_key() -> bytes:
    return tool("openssl", "genpkey", "-algorithm", "X25519", "-outform", "DER")[-32:]


def public_key(private: bytes) -> bytes:
    """ToolFailure when these are no 32 bytes of a key."""
    public = tool("openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER", given=X25519 + private)
    if len(public) != 44:
        raise ToolFailure("The tunnel's key is damaged.")
    return public[-32:]
