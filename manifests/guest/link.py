"""Dials the SuperLink the way Flower will, and tells in one word of the protocol how that ended."""

import hashlib
import socket
import ssl
from dataclasses import dataclass

PATIENCE = 5  # seconds to connect, and again for the handshake

# OpenSSL's verify codes; every other one means that the chain does not lead to our CA.
VERDICTS = {9: "clock-skew", 10: "expired", 62: "name-mismatch", 64: "name-mismatch"}


@dataclass(frozen=True)
class Dialled:
    link: str  # FL_LINK
    detail: str = ""
    fingerprint: str = ""  # of the certificate that was met


def dial(host: str, port: int, ca_file: str, through: str = "") -> Dialled:
    """One connection and one handshake that is verified for the host; `through` is where to connect instead of it."""
    try:
        plain = socket.create_connection((through or host, port), timeout=PATIENCE)
    except ConnectionRefusedError as error:
        return Dialled("refused", str(error))
    except OSError as error:  # a name that does not resolve, no route, no answer
        return Dialled("unreachable", str(error))
    with plain:
        return handshake(plain, host, ca_file)


def handshake(plain: socket.socket, host: str, ca_file: str) -> Dialled:
    trust = ssl.create_default_context(cafile=ca_file)
    trust.set_alpn_protocols(["h2"])
    try:
        with trust.wrap_socket(plain, server_hostname=host) as secure:
            if secure.selected_alpn_protocol() != "h2":
                return Dialled("not-tls", "TLS, but not gRPC")
            met = hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest().upper()
            return Dialled("ok", "", ":".join(met[at : at + 2] for at in range(0, len(met), 2)))
    except ssl.SSLCertVerificationError as error:
        # A certificate that is not valid yet was back-dated when it was made, so this VM's clock is behind.
        return Dialled(VERDICTS.get(error.verify_code, "untrusted-ca"), error.verify_message)
    except TimeoutError as error:  # silence after the connection, often an MTU that is too large
        return Dialled("stalled", str(error))
    except OSError as error:  # a reset, an early end, or bytes that are no TLS
        return Dialled("not-tls", str(error))
