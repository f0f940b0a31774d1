"""The florist agent: makes this VM a SuperLink, a SuperNode or a zone's gateway of a Flower federation.

START_SCRIPT runs `install` as root at every boot and every change of CONTEXT; that starts `run` as a service and
returns. `run` talks to this zone's OneGate and to nobody else, except that a SuperNode or a gateway dials the SuperLink,
through a WireGuard tunnel where CONTEXT says so, and that Flower is fetched from the Python package index where the image
lacks it.
Each file is one chapter:

context    what CONTEXT may say                   superlink       certificate, start, renewal
guest      OneGate: stage, reason, heartbeat         admission       which keys may join
wire       the values of the guest protocol       supernode       identity, trust, patience
guard      users, and their way to OneGate        flower          files, launchers, command lines
tools      the image's own tools                  process         one process under supervision
link       dialling the SuperLink                 flower_options  gRPC options that Flower has no flags for
data       what the zone's owner attached
tunnel     this VM's end of a WireGuard tunnel    ends            what is seen of the other ends
wireguard  a WireGuard device, its addresses      netlink         the kernel's WireGuard device
gateway    the tunnel that a zone's SuperNodes share
"""

import contextlib
import errno
import json
import logging
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import guard
from context import Failure, parse_context
from flower import Flower, Places, write
from gateway import Gateway
from guest import Guest
from process import end_processes, rotate
from superlink import SuperLink
from supernode import SuperNode
from tools import tool
from tunnel import Tunnel
from wire import digest

# How the image sets up OpenSSL is for its own programs: with some settings Python's `ssl` and pip cannot even start.
RUN = f"/usr/bin/env OPENSSL_CONF={os.devnull} {sys.executable} -EsB {__file__} run"
UNIT_FILE = Path("/run/systemd/system/florist-guest.service")
UNIT = (
    "[Unit]\nDescription=florist guest agent\n[Service]\n"
    f"ExecStart={RUN}\nRestart=always\nRestartSec=2\nKillMode=mixed\nTimeoutStopSec=40\n"
)
# Where there is no systemd: the same, and the lock makes a second one end at once.
LOOP = 'while :; do env -i PATH="$PATH" {run} >> {log} 2>&1; sleep 2; done'
ENDPOINT = r"(?i:https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?"
RETRY_AFTER = 30  # seconds after a failure: a full disk or an unreachable index may heal

log = logging.getLogger("florist")


def install(places: Places) -> None:
    """Writes down what CONTEXT says and sees to it that the service runs; that starts again if any of it changed."""
    for folder in (places.agent, places.logs):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    program = [file.read_text() for file in sorted(places.program.glob("*.*"))]
    settings = {name: value for name, value in os.environ.items() if re.match(r"(FL_|FLOWER_|ML_|WG_|ETH\d+_IP\Z)", name)}
    write(places.context, json.dumps([onegate_of_vm(), settings, digest(repr(program))]))
    if UNIT_FILE.parent.is_dir():
        write(UNIT_FILE, UNIT, 0o644)
        tool("systemctl", "daemon-reload")
        tool("systemctl", "--no-block", "start", UNIT_FILE.name)  # this runs inside the boot's own transaction
    else:
        loop = LOOP.format(run=RUN, log=places.logs / "agent.log")
        command = ["setsid", "flock", "--nonblock", str(places.agent / "lock"), "sh", "-c", loop]
        nothing = subprocess.DEVNULL
        subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, cwd="/")


def onegate_of_vm() -> list[str]:
    """The token is on the context disk, and in the file that one-context keeps for root."""
    endpoint, vm_id = os.environ.get("ONEGATE_ENDPOINT", ""), os.environ.get("VMID", "")
    token = os.environ.get("TOKENTXT", "")
    kept = Path("/var/run/one-context/one_env")
    if not token and kept.is_file() and (found := re.search(r'TOKENTXT="([^"\n]+)"', kept.read_text())):
        token = found[1]
    if not re.fullmatch(ENDPOINT, endpoint):
        raise SystemExit("florist: ONEGATE_ENDPOINT is missing or no URL; it comes from the zone's oned.conf.")
    if not vm_id.isdigit() or not token:
        raise SystemExit("florist: VMID or the token is missing; CONTEXT needs TOKEN=YES.")
    return [endpoint.rstrip("/"), token, vm_id]


def run(places: Places) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    started_with = places.context.read_text()
    (endpoint, token, vm_id), settings, _ = json.loads(started_with)
    guest = Guest(endpoint, token, vm_id, lambda: places.context.read_text() != started_with)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Flower ends itself by it; where it is ignored, so are its children's
    while True:
        try:
            serve(places, guest, settings)
        except Failure as failure:
            log.error("%s: %s", failure.reason, failure)
            guest.tell("failed", failure.reason)
        except OSError as error:
            log.exception("the operating system refused something")
            guest.tell("failed", "disk-full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "agent-error")
        except Exception:
            log.exception("a mistake in this program")
            guest.tell("failed", "agent-error")
        guest.pause(RETRY_AFTER)


def serve(places: Places, guest: Guest, settings: dict[str, str]) -> None:
    """Does not return: it goes on until something raises."""
    try:
        context = parse_context(settings)
    except Failure:
        guest.tell("booting")
        raise
    users = [guard.user("florist-keys"), guard.user("florist-apps")]
    places.prepare(*users)
    with contextlib.ExitStack() as at_end:
        kind, name = context.get("WG_KIND"), context["FL_ROLE"]
        has_end = kind == "own" or name == "gateway"
        tunnel = Tunnel(context, guest, places, users[1]) if has_end else None
        if tunnel:
            # Before anything that may wait for OneGate: after a reboot the others find this VM at once.
            tunnel.start()
            at_end.callback(tunnel.stop)
            guest.beside = tunnel.follow
        guest.tell("booting")
        guest.read()
        for user in users:
            end_processes(user)
        guard.keep_from_onegate(users, guest.endpoint)
        detour(context)
        guest.upkeep = lambda: upkeep(places, users, guest.endpoint, context)
        if name == "gateway":
            Gateway(context, guest, places, tunnel).run()
        flower = Flower(context, places, *users)
        role = SuperLink(context, guest, flower) if name == "superlink" else SuperNode(context, guest, flower, tunnel)
        at_end.callback(role.stop)
        role.run()


def detour(context: dict[str, str]) -> None:
    if gateway := context.get("WG_GATEWAY"):
        guard.lead_to_gateway(context["FL_SUPERLINK_ADDRESS"], gateway)


def upkeep(places: Places, users: list, endpoint: str, context: dict[str, str]) -> None:
    """Somebody may have flushed the rules. Names that do not resolve for a moment or a full disk stop nothing here."""
    try:
        for name in ("agent", "install", "flwr", "tunnel"):
            rotate(places.logs / f"{name}.log")
        guard.keep_from_onegate(users, endpoint)
        detour(context)
    except Exception as error:
        log.warning("logs or rules of the firewall were not looked after: %r", error)


if __name__ == "__main__":
    os.umask(0o077)
    {"install": install, "run": run}[sys.argv[1]](Places(Path(__file__).parent.parent))
