"""The structured values of the guest protocol (src/guest-protocol/README.md), read strictly: all or nothing."""

import base64
import hashlib
import json
from dataclasses import dataclass

from context import Address, decode_text, parse_address, pem_certificates

KEY_TYPE = "ecdsa-sha2-nistp384"
# By the length of the uncompressed point that ends the DER of a public key.
CURVES = {65: "nistp256", 97: "nistp384", 133: "nistp521"}


@dataclass(frozen=True)
class KeyList:
    sequence: int
    keys: tuple[str, ...]  # OpenSSH lines


@dataclass(frozen=True)
class Trust:
    sequence: int
    address: Address
    ca_bundle: str


def structured(value: str, members: set[str]) -> dict | None:
    """The object inside a structured value, if it has exactly these members besides schema 1."""
    try:
        found = json.loads(decode_text(value) or "")
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("schema") != 1 or found.keys() != members | {"schema"}:
        return None
    return found


def sequence_of(found: dict) -> int | None:
    sequence = found["sequence"]
    return sequence if type(sequence) is int and sequence >= 1 else None


def read_key_list(name: str, value: str) -> KeyList | None:
    """`FL_ADMIT` or `FL_REVOKE`; None when incomplete or altered."""
    found = structured(value, {"sequence", "digest", "keys"})
    if found is None or (sequence := sequence_of(found)) is None or not isinstance(found["keys"], list):
        return None
    keys = found["keys"]
    if not all(isinstance(key, str) and is_node_key(key) for key in keys) or len(set(keys)) != len(keys):
        return None
    digested = "".join(f"{line}\n" for line in [name, str(sequence), *keys])
    return KeyList(sequence, tuple(keys)) if digest(digested) == found["digest"] else None


def read_trust(value: str) -> Trust | None:
    """`FL_TRUST`; None when incomplete or altered."""
    found = structured(value, {"sequence", "digest", "address", "ca"})
    if found is None or (sequence := sequence_of(found)) is None:
        return None
    if not isinstance(found["address"], str) or not isinstance(found["ca"], str):
        return None
    if digest(f"FL_TRUST\n{sequence}\n{found['address']}\n{found['ca']}") != found["digest"]:
        return None
    address, bundle = parse_address(found["address"]), pem_certificates(found["ca"])
    return Trust(sequence, address, bundle) if address and bundle else None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def encode_text(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def encode_nodes(nodes: list[dict[str, str]]) -> str:
    return encode_text(json.dumps({"schema": 1, "nodes": nodes}, separators=(",", ":")))


def is_node_key(line: str) -> bool:
    kind, _, encoded = line.partition(" ")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    return kind == KEY_TYPE and f"{kind} {base64.b64encode(blob).decode()}" == line and blob == key_blob(blob[-97:])


def key_blob(point: bytes) -> bytes:
    """The SSH form of an uncompressed point of one of the three curves Flower takes (RFC 5656)."""
    curve = CURVES[len(point)].encode()
    parts = (b"ecdsa-sha2-" + curve, curve, point)
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def fingerprint(key: str) -> str:
    """As `ssh-keygen -lf` prints it."""
    return blob_fingerprint(base64.b64decode(key.partition(" ")[2]))


def blob_fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def spki_fingerprint(pem: str) -> str | None:
    """The same fingerprint from a public key as Flower's database holds it; None for a key of another kind."""
    der = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))
    for length in CURVES:
        # A DER public key ends in a bit string: its length, no unused bits, then the point.
        if der[-length - 2 : -length] == bytes([length + 1, 0]) and der[-length] == 4:
            return blob_fingerprint(key_blob(der[-length:]))
    return None
