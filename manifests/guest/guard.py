"""What keeps foreign code from this VM's keys.

Flower runs whatever code the coordinator's people submit. So it gets two users: `keys` runs Flower's daemons, `apps`
runs that code. Neither is root, neither reads what belongs to the other, and neither reaches OneGate. Where there is a
tunnel, nothing passes through this VM from one of its ends to another, and apps send nothing into it.
"""

import pwd
import re
import socket
import urllib.parse

from context import Failure
from process import User
from tools import tool


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
STRAYS = "update @strays { ip saddr counter }"
HOOKS = {"prerouting": "priority -10", "input": "priority -10", "output": "priority 0", "forward": "priority 0"}


def shield_tunnel(device: str, apps: User, port: int | None, served: int, own: set[str]) -> None:
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
            *([f"iifname {device} tcp dport {served} accept"] if port else []),
            f"iifname {device} udp dport 9 drop",
            *([f"iifname {device} {STRAYS}"] if port else []),
            f"iifname {device} drop",
        ],
        "output": [
            *([] if port else [f"oifname {device} meta skuid {apps.uid} {STRAYS}"]),
            f"oifname {device} meta skuid {apps.uid} drop",
        ],
        "forward": [f"iifname {device} drop", f"oifname {device} drop"],
    }
    lines = ["add table inet florist_tunnel"]
    lines += [f"add set inet florist_tunnel {name} {{ {COUNTED} }}" for name in ("knocks", "strays")]
    for chain, listed in rules.items():
        lines.append(f"add chain inet florist_tunnel {chain} {{ type filter hook {chain} {HOOKS[chain]}; }}")
        lines.append(f"flush chain inet florist_tunnel {chain}")
        lines += [f"add rule inet florist_tunnel {chain} {rule}" for rule in listed]
    tool("nft", "-f", "-", given="\n".join([*lines, ""]).encode())


def knocks() -> dict[str, int]:
    """How often each address has tried to begin a tunnel in the last hour."""
    return counted("knocks")


def strays() -> dict[str, int]:
    """How many packets each address inside has sent in the last hour that were dropped for where they were to go."""
    return counted("strays")


def counted(name: str) -> dict[str, int]:
    listed = tool("nft", "list", "set", "inet", "florist_tunnel", name).decode()
    return {host: int(count) for host, count in re.findall(r"([\d.]+) counter packets (\d+)", listed)}
