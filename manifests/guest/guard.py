"""What keeps foreign code from this VM's keys.

Flower runs whatever code the coordinator's people submit. So it gets two users: `keys` runs Flower's daemons, `apps`
runs that code. Neither is root, neither reads what belongs to the other, and neither reaches OneGate. Where there is a
tunnel, nothing passes through this VM from one of its ends to another, and apps send nothing into it. A gateway passes
on what its zone's SuperNodes dial, and nothing else.
"""

import pwd
import re
import shutil
import socket
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from context import Failure, address
from process import User
from tools import ToolFailure, tool


def user(name: str) -> User:
    """Made if it is missing."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        tool("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name)
        entry = pwd.getpwnam(name)
    if entry.pw_uid == 0 or entry.pw_gid == 0:
        raise Failure("agent-error", f"The user {name} is root on this image.")
    return User(entry.pw_uid, entry.pw_gid)


def keep_from_onegate(users: list[User], endpoint: str) -> None:
    """Drops these users' packets to OneGate. Done again it replaces its own table, and never touches another."""
    url = urllib.parse.urlsplit(endpoint)
    port = url.port or (443 if url.scheme == "https" else 80)
    who = ", ".join(str(each.uid) for each in users)
    rules = "type filter hook output priority 0\n"
    for family, _, _, _, where in socket.getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM):
        kind = "ip6" if family == socket.AF_INET6 else "ip"
        rules += f"meta skuid {{ {who} }} {kind} daddr {where[0]} tcp dport {port} drop\n"
    table = f"table inet florist\ndelete table inet florist\ntable inet florist {{\nchain output {{\n{rules}}}\n}}\n"
    tool("nft", "-f", "-", given=table.encode())


# Who begins a handshake sends 148 bytes. Counted before any other rule, for ufw may drop it; a stranger's go by themselves.
COUNTED = "type ipv4_addr; size 1024; flags dynamic,timeout; timeout 1h;"
# Packets inside, by who sends them: the device has seen to it that this is their address. The agent's own go to port 9.
# They are looked at before any address of theirs is translated.
STRAYS = "update @strays { ip saddr counter }"
HOOKS = {"prerouting": "priority -110", "input": "priority -10", "output": "priority 0", "forward": "priority 0"}
FORWARDS = Path("/proc/sys/net/ipv4/ip_forward")
AT_BOOT = Path("/etc/sysctl.d/90-florist.conf")
HEADERS = 40  # bytes of IPv4 and TCP


@dataclass(frozen=True)
class Passage:
    """What a gateway passes on: who dials its doors on one side gets the SuperLink on the other."""

    host: str
    port: int
    doors: frozenset[str]  # this VM's addresses on the side that is dialled
    mtu: int
    inward: bool = False  # out of the tunnels, to a SuperLink in this zone

    def rules(self, device: str) -> dict[str, list[str]]:
        """
        Whoever is dialled answers from the address that was dialled, and is asked from this VM's own on that side: no
        filter of addresses minds, and nobody needs a route. Both ways say how large a segment the tunnel takes.
        """
        here, there = ("iifname", "oifname") if self.inward else ("oifname", "iifname")
        largest = f"tcp flags & (syn|rst) == syn tcp option maxseg size set {self.mtu - HEADERS}"
        doors = ", ".join(sorted(self.doors))
        return {
            "enter": [f"iifname {'' if self.inward else '!= '}{device} ip daddr {{ {doors} }} tcp dport {self.port} dnat ip to {self.host}"],
            "leave": [f"oifname {'!= ' if self.inward else ''}{device} ip daddr {self.host} ct status dnat masquerade"],
            "forward": [
                f"oifname {device} {largest}",
                f"iifname {device} {largest}",
                f"{here} {device} ip daddr {self.host} tcp dport {self.port} ct status dnat accept",
                f"{there} {device} ct status dnat ct state established,related accept",
                "drop",
            ],
        }


def passage_in(context: dict[str, str]) -> Passage:
    host, port = address(context["FL_SUPERLINK_ADDRESS"])
    if beside := context.get("WG_SUPERLINK"):
        return Passage(beside, port, frozenset([host]), int(context["WG_MTU"]), inward=True)
    doors = frozenset(value for name, value in context.items() if name.startswith("ETH"))
    return Passage(host, port, doors, int(context["WG_MTU"]))


CHAINS = {hook: f"filter hook {hook} {priority}" for hook, priority in HOOKS.items()} | {
    "enter": "nat hook prerouting priority -100",
    "leave": "nat hook postrouting priority 100",
}


def shield_tunnel(
    device: str, apps: User, port: int | None, served: int, own: set[str], passage: Passage | None = None
) -> None:
    """
    What comes out of it reaches `served` of its `own` addresses where others dial this VM at `port`, else nothing, and is
    counted there; so is what apps send into it. Counts stay when done again.
    """
    elsewhere = f"iifname {device} ip daddr != {{ {', '.join(sorted(own))} }}"
    rules = {
        "prerouting": [f"{elsewhere} {STRAYS} drop"] if port else [],
        "input": [
            *([f"udp dport {port} udp length 156 update @knocks {{ ip saddr counter }}"] if port else []),
            f"iifname {device} ct state established,related accept",
            f"iifname {device} icmp type echo-request accept",
            *([f"iifname {device} tcp dport {served} accept"] if port and not passage else []),
            f"iifname {device} udp dport 9 drop",
            *([f"iifname {device} {STRAYS}"] if port else []),
            f"iifname {device} drop",
        ],
        "output": [
            *([] if port else [f"oifname {device} meta skuid {apps.uid} {STRAYS}"]),
            f"oifname {device} meta skuid {apps.uid} drop",
        ],
        "forward": [f"iifname {device} drop", f"oifname {device} drop"],
    } | (passage.rules(device) if passage else {})
    lines = ["add table inet florist_tunnel"]
    lines += [f"add set inet florist_tunnel {name} {{ {COUNTED} }}" for name in ("knocks", "strays")]
    for chain, listed in rules.items():
        lines.append(f"add chain inet florist_tunnel {chain} {{ type {CHAINS[chain]}; }}")
        lines.append(f"flush chain inet florist_tunnel {chain}")
        lines += [f"add rule inet florist_tunnel {chain} {rule}" for rule in listed]
    if not passage:
        tool("nft", "-f", "-", given="\n".join([*lines, ""]).encode())
        return
    translate("\n".join([*lines, ""]))
    if not AT_BOOT.exists():
        write_at_boot()
    forward()


def open_in_ufw(device: str, port: int | None, served: int, passage: Passage | None) -> None:
    """Its own chain drops what another one accepts, and an image may set it up anew at every boot."""
    if not (port or passage) or not shutil.which("ufw") or b"Status: active" not in tool("ufw", "status"):
        return
    if port:
        tool("ufw", "allow", f"{port}/udp")
    if passage:
        for way in ("in", "out"):
            tool("ufw", "route", "allow", way, "on", device)
    else:
        tool("ufw", "allow", "in", "on", device, "to", "any", "port", str(served), "proto", "tcp")


def forward() -> None:
    """Read often, for whoever sets it back stops everything; written only then."""
    try:
        if FORWARDS.read_text().strip() != "1":
            FORWARDS.write_text("1")
    except OSError as error:
        raise Failure("translation-unavailable", f"This VM may not forward packets: {error}") from error


def write_at_boot() -> None:
    """Before this program runs; where there is no such folder, this program is early enough."""
    if AT_BOOT.parent.is_dir():
        AT_BOOT.write_text("net.ipv4.ip_forward = 1\n")


def lead_to_gateway(dialled: str, gateway: str) -> None:
    """
    What is dialled inside the tunnels leads to the zone's gateway, which answers from the address that is dialled on the
    wire: its own. So the SuperLink has one name for everybody.
    """
    host, port = address(dialled)
    tool("ip", "route", "replace", f"{host}/32", "via", gateway)
    rule = f"ip daddr {host} tcp dport {port} dnat to {gateway}"
    chain = f"chain output {{\ntype nat hook output priority -100\n{rule}\n}}"
    table = "table ip florist_gateway"
    translate(f"{table}\ndelete {table}\n{table} {{\n{chain}\n}}\n")


def translate(rules: str) -> None:
    try:
        tool("nft", "-f", "-", given=rules.encode())
    except ToolFailure as failure:
        raise Failure("translation-unavailable", f"This VM's kernel translates no addresses: {failure}") from failure


def knocks() -> dict[str, int]:
    """How often each address has tried to begin a tunnel in the last hour."""
    return counted("knocks")


def strays() -> dict[str, int]:
    """How many packets each address inside has sent in the last hour that were dropped for where they were to go."""
    return counted("strays")


def counted(name: str) -> dict[str, int]:
    listed = tool("nft", "list", "set", "inet", "florist_tunnel", name).decode()
    return {host: int(count) for host, count in re.findall(r"([\d.]+) counter packets (\d+)", listed)}
