"""Dials the SuperLink the way Flower will, and tells in one word of the protocol how that ended."""

import contextlib
import fcntl
import hashlib
import logging
import select
import socket
import ssl
import termios
import time
from dataclasses import dataclass

from context import address, is_ip

PATIENCE = 5  # seconds to connect, and again for the handshake
REFUSED_WITHIN = 3  # seconds

# What gRPC takes for the beginning of a connection: HTTP/2's first words, no settings, and a frame of a kind that nobody
# knows and everybody has to skip. It does not fit into one packet.
BEGINNING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]) + bytes([0, 11, 184, 250, 0, 0, 0, 0, 0]) + bytes(3000)

# OpenSSL's verify codes; every other one means that the chain does not lead to our CA.
VERDICTS = {9: "clock-skew", 10: "expired", 62: "name-mismatch", 64: "name-mismatch"}

log = logging.getLogger("florist")


@dataclass(frozen=True)
class Dialled:
    link: str  # FL_LINK
    detail: str = ""
    fingerprint: str = ""  # of the certificate that was met


def dial(host: str, port: int, ca_file: str, through: str = "", large: bool = False) -> Dialled:
    """
    One connection and one handshake that is verified for the host; `through` is where to connect instead of it. `large`
    also sends more than one packet holds, and says `tunnel-stalled` when that does not arrive: for a way whose packets
    are smaller than usual.
    """
    try:
        plain = socket.create_connection((through or host, port), timeout=PATIENCE)
    except ConnectionRefusedError as error:
        return Dialled("refused", str(error))
    except OSError as error:  # a name that does not resolve, no route, no answer
        return Dialled("unreachable", str(error))
    with plain:
        return handshake(plain, host, ca_file, large)


def handshake(plain: socket.socket, host: str, ca_file: str, large: bool) -> Dialled:
    trust = ssl.create_default_context(cafile=ca_file)
    trust.set_alpn_protocols(["h2"])
    try:
        with trust.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False) as secure:
            try:
                secure.do_handshake()
            except TimeoutError:
                if not large:
                    raise
                socket.socket.send(secure, BEGINNING)  # no TLS; it only has to arrive
                if has_arrived(secure):
                    raise
                return Dialled("tunnel-stalled", "the handshake, and more than 1500 bytes after it")
            if secure.selected_alpn_protocol() != "h2":
                return Dialled("not-tls", "TLS, but not gRPC")
            if large:
                secure.sendall(BEGINNING)
                if not has_arrived(secure):
                    return Dialled("tunnel-stalled", "more than 1500 bytes")
            met = hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest().upper()
            return Dialled("ok", "", ":".join(met[at : at + 2] for at in range(0, len(met), 2)))
    except ssl.SSLCertVerificationError as error:
        # A certificate that is not valid yet was back-dated when it was made, so this VM's clock is behind.
        return Dialled(VERDICTS.get(error.verify_code, "untrusted-ca"), error.verify_message)
    except TimeoutError as error:  # silence after the connection, often an MTU that is too large
        return Dialled("stalled", str(error))
    except OSError as error:  # a reset, an early end, or bytes that are no TLS
        return Dialled("not-tls", str(error))


def has_arrived(secure: socket.socket) -> bool:
    """Whether the other machine acknowledges all that was sent, or has answered with a reset."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        left = int.from_bytes(fcntl.ioctl(secure.fileno(), termios.TIOCOUTQ, bytes(4)), "little")
        if left == 0 or secure.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return True
        time.sleep(0.02)
    return False


def silence(endpoint: str | None) -> Dialled:
    """WireGuard itself never says no, but a machine on which nobody listens does."""
    where = resolved(endpoint) if endpoint else None
    refused = where and is_refused(where)
    return Dialled("tunnel-refused" if refused else "tunnel-silent", f"no handshake with {where or endpoint}")


def is_refused(where: tuple[str, int]) -> bool:
    """A machine says no about once a second, to whichever packet: to one of ours, or to the tunnel's own."""
    with contextlib.ExitStack() as at_end:
        plain = at_end.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        heard = [plain]
        with contextlib.suppress(PermissionError):
            heard.append(at_end.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)))
        try:
            plain.connect(where)
            for look in range(30):
                if look % 10 == 0:
                    plain.send(b"\0")
                for one in select.select(heard, [], [], REFUSED_WITHIN / 30)[0]:
                    if refuses(one.recv(1500), where):
                        return True
        except ConnectionRefusedError:
            return True
        except OSError:
            pass
    return False


def refuses(packet: bytes, where: tuple[str, int]) -> bool:
    """An ICMP message, with its IP header, that nobody listens there."""
    icmp = packet[(packet[0] & 15) * 4 :] if packet else b""
    to = icmp[8:]
    port = to[(to[0] & 15) * 4 + 2 :][:2] if len(to) >= 28 else b""
    return icmp[:2] == b"\3\3" and (to[16:20], port) == (socket.inet_aton(where[0]), where[1].to_bytes(2, "big"))


def resolved(endpoint: str) -> tuple[str, int] | None:
    host, port = address(endpoint)
    if is_ip(host):
        return host, port
    try:
        return socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)[0][4]
    except OSError as error:
        log.warning("%s: %s", host, error)
        return None
