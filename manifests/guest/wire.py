"""The values of the guest protocol (src/guest-protocol/README.md), read strictly: all or nothing, None for nothing."""

import base64
import hashlib
import json
import re
import ssl
from collections.abc import Callable
from typing import NamedTuple

from context import is_address, is_ipv6, is_prefixed

CERTIFICATES = r"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]{1,76}\n)+-----END CERTIFICATE-----\n)+"
# An OpenSSH line of a P-384 key: type and curve in base64, then the point of 97 bytes, which is uncompressed.
HEAD = "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABh"
KEY = rf"ecdsa-sha2-nistp384 {HEAD}B[A-P][A-Za-z0-9+/]{{127}}[AQgw]=="


def decode_text(value: str) -> str | None:
    """One text has exactly one encoding."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except ValueError:
        return None
    return text if encode_text(text) == value else None


def encode_text(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def certificates(text: str | None, of_authorities: bool = False) -> str | None:
    """A text of nothing but PEM certificates, each ended by one line feed."""
    whole = (text or "").replace("\r\n", "\n").rstrip("\n") + "\n"
    if not re.fullmatch(CERTIFICATES, whole):
        return None
    store = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        store.load_verify_locations(cadata=whole)
    except (ssl.SSLError, ValueError):
        return None
    count = store.cert_store_stats()
    return whole if count["x509"] == count["x509_ca"] or not of_authorities else None


def structured(value: str, members: dict[str, type], digested: Callable[[dict], str]) -> dict | None:
    """The object in a value, if it has exactly these members, a sequence, and the digest over what is to be digested."""
    try:
        found = json.loads(decode_text(value) or "")
        types = {member: type(content) for member, content in found.items()}
        if types != {"schema": int, "sequence": int, "digest": str, **members}:
            return None
        whole = found["schema"] == 1 and found["sequence"] >= 1 and digest(digested(found)) == found["digest"]
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):  # also what JSON can say and UTF-8 cannot
        return None
    return found if whole else None


def key_list(name: str, value: str) -> tuple[int, list[str]] | None:
    """The sequence and the OpenSSH lines of `FL_ADMIT` or `FL_REVOKE`."""
    found = structured(value, {"keys": list}, lambda found: lines(name, found["sequence"], *found["keys"]))
    keys = [key for key in found["keys"] if isinstance(key, str) and re.fullmatch(KEY, key)] if found else []
    return (found["sequence"], keys) if found and len(set(keys)) == len(found["keys"]) else None


def trust(value: str) -> tuple[int, str, str] | None:
    """The sequence, address and CA bundle of `FL_TRUST`."""
    members = {"address": str, "ca": str}
    found = structured(value, members, lambda it: "FL_TRUST\n{sequence}\n{address}\n{ca}".format(**it))
    bundle = certificates(found["ca"], of_authorities=True) if found and is_address(found["address"]) else None
    return (found["sequence"], found["address"], bundle) if found and bundle else None


class Peer(NamedTuple):
    """Another end of this VM's tunnel."""

    endpoint: str | None  # host:port, if this end is to begin
    allowed: list[str]
    replaces: str | None  # the key whose networks it takes over once it is in use


def tunnel_peers(value: str) -> tuple[int, list[str], dict[str, Peer]] | None:
    """The sequence, this VM's addresses and the peers by key of `WG_PEERS`."""

    def digested(found: dict) -> str:
        peers = [
            f"{key} {peer.endpoint or '-'} {','.join(peer.allowed) or '-'} {peer.replaces or '-'}"
            for key, peer in peers_of(found).items()
        ]
        return lines("WG_PEERS", found["sequence"], " ".join(["own", *found["own"]]), *peers)

    def peers_of(found: dict) -> dict[str, Peer]:
        return {each["key"]: Peer(each["endpoint"], each["allowed"], each["replaces"]) for each in found["peers"]}

    found = structured(value, {"own": list, "peers": list}, digested)
    if not found or not all(is_peer(each) for each in found["peers"]):
        return None
    peers = peers_of(found)
    networks = [network for peer in peers.values() for network in peer.allowed]
    texts = all(isinstance(each, str) and is_prefixed(each) for each in [*found["own"], *networks])
    unique = len(peers) == len(found["peers"]) and len(set(networks)) == len(networks)
    return (found["sequence"], found["own"], peers) if texts and unique else None


def is_peer(found: dict) -> bool:
    endpoint, replaces = found["endpoint"], found["replaces"]
    return (
        found.keys() == {"key", "endpoint", "allowed", "replaces"}
        and is_tunnel_key(found["key"])
        and (endpoint is None or (isinstance(endpoint, str) and is_address(endpoint) and not is_ipv6(endpoint.rpartition(":")[0])))
        and isinstance(found["allowed"], list)
        and (replaces is None or is_tunnel_key(replaces))
    )


def is_tunnel_key(text: str) -> bool:
    """32 bytes in base64's one spelling, and not the key that everybody has."""
    try:
        content = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        return False
    return len(content) == 32 and any(content) and base64.b64encode(content).decode() == text


def lines(*each: object) -> str:
    return "".join(f"{line}\n" for line in each)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def fingerprint_of_line(line: str) -> str:
    """As `ssh-keygen -lf` prints it."""
    return fingerprint(base64.b64decode(line.split(" ")[1]))


def fingerprint_of_column(key: str | bytes) -> str:
    """Of the same key as Flower's database holds it, PEM or DER; one of another kind, which we never admit, has one too."""
    text = key if isinstance(key, str) else key.decode() if key[:5] == b"-----" else None
    der = key if text is None else base64.b64decode(re.sub(r"-----.*?-----|\s", "", text), validate=True)
    return fingerprint(base64.b64decode(HEAD) + der[-97:] if len(der) == 120 else der)
