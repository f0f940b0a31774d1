#!/usr/bin/env python3
"""Stands in for ssh to a VM of this machine: a local port that leads to one inside the VM.

It enters the VM's network as sshd would be in it. What ssh itself does, with keys and the host's identity, is not
tried. VM_BEHIND_SSH is the address and the process of the one VM that can be reached.
"""

import argparse
import ctypes
import os
import socket
import sys
from contextlib import suppress
from threading import Thread

CLONE_NEWNET = 0x40000000


def enter_network(pid: str) -> None:
    with open(f"/proc/{pid}/ns/net") as network:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(network.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


parser = argparse.ArgumentParser(prog="ssh")
parser.add_argument("-N", action="store_true", required=True)
parser.add_argument("-L", required=True)
parser.add_argument("destination")
asked = parser.parse_args()
address, pid = os.environ["VM_BEHIND_SSH"].split()
local_port, host, port = asked.L.split(":")
if asked.destination != f"root@{address}":
    sys.exit(f"ssh: connect to {asked.destination}: No route to host")
# A socket stays in the network in which it was made.
listener = socket.create_server(("127.0.0.1", int(local_port)))
enter_network(pid)
while True:
    near, _ = listener.accept()
    try:
        far = socket.create_connection((host, int(port)))
    except OSError:
        near.close()
        continue
    Thread(target=pass_on, args=(near, far), daemon=True).start()
    Thread(target=pass_on, args=(far, near), daemon=True).start()
