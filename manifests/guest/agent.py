"""The florist agent: makes this VM a SuperLink or a SuperNode of a Flower federation.

START_SCRIPT runs `install` as root at every boot and every change of CONTEXT; it starts `run` as a service and
returns. `run` talks to this zone's OneGate and to nobody else, except that a SuperNode dials its SuperLink and that
Flower, when the image lacks it, is fetched from the Python package index. Each file here is one chapter:

  context    what CONTEXT may say                  link       dialling the SuperLink, and what went wrong
  onegate    reading and writing this VM's values  superlink  certificate, start, renewal
  wire       the structured values                 admission  which keys may join
  guest      stage, reason, pulse                  supernode  identity, trust, patience
  guard      users, and the way to OneGate         flower     files, launchers, command lines
  openssl    the image's openssl                   process    one process under supervision
  flower_options  gRPC options that Flower has no flags for
"""

import errno
import fcntl
import json
import logging
import logging.handlers
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import guard
import wire
from context import Failure, parse_context, settings_of
from flower import Flower, Places, write
from guest import Guest
from onegate import OneGate
from superlink import SuperLink
from supernode import SuperNode

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUN = [sys.executable, "-E", "-s", "-B", __file__, "run"]
UNIT_FILE = Path("/run/systemd/system/florist-guest.service")
UNIT = """[Unit]
Description=florist guest agent
[Service]
ExecStart={command}
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=40
"""
RETRY_AFTER = 30  # seconds after a failure: a full disk or an unreachable index may heal
STOP_PATIENCE = 40

log = logging.getLogger("florist")


# Installing


def install(places: Places) -> None:
    """Starts the service, restarts it if the program or CONTEXT changed, and leaves it alone otherwise."""
    places.agent.mkdir(parents=True, exist_ok=True, mode=0o700)
    program = [(file.name, file.read_text()) for file in sorted(places.program.glob("*.*"))]
    wanted = json.dumps([onegate_of_vm(), settings_of(dict(os.environ)), wire.digest(repr(program))])
    changed = not places.context.exists() or places.context.read_text() != wanted
    write(places.context, wanted)
    if Path("/run/systemd/system").is_dir():
        write(UNIT_FILE, UNIT.format(command=" ".join(RUN)), 0o644)
        subprocess.run(["systemctl", "daemon-reload"], check=True)
        # Not waiting: this runs inside the boot's own transaction.
        subprocess.run(["systemctl", "--no-block", "restart" if changed else "start", UNIT_FILE.name], check=True)
    else:
        supervise(places, changed)


def onegate_of_vm() -> list[str]:
    """The token is on the context disk, and in the file that one-context keeps for root."""
    endpoint, vm_id = os.environ.get("ONEGATE_ENDPOINT", ""), os.environ.get("VMID", "")
    token = os.environ.get("TOKENTXT", "")
    kept = Path("/var/run/one-context/one_env")
    if not token and kept.is_file() and (found := re.search(r'TOKENTXT="([^"\n]+)"', kept.read_text())):
        token = found[1]
    if not re.fullmatch(r"https?://[A-Za-z0-9.:_-]+", endpoint) or not vm_id.isdigit() or not token:
        raise SystemExit("florist: ONEGATE_ENDPOINT, VMID or the token is missing; CONTEXT needs TOKEN=YES.")
    return [endpoint, token, vm_id]


def supervise(places: Places, changed: bool) -> None:
    """Where there is no systemd. The lock shows that a supervisor lives, and its file holds whose it is."""
    lock = open(places.agent / "supervisor", "a+")
    for attempt in range(STOP_PATIENCE * 5):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not changed:
                return
        if attempt == 0:
            lock.seek(0)
            os.killpg(int(lock.read()), signal.SIGTERM)
        time.sleep(0.2)
    else:
        raise SystemExit("florist: the agent that runs already does not stop.")
    if os.fork() != 0:
        return
    os.setsid()
    lock.truncate(0)
    print(os.getpid(), file=lock, flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open(os.devnull, "r+") as nothing:
        while True:
            ended = subprocess.run(RUN, stdin=nothing, stdout=nothing, stderr=nothing, env={"PATH": PATH}, cwd="/")
            if ended.returncode == 0:  # it was told to stop
                os._exit(0)
            time.sleep(2)


# Running


def run(places: Places) -> None:
    watch_own_words(places)
    (endpoint, token, vm_id), settings, _ = json.loads(places.context.read_text())
    guest = Guest(OneGate(endpoint, token, int(vm_id)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
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
    guest.tell("booting")
    context = parse_context(settings)
    guard.require("openssl", "ssh-keygen", "nft")
    keys, apps = guard.users()
    places.prepare(keys, apps)
    for user in (keys, apps):
        guard.end_processes_of(user)
    guest.upkeep = lambda: guard.keep_from_onegate((keys, apps), guest.onegate.endpoint)
    guest.upkeep()
    flower = Flower(context, places, keys, apps)
    role = (SuperLink if context.role == "superlink" else SuperNode)(context, guest, flower)
    try:
        role.run()
    finally:
        role.stop()


def watch_own_words(places: Places) -> None:
    places.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = logging.handlers.RotatingFileHandler(places.logs / "agent.log", maxBytes=1024 * 1024, backupCount=2)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=[file, logging.StreamHandler()]
    )


if __name__ == "__main__":
    os.umask(0o077)
    {"install": install, "run": run}[sys.argv[1]](Places(Path(__file__).parent.parent))
