"""Dials the SuperLink the way Flower will, and tells how that ended in one word of the protocol."""

import hashlib
import socket
import ssl
from dataclasses import dataclass

from context import Address

PATIENCE = 5  # seconds to connect, and again for the handshake

# X509_V_ERR_* of OpenSSL.
NOT_YET_VALID = 9
EXPIRED = 10
NAME_MISMATCH = {62, 64}

ADVICE = {
    "unreachable": "No answer from the SuperLink's address: a route, a firewall or its VM is down.",
    "refused": "The SuperLink's machine answers, but nothing listens on that port.",
    "stalled": "Connected, then silence: something on the path swallows packets, often an MTU that is too large.",
    "not-tls": "Something answers there that is no gRPC server with TLS.",
    "untrusted-ca": "The certificate is not signed by the CA that this site was given.",
    "name-mismatch": "The certificate does not cover the address that was dialled.",
    "expired": "The SuperLink's certificate has expired, or this VM's clock is ahead.",
    "clock-skew": "The SuperLink's certificate is not valid yet: this VM's clock is behind.",
}


@dataclass(frozen=True)
class Dialled:
    link: str  # FL_LINK
    detail: str
    fingerprint: str = ""  # of the certificate met, when ok


def dial(address: Address, ca_file: str, connect_to: Address | None = None) -> Dialled:
    """One TCP connection and one verified TLS handshake with the name dialled; `connect_to` goes elsewhere for it."""
    target = connect_to or address
    try:
        plain = socket.create_connection((target.host, target.port), timeout=PATIENCE)
    except ConnectionRefusedError as error:
        return Dialled("refused", str(error))
    except OSError as error:  # a name that does not resolve, no route, no answer
        return Dialled("unreachable", str(error))
    with plain:
        return handshake(plain, address.host, ca_file)


def handshake(plain: socket.socket, host: str, ca_file: str) -> Dialled:
    trust = ssl.create_default_context(cafile=ca_file)
    trust.set_alpn_protocols(["h2"])
    plain.settimeout(PATIENCE)
    try:
        with trust.wrap_socket(plain, server_hostname=host) as secure:
            if secure.selected_alpn_protocol() != "h2":
                return Dialled("not-tls", "TLS without HTTP/2")
            certificate = secure.getpeercert(binary_form=True) or b""
            return Dialled("ok", "", colon_fingerprint(certificate))
    except ssl.SSLCertVerificationError as error:
        return Dialled(verdict(error.verify_code), error.verify_message)
    except TimeoutError as error:
        return Dialled("stalled", str(error))
    except OSError as error:  # a reset, an early end, or bytes that are no TLS
        return Dialled("not-tls", str(error))


def verdict(verify_code: int) -> str:
    if verify_code in NAME_MISMATCH:
        return "name-mismatch"
    return {EXPIRED: "expired", NOT_YET_VALID: "clock-skew"}.get(verify_code, "untrusted-ca")


def colon_fingerprint(der: bytes) -> str:
    return ":".join(f"{byte:02X}" for byte in hashlib.sha256(der).digest())
