"""Lets packets wait: what is routed into its device comes out of it again, later, in the same order.

Each line of standard input is the delay from now on, in milliseconds. When the input ends, so does this program, after
the last packet. It says `ready` when the device is there.
"""

import fcntl
import os
import select
import struct
import sys
import time
from collections import deque
from contextlib import suppress

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
LARGEST_PACKET = 65536
INPUT = sys.stdin.fileno()


def open_device(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def relay(device: int) -> None:
    waiting: deque[tuple[float, bytes]] = deque()
    delay, told = 0.0, True
    while told or waiting:
        patience = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([device, INPUT] if told else [device], [], [], patience)
        if INPUT in readable:
            lines = os.read(INPUT, 4096).split()
            told = bool(lines)
            delay = int(lines[-1]) / 1000 if lines else delay
        if device in readable:
            waiting.append((time.monotonic() + delay, os.read(device, LARGEST_PACKET)))
        while waiting and waiting[0][0] <= time.monotonic():
            with suppress(OSError):  # as any router: what cannot be passed on is lost
                os.write(device, waiting.popleft()[1])


device = open_device(sys.argv[1])
print("ready", flush=True)
relay(device)
