"""The values of the guest protocol (src/guest-protocol/README.md), read strictly: all or nothing, None for nothing."""

import base64
import hashlib
import json
import re
import ssl

from context import is_address

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


def structured(value: str, name: str, members: dict[str, type]) -> dict | None:
    """The object in a value, if it has exactly these members, a sequence, and the digest over all of them."""
    try:
        found = json.loads(decode_text(value) or "")
        types = {member: type(content) for member, content in found.items()}
        if types != {"schema": int, "sequence": int, "digest": str, **members}:
            return None
        if name == "FL_TRUST":
            digested = f"{name}\n{found['sequence']}\n{found['address']}\n{found['ca']}"
        else:
            digested = "".join(f"{line}\n" for line in [name, found["sequence"], *found["keys"]])
        whole = found["schema"] == 1 and found["sequence"] >= 1 and digest(digested) == found["digest"]
    except (ValueError, AttributeError, RecursionError):  # also what JSON can say and UTF-8 cannot
        return None
    return found if whole else None


def key_list(name: str, value: str) -> tuple[int, list[str]] | None:
    """The sequence and the OpenSSH lines of `FL_ADMIT` or `FL_REVOKE`."""
    found = structured(value, name, {"keys": list})
    keys = [key for key in found["keys"] if isinstance(key, str) and re.fullmatch(KEY, key)] if found else []
    return (found["sequence"], keys) if found and len(set(keys)) == len(found["keys"]) else None


def trust(value: str) -> tuple[int, str, str] | None:
    """The sequence, address and CA bundle of `FL_TRUST`."""
    found = structured(value, "FL_TRUST", {"address": str, "ca": str})
    bundle = certificates(found["ca"], of_authorities=True) if found and is_address(found["address"]) else None
    return (found["sequence"], found["address"], bundle) if found and bundle else None


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
