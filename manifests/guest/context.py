"""What the zone's CONTEXT tells this guest, checked before anything else happens."""

import base64
import binascii
import re
from dataclasses import dataclass


class Failure(Exception):
    """Something this guest cannot get past by itself: a reason code of the protocol, and a sentence for the log."""

    def __init__(self, reason: str, sentence: str):
        super().__init__(sentence)
        self.reason = reason


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
IPV4 = re.compile(r"((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}")
PEM = re.compile(r"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]{1,76}\n)+-----END CERTIFICATE-----\n)+")
PAIR = re.compile(r"""([A-Za-z_][A-Za-z0-9_.-]*)=('[^'\\\n]*'|"[^"\\\n]*"|[^\s'"\\=]+)""")
LITERAL = re.compile(r"true|false|[+-]?\d+|[+-]?\d+\.\d+([eE][+-]?\d+)?")
SETTINGS = re.compile(r"(FL_|FLOWER_|ML_|ETH)[A-Z0-9_]*")


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def is_ip(self) -> bool:
        return IPV4.fullmatch(self.host) is not None


@dataclass(frozen=True)
class Context:
    role: str
    federation: str
    site: str
    attempt: str
    version: str
    keepalive_time: int  # seconds
    keepalive_timeout: int  # seconds
    framework: str
    launcher: str  # venv, containers, or empty: find out by looking
    own_addresses: tuple[str, ...]
    dialled: Address  # superlink: what sites dial; supernode: the SuperLink
    extra_names: tuple[str, ...]  # superlink: as openssl wants them, DNS:… and IP:…
    ca_bundle: str  # supernode: PEM
    node_config: str  # supernode: one --node-config argument, or empty


def settings_of(environment: dict[str, str]) -> dict[str, str]:
    """The part of the environment that is meant for this guest."""
    return {name: value for name, value in environment.items() if SETTINGS.fullmatch(name)}


def parse_context(values: dict[str, str]) -> Context:
    """Refuses with `context-invalid` or `keepalive-invalid`, naming the variable and never its value."""

    def check(name: str, pattern: str, default: str | None = None) -> str:
        value = values.get(name) or default
        if value is None or not re.fullmatch(pattern, value):
            raise Failure("context-invalid", f"{name} is missing or not of its form.")
        return value

    check("FL_PROTOCOL", "1")
    check("FL_TLS_ENABLED", "YES")
    role = check("FL_ROLE", "superlink|supernode")
    time, timeout = keepalive(values)
    is_link = role == "superlink"
    return Context(
        role=role,
        federation=check("FL_FEDERATION", NAME.pattern),
        site=check("FL_SITE", NAME.pattern),
        attempt=check("FL_ATTEMPT", rf"{NAME.pattern}/{NAME.pattern}/[0-9a-f]{{12}}/[1-9][0-9]{{0,8}}"),
        version=check("FLOWER_VERSION", r"\d{1,4}\.\d{1,4}\.\d{1,4}"),
        keepalive_time=time,
        keepalive_timeout=timeout,
        framework=check("ML_FRAMEWORK", "none|pytorch|tensorflow|sklearn", "none"),
        launcher=check("FL_LAUNCHER", "venv|containers|", ""),
        own_addresses=tuple(
            value for name, value in sorted(values.items()) if re.fullmatch(r"ETH\d+_IP", name) and IPV4.fullmatch(value)
        ),
        dialled=address(values, "FL_DIALLED_ADDRESS" if is_link else "FL_SUPERLINK_ADDRESS"),
        extra_names=extra_names(values.get("FL_CERT_EXTRA_SAN", "")) if is_link else (),
        ca_bundle="" if is_link else ca_bundle(values.get("FL_SSL_CA_CERTFILE", "")),
        node_config="" if is_link else node_config(values.get("FL_NODE_CONFIG", "")),
    )


def keepalive(values: dict[str, str]) -> tuple[int, int]:
    """gRPC never pings more often than every 10 s; an answer must be due before the next ping."""
    texts = (values.get("FL_GRPC_KEEPALIVE_TIME") or "60", values.get("FL_GRPC_KEEPALIVE_TIMEOUT") or "20")
    if not all(re.fullmatch(r"[1-9]\d{0,4}", text) for text in texts):
        raise Failure("keepalive-invalid", "The keepalive settings are not whole seconds.")
    time, timeout = int(texts[0]), int(texts[1])
    if not 10 <= time <= 7200 or not timeout < time:
        raise Failure("keepalive-invalid", "Keepalive wants 10 to 7200 s, and a timeout below the interval.")
    return time, timeout


def parse_address(text: str) -> Address | None:
    """`host:port`, the host an IPv4 address or a DNS name; None when it is not."""
    host, _, port = text.rpartition(":")
    host = host.lower()
    labels = host.split(".")
    named = len(host) <= 253 and all(LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
    if not (IPV4.fullmatch(host) or named) or not re.fullmatch(r"[1-9]\d{0,4}", port) or int(port) > 65535:
        return None
    return Address(host, int(port))


def address(values: dict[str, str], name: str) -> Address:
    parsed = parse_address(values.get(name, ""))
    if parsed is None:
        raise Failure("context-invalid", f"{name} is missing or not host:port.")
    return parsed


def extra_names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(",")) if text else ()
    for name in names:
        kind, _, host = name.partition(":")
        parsed = parse_address(f"{host}:1")
        if parsed is None or kind != ("IP" if parsed.is_ip else "DNS"):
            raise Failure("context-invalid", "FL_CERT_EXTRA_SAN is not a list of IP:address and DNS:name.")
    return names


def decode_text(value: str) -> str | None:
    """Strict base64 of UTF-8 text; None for anything else."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def pem_certificates(text: str | None) -> str | None:
    """A text of nothing but PEM certificates, each ended by one line feed; None for anything else."""
    whole = (text or "").replace("\r\n", "\n").rstrip("\n") + "\n"
    return whole if PEM.fullmatch(whole) else None


def ca_bundle(value: str) -> str:
    bundle = pem_certificates(decode_text(value))
    if bundle is None:
        raise Failure("context-invalid", "FL_SSL_CA_CERTFILE is missing or not base64 of PEM certificates.")
    return bundle


def node_config(value: str) -> str:
    """The owner's pairs, each spelt so that Flower takes texts as texts and numbers as numbers."""
    text = decode_text(value)
    pairs = PAIR.findall(text or "")
    if text is None or PAIR.sub("", text).strip():
        raise Failure("context-invalid", "FL_NODE_CONFIG is not base64 of key=value pairs.")
    return " ".join(f"{key}={literal(item)}" for key, item in pairs)


def literal(item: str) -> str:
    return item if item[0] in "'\"" or LITERAL.fullmatch(item) else f"'{item}'"
