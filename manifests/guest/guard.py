"""What keeps foreign code from this VM's keys.

Flower runs whatever code the coordinator's people submit. So it gets two users: `keys` runs Flower's daemons, `apps`
runs that code. Neither is root, neither reads what belongs to the other, and neither reaches OneGate.
"""

import pwd
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
