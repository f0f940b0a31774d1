"""What keeps foreign code from this VM's keys: two users of their own, and no way for them to OneGate.

Flower runs whatever code the coordinator's people submit. User `keys` runs Flower's daemons, user `apps` that code;
neither is root, and neither can read what belongs to the other.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

from context import Failure
from process import User

KEYS_USER = "florist-keys"
APPS_USER = "florist-apps"


def require(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            raise Failure("tool-missing", f"{tool} is not installed on this image.")


def users() -> tuple[User, User]:
    """The user that holds keys and the user that runs apps, made if they are missing."""
    return ensure_user(KEYS_USER), ensure_user(APPS_USER)


def ensure_user(name: str) -> User:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        require("useradd")
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        entry = pwd.getpwnam(name)
    if entry.pw_uid == 0:
        raise Failure("context-invalid", f"The user {name} is root on this image.")
    return User(entry.pw_uid, entry.pw_gid)


def keep_from_onegate(guarded: tuple[User, User], endpoint: str) -> None:
    """Drops these users' packets to OneGate; done again it replaces its own table and touches no other."""
    require("nft")
    parts = urllib.parse.urlsplit(endpoint)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Failure("context-invalid", f"OneGate's name does not resolve: {error}") from error
    who = ", ".join(str(user.uid) for user in guarded)
    rules = "\n".join(
        f"meta skuid {{ {who} }} {'ip6' if family == socket.AF_INET6 else 'ip'} daddr {where[0]} tcp dport {port} drop"
        for family, _, _, _, where in sorted(found)
    )
    chain = f"chain output {{\ntype filter hook output priority 0\n{rules}\n}}\n"
    table = f"table inet florist\ndelete table inet florist\ntable inet florist {{\n{chain}}}\n"
    done = subprocess.run(["nft", "-f", "-"], input=table, text=True, capture_output=True, timeout=30, check=False)
    if done.returncode != 0:
        raise Failure("tool-missing", f"nft cannot set its rule: {done.stderr.strip()[:300]}")


def end_processes_of(owner: User) -> None:
    """Kills all of a user's processes in this VM, such as those that a killed agent left behind."""
    for _ in range(50):
        left = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if belongs(pid, owner)]
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.1)


def belongs(pid: int, owner: User) -> bool:
    """Also of this network namespace: several guests may share one kernel, and then they share user numbers too."""
    try:
        with open(f"/proc/{pid}/status") as status:
            if f"\nUid:\t{owner.uid}\t" not in status.read():
                return False
        return os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
    except OSError:  # it has ended meanwhile
        return False
