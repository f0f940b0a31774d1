"""The kernel's WireGuard device through generic netlink: what wg(8) does, without it.

Messages and attributes are those of linux/genetlink.h and linux/wireguard.h. An attribute is its size and kind in four
bytes, then its content, filled up to a multiple of four.
"""

import base64
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

KEEPALIVE = 25  # seconds; from both sides, so that each finds the other after its own reboot
NESTED, DUMP = 0x8000, 0x300
PEERS_AT_ONCE = 100  # an attribute holds 64 KiB
ERROR, DONE = 2, 3  # kinds of message


@dataclass
class PeerState:
    allowed: set[str]
    endpoint: tuple[str, int] | None
    handshake: int  # by the VM's clock, 0 for never
    rx: int
    tx: int


@dataclass(frozen=True)
class Change:
    """To one peer, which is added if it is not there. What is None stays as it is."""

    key: str
    allowed: frozenset[str] | None = None
    endpoint: tuple[str, int] | None = None
    remove: bool = False


class KernelDevice:
    def __init__(self, name: str):
        self.name = name

    def set(self, private: bytes = b"", port: int | None = None, changes: Sequence[Change] = ()) -> None:
        """OSError with the kernel's own number, such as EADDRINUSE for a port that is taken."""
        with Generic() as kernel:
            for message in settings(self.name, private, port, changes):
                kernel.call(message)

    def read(self) -> dict[str, PeerState]:
        """By public key."""
        with Generic() as kernel:
            return peers_of(kernel.call(head(0, self.name), DUMP))

    def close(self) -> None:
        pass


class Generic:
    """A socket to the kernel's WireGuard family; OSError where it has none."""

    def __enter__(self) -> "Generic":
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        try:
            self.socket.bind((0, 0))
            self.family = 16
            answer = self.call(struct.pack("=BBH", 3, 1, 0) + attribute(2, b"wireguard\0"))
            self.family = struct.unpack("=H", attributes(answer[0])[1][0])[0]
        except BaseException:
            self.socket.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def call(self, message: bytes, flags: int = 0) -> list[bytes]:
        """The messages of the answer, each without its heads. Every request asks for an acknowledgement."""
        self.socket.send(struct.pack("=IHHII", 16 + len(message), self.family, flags | 5, 1, 0) + message)
        answer = []
        while True:
            data = self.socket.recv(1 << 17)
            while data:
                size, kind = struct.unpack_from("=IH", data)
                body, data = data[16:size], data[(size + 3) & ~3 :]
                if kind in (ERROR, DONE):
                    code = -struct.unpack_from("=i", body)[0] if kind == ERROR else 0
                    if code:
                        raise OSError(code, os.strerror(code))
                    return answer
                answer.append(body[4:])


def head(command: int, name: str) -> bytes:
    return struct.pack("=BBH", command, 1, 0) + attribute(2, name.encode() + b"\0")


def attribute(kind: int, content: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(content), kind) + content + b"\0" * (-len(content) % 4)


def nest(kind: int, *parts: bytes) -> bytes:
    return attribute(kind | NESTED, b"".join(parts))


def attributes(data: bytes) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        found.setdefault(kind & 0x3FFF, []).append(data[4:size])
        data = data[(size + 3) & ~3 :]
    return found


def settings(name: str, private: bytes, port: int | None, changes: Sequence[Change]) -> list[bytes]:
    """One message, or several where there are many peers."""
    own = attribute(3, private) if private else b""
    own += attribute(6, struct.pack("=H", port)) if port is not None else b""
    messages = []
    for start in range(0, max(len(changes), 1), PEERS_AT_ONCE):
        peers = [peer(change) for change in changes[start : start + PEERS_AT_ONCE]]
        messages.append(head(1, name) + own + (nest(8, *peers) if peers else b""))
        own = b""
    return messages


def peer(change: Change) -> bytes:
    key = attribute(1, base64.b64decode(change.key))
    if change.remove:
        return nest(0, key, attribute(3, struct.pack("=I", 1)))
    parts = [key, attribute(5, struct.pack("=H", KEEPALIVE))]
    if change.endpoint:
        host, port = change.endpoint
        parts.append(attribute(4, struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)))
    if change.allowed is not None:
        networks = [nest(0, *network(each)) for each in sorted(change.allowed)]
        parts += [attribute(3, struct.pack("=I", 2)), nest(9, *networks)]  # in place of those before
    return nest(0, *parts)


def network(text: str) -> list[bytes]:
    host, _, prefix = text.partition("/")
    family = attribute(1, struct.pack("=H", socket.AF_INET))
    return [family, attribute(2, socket.inet_aton(host)), attribute(3, bytes([int(prefix)]))]


def peers_of(answer: list[bytes]) -> dict[str, PeerState]:
    """A peer with many networks goes on in the next message, which then names only its key and those."""
    found: dict[str, PeerState] = {}
    for message in answer:
        for listed in attributes(message).get(8, []):
            for each in (one for same in attributes(listed).values() for one in same):
                known = attributes(each)
                key = base64.b64encode(known[1][0]).decode()
                more = {text for nested in known.get(9, []) for same in attributes(nested).values() for text in map(network_of, same)}
                if key in found:
                    found[key].allowed.update(more)
                else:
                    numbers = (struct.unpack_from("=q", known[kind][0])[0] if kind in known else 0 for kind in (6, 7, 8))
                    found[key] = PeerState(more, endpoint_of(known.get(4, [b""])[0]), *numbers)
    return found


def network_of(nested: bytes) -> str:
    known = attributes(nested)
    host = known[2][0]
    text = socket.inet_ntop(socket.AF_INET if len(host) == 4 else socket.AF_INET6, host)
    return f"{text}/{known[3][0][0]}"


def endpoint_of(address: bytes) -> tuple[str, int] | None:
    """Of a sockaddr_in; nothing of another kind."""
    if len(address) != 16:
        return None
    return socket.inet_ntoa(address[4:8]), struct.unpack("!H", address[2:4])[0]
