"""What CONTEXT tells this guest, checked before anything else, and how this program says that it cannot go on."""

import ipaddress
import re


class Failure(Exception):
    """A reason code of the guest protocol, and a sentence for the log of this VM."""

    def __init__(self, reason: str, sentence: str):
        super().__init__(sentence)
        self.reason = reason


NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
BASE64 = r"[A-Za-z0-9+/=]*"
LABEL = r"(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)"
LONGEST_PAUSE = 7200  # seconds
# A folder of this VM, and none of the system's or of ours.
FOLDER = r"(?!/(proc|sys|dev|var/lib/florist)(/|\Z))(/(?!\.\.?(/|\Z))[A-Za-z0-9 ._:,+=-]{1,255}){1,32}"


def is_ipv4(host: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False


def is_ipv6(host: str) -> bool:
    """Not of an interface, and no IPv4 address in disguise, which gRPC does not dial."""
    try:
        return not re.search("[%.]", host) and not ipaddress.IPv6Address(host).ipv4_mapped
    except ValueError:
        return False


def is_ip(host: str) -> bool:
    return is_ipv4(host) or is_ipv6(host)


def is_host(host: str) -> bool:
    """A name whose last label is a number is a mistyped address."""
    is_name = len(host) <= 253 and all(re.fullmatch(LABEL, label) for label in host.split("."))
    return is_ip(host) or (is_name and not host.rpartition(".")[2].isdigit())


def is_address(text: str) -> bool:
    """`host:port`; an IPv6 address has no brackets, for OneGate does not carry these."""
    host, _, port = text.rpartition(":")
    return bool(is_host(host) and re.fullmatch("[1-9][0-9]{0,4}", port)) and int(port) <= 65535


def is_prefixed(text: str) -> bool:
    """`10.99.0.1/31`"""
    host, _, prefix = text.partition("/")
    return is_ipv4(host) and bool(re.fullmatch("[1-9]|[12][0-9]|3[0-2]", prefix))


def are_names(text: str) -> bool:
    """`IP:203.0.113.20,DNS:fl.example.org`"""
    pairs = [entry.partition(":") for entry in text.split(",")]
    return all(is_host(host) and kind == ("IP" if is_ip(host) else "DNS") for kind, _, host in pairs)


# Each value's form, and what stands for an absent one. None: it has to be there.
EVERYWHERE = {
    "FL_PROTOCOL": ("1", None),
    "FL_TLS_ENABLED": ("YES", None),
    "FL_ROLE": ("gateway|superlink|supernode", None),
    "FL_FEDERATION": (NAME, None),
    "FL_SITE": (NAME, None),
    "FL_ATTEMPT": (rf"{NAME}/{NAME}/[0-9a-f]{{12}}/[1-9]\d{{0,8}}", None),
    "FLOWER_VERSION": (r"\d{1,4}\.\d{1,4}\.\d{1,4}", None),
    "ML_FRAMEWORK": ("none|pytorch|tensorflow|sklearn", "none"),
    "FL_LAUNCHER": ("venv|containers|look", "look"),
}
DIALS = {"FL_SUPERLINK_ADDRESS": (is_address, None), "FL_SSL_CA_CERTFILE": (BASE64, None)}
OF_ROLE = {
    "gateway": DIALS | {"WG_KIND": ("gateway", None)},
    "superlink": {"FL_DIALLED_ADDRESS": (is_address, None), "FL_CERT_EXTRA_SAN": (are_names, "DNS:localhost")},
    "supernode": DIALS
    | {
        "FL_NODE_CONFIG": (BASE64, ""),
        "FL_DATA": (rf"(disk|{FOLDER})?", ""),
    },
}

OF_TUNNEL = {"WG_KIND": ("own|gateway|router", None), "WG_MTU": (r"1(2[89]\d|3\d\d|4[01]\d|420)", None)}
OF_HUB = {"WG_ADDRESS": (is_prefixed, None), "WG_PORT": (lambda text: is_address(f"localhost:{text}"), None)}
OF_SUPERLINK = OF_HUB | {"WG_KIND": ("own", None)}


def parse_context(values: dict[str, str]) -> dict[str, str]:
    """The same values, each of its form. Refuses the first that is not by its name, never by what it holds."""
    checked, role = {}, values.get("FL_ROLE", "")
    of_tunnel = (OF_TUNNEL | (OF_SUPERLINK if role == "superlink" else {})) if values.get("WG_KIND") else {}
    if role == "gateway":
        of_tunnel |= OF_ROLE[role] | (OF_HUB | {"WG_SUPERLINK": (is_ipv4, None)} if values.get("WG_SUPERLINK") else {})
    if (role, values.get("WG_KIND")) == ("supernode", "gateway"):
        of_tunnel |= {"WG_GATEWAY": (is_ip, None)}
    for name, (form, default) in (EVERYWHERE | OF_ROLE.get(role, {}) | of_tunnel).items():
        value = values.get(name) or default
        if value is None or not (form(value) if callable(form) else re.fullmatch(form, value)):
            raise Failure("context-invalid", f"{name} is missing or not of its form.")
        checked[name] = value
    own = {name: value for name, value in values.items() if name.startswith("ETH") and is_ipv4(value)}
    return checked | own | keepalive(values)


def keepalive(values: dict[str, str]) -> dict[str, str]:
    """gRPC pings no more often than every 10 s, and an answer has to be due before the next ping."""
    time, timeout = values.get("FL_GRPC_KEEPALIVE_TIME") or "60", values.get("FL_GRPC_KEEPALIVE_TIMEOUT") or "20"
    whole = re.fullmatch(r"[1-9]\d{1,3}", time) and re.fullmatch(r"[1-9]\d{0,3}", timeout)
    if not whole or not int(timeout) < int(time) <= LONGEST_PAUSE:
        raise Failure("keepalive-invalid", "Keepalive is 10 to 7200 whole seconds, its timeout less than that.")
    return {"FL_GRPC_KEEPALIVE_TIME": time, "FL_GRPC_KEEPALIVE_TIMEOUT": timeout}


def address(text: str) -> tuple[str, int]:
    host, _, port = text.lower().rpartition(":")
    return str(ipaddress.IPv6Address(host)) if is_ipv6(host) else host, int(port)
