"""The SuperNode: its identity, its own word on the way to the SuperLink, and Flower once its key is admitted."""

import base64
import json
import logging
import re
import tempfile
import time
from pathlib import Path

import wire
from context import Failure, address, is_ipv6
from data import Data
from flower import Flower, write
from guest import Guest
from link import Dialled, dial
from process import Process
from tools import ToolFailure, tool
from tunnel import Tunnel

APP_IO = "127.0.0.1:9094"
DIAL_EVERY = 15  # seconds
THROUGH_TUNNEL_EVERY = 8  # nothing else would notice soon that one carries nothing any more
REDIAL_EVERY = 5  # while the link is not well
DATA_EVERY = 15
CONNECTED = "SuperNode ID:"

# What Flower says when it is refused, and how long to wait then. It takes up to 60 s to notice a death, and until
# then the same key cannot come back; a key that was unregistered is refused like one that never was registered.
REFUSALS = (
    ("No SuperNode found with the given public key", "not-admitted"),
    ("could not be activated", "still-counted-online"),
    ("already in use", "port-taken"),
)
TURNED_AWAY = "UNAUTHENTICATED"  # while it served: unregistered, or the clock was set
WAIT = {"not-admitted": 15, "still-counted-online": 5, "port-taken": 10, "link-down": 2, "clock": 10}
RESTART_AFTER = (2, 2, 5, 10, 20, 30)  # by failures in a row

PAIRS = r"""([A-Za-z_][A-Za-z0-9_.-]*=('[^'\\\n]*'|"[^"\\\n]*"|[\w.+-]+)( +|\Z))*"""

log = logging.getLogger("florist")


class SuperNode:
    def __init__(self, context: dict[str, str], guest: Guest, flower: Flower, tunnel: Tunnel | None = None):
        flower.places.bind(guest, context)
        self.context = context
        self.tunnel = tunnel
        self.tunnelled = "WG_KIND" in context  # by its own end, or by the router's
        self.guest = guest
        self.flower = flower
        self.agent = flower.places.agent
        self.key = flower.places.keys / "identity"
        self.ca = flower.places.keys / "ca.crt"
        self.trust_file = self.agent / "trust.json"
        self.config = wire.decode_text(context["FL_NODE_CONFIG"])
        if self.config is None or not re.fullmatch(PAIRS, self.config):
            raise Failure("context-invalid", "FL_NODE_CONFIG is not base64 of pairs as Flower takes them.")
        self.data = Data(context.get("FL_DATA", ""), flower.apps)
        self.next_data = 0.0
        self.sequence = 0  # of the FL_TRUST that holds
        self.ignored = ""  # the FL_TRUST that could not be read
        self.address = ""
        self.link = Dialled("")
        self.next_dial = 0.0
        self.processes: list[Process] = []
        self.connected = False
        self.reason: str | None = None  # why Flower is not running
        self.silent_exits = 0
        self.not_before = 0.0

    def run(self) -> None:
        self.set_trust()
        line = self.identity()
        self.fingerprint = wire.fingerprint_of_line(line)
        more = {"WG_PUBLIC_KEY": self.tunnel.key[1]} if self.tunnel else {}
        self.guest.tell("booting", FL_NODE_KEY=line, FL_NODE_PROOF=self.proof(), **more)
        self.flower.prepare(self.guest.pause)
        self.look_at_data()
        self.apps = self.flower.superexec("clientapp", APP_IO)
        self.node = self.daemon()
        self.processes = [self.node, self.apps]
        while True:
            self.take_trust()
            if time.monotonic() >= self.next_dial:
                self.look_at_link()
            if time.monotonic() >= self.next_data:
                self.look_at_data()
            self.look_at_flower()
            self.guest.pause(1)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.stop()

    def identity(self) -> str:
        """The key is made once and never leaves; its public half as one line."""
        public = self.agent / "identity.pub"
        if not public.exists():
            with tempfile.TemporaryDirectory(dir=self.agent) as folder:
                fresh = Path(folder) / "identity"
                tool("ssh-keygen", "-q", "-t", "ecdsa", "-b", "384", "-N", "", "-f", str(fresh))
                write(self.key, fresh.read_text(), 0o440, self.flower.keys.gid)
                write(public, fresh.with_suffix(".pub").read_text())  # last: without it the key is made anew
        line = " ".join(public.read_text().split()[:2])
        if not re.fullmatch(wire.KEY, line):
            raise Failure("node-key-unusable", "The identity key of this VM is damaged.")
        return line

    def proof(self) -> str:
        """Signed with a copy of the key for a moment, because openssl does not read OpenSSH's form."""
        name = self.context
        text = f"federation {name['FL_FEDERATION']}\nsite {name['FL_SITE']}\nattempt {name['FL_ATTEMPT']}\n"
        text = f"florist-node-proof-1\n{text}vm {self.guest.vm_id}\n"
        with tempfile.TemporaryDirectory(dir=self.agent) as folder:
            copy = Path(folder) / "copy"
            write(copy, self.key.read_text())
            try:
                tool("ssh-keygen", "-q", "-p", "-P", "", "-N", "", "-m", "PEM", "-f", str(copy))
                signature = tool("openssl", "dgst", "-sha384", "-sign", str(copy), given=text.encode())
            except ToolFailure as failure:
                raise Failure("node-key-unusable", str(failure)) from failure
        return base64.b64encode(signature).decode()

    def set_trust(self) -> None:
        """CA and address of CONTEXT, unless a later FL_TRUST was taken."""
        later = wire.trust(json.loads(self.trust_file.read_text())) if self.trust_file.exists() else None
        bundle = wire.certificates(wire.decode_text(self.context["FL_SSL_CA_CERTFILE"]), of_authorities=True)
        self.sequence, self.address, bundle = later or (0, self.context["FL_SUPERLINK_ADDRESS"], bundle)
        if bundle is None:
            raise Failure("context-invalid", "FL_SSL_CA_CERTFILE is not base64 of PEM certificates.")
        write(self.ca, bundle, 0o440, self.flower.keys.gid)

    def take_trust(self) -> None:
        value = self.guest.given.get("FL_TRUST", "")
        trust = wire.trust(value) if value and value != self.ignored else None
        if trust is None:
            self.ignored = value
            return
        self.ignored = ""
        if trust[0] <= self.sequence:
            return
        changed = trust[1:] != (self.address, self.ca.read_text())
        write(self.trust_file, json.dumps(value))
        self.set_trust()
        if changed:
            log.info("FL_TRUST %s taken; Flower starts again with it", self.sequence)
            self.stop()
            self.node.command = self.daemon().command
            self.next_dial = self.not_before = 0.0

    def look_at_link(self) -> None:
        before = self.link.link
        if self.tunnel and not self.tunnel.taken:
            return
        where = (*address(self.address), str(self.ca))
        found = self.tunnel.dial(*where) if self.tunnel else dial(*where, large=self.tunnelled)
        if found is None:  # the tunnel has only begun
            return
        self.link = found
        well = self.link.link == "ok"
        if self.link.link != before:
            log.info("link %s %s", self.link.link, self.link.detail)
        every = THROUGH_TUNNEL_EVERY if self.tunnelled else DIAL_EVERY
        self.next_dial = time.monotonic() + (every if well else REDIAL_EVERY)
        # READY opens OneFlow's gate: this VM has come up. It is not taken back.
        self.guest.tell(FL_LINK=self.link.link, **({"READY": "YES"} if well else {}))

    def look_at_data(self) -> None:
        self.next_data = time.monotonic() + DATA_EVERY
        if self.data.look():
            self.stop()  # a container sees what was mounted when it started
            self.not_before = 0.0

    def look_at_flower(self) -> None:
        well = self.link.link == "ok"
        lacks = self.data.reason
        waits = self.tunnel and not self.link.link
        broken = self.tunnel and self.tunnel.reason
        unwell = "trust-malformed" if self.ignored else None if well or waits else broken or "link-down"
        if self.node.child:
            if self.node.runs():
                self.look_at_running(unwell or lacks)
            else:
                self.look_at_exit()
        elif self.guest.given.get("FL_ADMITTED") != self.fingerprint:
            self.guest.tell("awaiting-admission", unwell or lacks)
        else:
            # Without a link Flower would retry for ever or end with a riddle; our own dial says more.
            reason = unwell if not well else self.reason or lacks
            self.guest.tell("awaiting-admission" if reason == "not-admitted" else "starting", reason)
            if well and not lacks and time.monotonic() >= self.not_before:
                self.connected = False
                for process in self.processes:
                    process.start()

    def daemon(self) -> Process:
        return self.flower.daemon(
            "flower-supernode",
            *("--root-certificates", str(self.ca), "--superlink", self.dialled()),
            *("--auth-supernode-private-key", str(self.key), "--clientappio-api-address", APP_IO),
            *(["--node-config", self.config] if self.config else []),
        )

    def dialled(self) -> str:
        host, port = address(self.address)
        return f"[{host}]:{port}" if is_ipv6(host) else f"{host}:{port}"

    def look_at_running(self, unwell: str | None) -> None:
        for process in self.processes:
            process.rotate()
        if not self.apps.runs():
            log.warning("superexec ended with code %s: %s", self.apps.stop(), self.apps.words()[-500:])
            self.apps.start()
        words = self.node.words()
        if not self.connected and CONNECTED in words:
            self.connected = True
            self.reason, self.silent_exits = None, 0
        if TURNED_AWAY in words or any(phrase in words for phrase, _ in REFUSALS):
            self.look_at_exit()  # it says so, and then often hangs instead of ending
        elif self.connected:
            self.guest.tell("serving", unwell)

    def look_at_exit(self) -> None:
        """Any exit is followed by a start. Code 0 may mean unregistered, a wrong clock, or a wrong CA."""
        words, code = self.node.words(), self.node.stop()
        self.apps.stop()  # what it knows of this SuperNode is gone with it
        self.look_at_link()
        well = self.link.link == "ok"
        refusal = next((reason for phrase, reason in REFUSALS if phrase in words), None)
        riddle = well and not refusal and (code == 0 or TURNED_AWAY in words)
        self.silent_exits = self.silent_exits + 1 if riddle else 0
        if not well:
            fallback = "link-down"
        elif riddle:
            # Started again, one that was unregistered says so, and one whose clock is wrong ends without a word again.
            fallback = "clock" if self.silent_exits > 1 else None
        else:
            fallback = "flower-exits" if self.node.failures > 1 else None
        self.reason = refusal or fallback
        log.warning("supernode ended with code %s, %s: %s", code, self.reason, words[-500:])
        wait = WAIT.get(self.reason or "") or RESTART_AFTER[min(self.node.failures, len(RESTART_AFTER) - 1)]
        self.not_before = time.monotonic() + wait
