"""The SuperNode: its identity key, its own word on the way to the SuperLink, and Flower once the key is admitted."""

import base64
import json
import logging
import subprocess
import tempfile
import time
from pathlib import Path

import wire
from context import Context, Failure
from flower import Flower, write
from guest import Guest
from link import ADVICE, Dialled, dial
from openssl import OpensslError, openssl_bytes
from process import Process

APP_IO = "127.0.0.1:9094"
DIAL_EVERY = 15  # seconds while the link is well
REDIAL_EVERY = 5
CONNECTED = "SuperNode ID:"
NOT_REGISTERED = "No SuperNode found with the given public key"
STILL_ONLINE = "could not be activated"
# Seconds until the next start. Flower takes up to 60 s to notice a death, and refuses the same key until then.
RETRY = {"still-counted-online": 5, "not-admitted": 15, "clock": 10, "port-taken": 10, "link-down": 2}
RESTART_AFTER = (2, 5, 10, 20, 30)

log = logging.getLogger("florist")


class SuperNode:
    def __init__(self, context: Context, guest: Guest, flower: Flower):
        self.context = context
        self.guest = guest
        self.flower = flower
        places = flower.places
        self.key = places.keys / "identity"
        self.ca = places.keys / "ca.crt"
        self.taken = places.agent / "trust.json"
        self.address = context.dialled
        self.sequence = 0  # of the last FL_TRUST taken
        self.complained = ""  # the last FL_TRUST that could not be read
        self.link = Dialled("", "")
        self.next_dial = 0.0
        self.node: Process | None = None
        self.apps: Process | None = None
        self.connected = False
        self.silent_exits = 0
        self.failures = 0
        self.not_before = 0.0

    def run(self) -> None:
        self.trust_context()
        self.guest.tell("booting", **self.identity())
        self.flower.prepare(self.guest.pause)
        self.node = self.flower.process("supernode", "flower-supernode", self.flower.keys, self.arguments())
        self.apps = self.flower.superexec("clientapp", APP_IO)
        while True:
            self.take_trust()
            self.look_at_link()
            self.look_at_flower()
            self.node.rotate()
            self.apps.rotate()
            self.guest.pause(1)

    def stop(self) -> None:
        for process in (self.apps, self.node):
            if process:
                process.stop()

    # Identity

    def identity(self) -> dict[str, str]:
        """Makes the key once, where it stays; what is published is its public half and a proof for this VM."""
        public = self.key.with_suffix(".pub")
        if not public.exists():
            with tempfile.TemporaryDirectory(dir=self.flower.places.agent) as folder:
                fresh = Path(folder) / "identity"
                keygen("-t", "ecdsa", "-b", "384", "-N", "", "-C", "", "-f", str(fresh))
                write(self.key, fresh.read_text(), 0o440, self.flower.keys.gid)
                # Last: a VM that dies before this makes the key again.
                write(public, fresh.with_suffix(".pub").read_text())
        line = " ".join(public.read_text().split()[:2])
        if not wire.is_node_key(line):
            raise Failure("node-key-unusable", "The identity key of this VM is damaged.")
        return {"FL_NODE_KEY": line, "FL_NODE_PROOF": self.proof()}

    def proof(self) -> str:
        context = self.context
        lines = (
            "florist-node-proof-1",
            f"federation {context.federation}",
            f"site {context.site}",
            f"attempt {context.attempt}",
            f"vm {self.guest.onegate.vm_id}",
        )
        text = "".join(f"{line}\n" for line in lines).encode()
        # openssl does not read OpenSSH's form of a private key, so it gets a copy in its own for a moment.
        with tempfile.TemporaryDirectory(dir=self.flower.places.agent) as folder:
            copy = Path(folder) / "copy"
            write(copy, self.key.read_text())
            try:
                keygen("-p", "-P", "", "-N", "", "-m", "PEM", "-f", str(copy))
                signature = openssl_bytes("dgst", "-sha384", "-sign", str(copy), given=text)
            except (OpensslError, subprocess.CalledProcessError) as error:
                raise Failure("node-key-unusable", f"The identity key of this VM cannot sign: {error}") from error
        return base64.b64encode(signature).decode()

    # Trust

    def trust_context(self) -> None:
        """The CA and address of CONTEXT, unless FL_TRUST has replaced them since."""
        bundle = self.context.ca_bundle
        try:
            trust = wire.read_trust(json.loads(self.taken.read_text())["value"])
        except (OSError, ValueError, LookupError):
            trust = None
        if trust:
            self.sequence, self.address, bundle = trust.sequence, trust.address, trust.ca_bundle
        write(self.ca, bundle, 0o440, self.flower.keys.gid)

    def take_trust(self) -> None:
        value = self.guest.given.get("FL_TRUST")
        if not value or value == self.complained:
            return
        trust = wire.read_trust(value)
        if trust is None:
            self.complained = value
            log.warning("FL_TRUST is incomplete or altered and changes nothing")
            return
        self.complained = ""
        if trust.sequence <= self.sequence:
            return
        changed = trust.address != self.address or trust.ca_bundle != self.ca.read_text()
        write(self.taken, json.dumps({"value": value}))
        self.trust_context()
        log.info("FL_TRUST %s taken", trust.sequence)
        if changed:
            self.next_dial = 0.0
            self.not_before = 0.0
            running = self.node.runs()
            self.node.stop()
            self.node = self.flower.process("supernode", "flower-supernode", self.flower.keys, self.arguments())
            if running:
                self.start()

    # The way to the SuperLink

    def look_at_link(self) -> None:
        if time.monotonic() < self.next_dial:
            return
        before = self.link.link
        self.link = dial(self.address, str(self.ca))
        well = self.link.link == "ok"
        self.next_dial = time.monotonic() + (DIAL_EVERY if well else REDIAL_EVERY)
        if self.link.link != before:
            log.info("link %s. %s %s", self.link.link, ADVICE.get(self.link.link, ""), self.link.detail)
        # Once said, READY stays: it opens OneFlow's gate and means that this VM has come up.
        self.guest.tell(FL_LINK=self.link.link, **({"READY": "YES"} if well else {}))

    # Flower

    def arguments(self) -> list[str]:
        config = self.context.node_config
        return [
            *("--root-certificates", str(self.ca), "--superlink", str(self.address)),
            *("--auth-supernode-private-key", str(self.key), "--clientappio-api-address", APP_IO),
            *(("--node-config", config) if config else ()),
            *("--isolation", "process", "--superexec-auth-secret-file", "/dev/stdin"),
        ]

    def look_at_flower(self) -> None:
        if self.node.runs():
            self.look_at_running()
        elif self.node.child is not None:
            self.look_at_exit()
        elif time.monotonic() >= self.not_before:
            self.start_if_allowed()

    def start_if_allowed(self) -> None:
        own = wire.fingerprint(self.guest.said.get("FL_NODE_KEY") or self.guest.unsaid["FL_NODE_KEY"])
        well = self.link.link == "ok"
        if self.guest.given.get("FL_ADMITTED") != own:
            self.guest.tell("awaiting-admission", self.complaint(None if well else "link-down"))
        elif not well:
            # Flower would retry for ever or end with a riddle; our own dial says more.
            self.guest.tell("starting", "link-down")
        else:
            self.guest.tell("starting", self.guest.current("FL_REASON") if self.failures else None)
            self.start()

    def start(self) -> None:
        self.connected = False
        self.node.start()
        if not self.apps.runs():
            self.apps.stop()
            self.apps.start()

    def look_at_running(self) -> None:
        if not self.apps.runs():
            log.warning("superexec ended with code %s: %s", self.apps.exit_code(), self.apps.words()[-500:])
            if self.apps.age() > RESTART_AFTER[0]:
                self.apps.stop()
                self.apps.start()
        if not self.connected and CONNECTED in self.node.words():
            self.connected = True
            self.failures = self.silent_exits = 0
        if self.connected:
            self.guest.tell("serving", self.complaint(None if self.link.link == "ok" else "link-down"))

    def look_at_exit(self) -> None:
        """Restarted on every exit. Code 0 may mean unregistered, a wrong clock or a wrong CA."""
        code, words = self.node.exit_code(), self.node.words()
        self.node.stop()
        self.failures += 1
        self.silent_exits = self.silent_exits + 1 if code == 0 and not self.connected else 0
        self.next_dial = 0.0
        self.look_at_link()
        reason = self.exit_reason(code, words)
        log.warning("supernode ended with code %s, %s: %s", code, reason, words[-500:])
        self.guest.tell("awaiting-admission" if reason == "not-admitted" else "starting", reason)
        wait = RETRY.get(reason) or RESTART_AFTER[min(self.failures, len(RESTART_AFTER)) - 1]
        self.not_before = time.monotonic() + wait

    def exit_reason(self, code: int, words: str) -> str:
        if NOT_REGISTERED in words:
            return "not-admitted"
        if STILL_ONLINE in words:
            return "still-counted-online"
        if "already in use" in words or "Failed to bind" in words:
            return "port-taken"
        if self.link.link != "ok":
            return "link-down"
        if self.silent_exits >= 2:
            return "clock"
        return "flower-exits"

    def complaint(self, reason: str | None) -> str | None:
        return reason or ("trust-malformed" if self.complained else None)


def keygen(*arguments: str) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True
    )
