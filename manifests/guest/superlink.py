"""The SuperLink: asks for a certificate, starts Flower with it, and tells sites to come when it really answers."""

import logging
import socket
import time

import wire
from admission import Admission
from context import address, is_ip, is_ipv4
from flower import Flower, write
from guest import Guest
from link import dial
from process import Process
from tools import ToolFailure, tool

FLEET_PORT = 9092
CONTROL = "127.0.0.1:9093"
APP_IO = "127.0.0.1:9091"
HANDSHAKE_EVERY = 15  # seconds
REFUSED_FOR = 15  # then a certificate is looked at again, for this VM's clock may have been set
START_PATIENCE = 60
RESTART_AFTER = (0, 1, 2, 5, 10)  # by failures in a row

# What a handshake with the own port meets, besides what is the SuperLink's own fault.
UNWELL = {"clock-skew": "clock", "expired": "certificate-expired"}

# A whole configuration of `openssl req`: what the image has may add to it, or be missing.
REQUEST = "[req]\nprompt=no\ndistinguished_name=who\nreq_extensions=more\n[who]\nCN=superlink\n[more]\nsubjectAltName={}\n"

log = logging.getLogger("florist")


class SuperLink:
    def __init__(self, context: dict[str, str], guest: Guest, flower: Flower):
        flower.places.bind(guest, context)
        self.context = context
        self.host, _ = address(context["FL_DIALLED_ADDRESS"])
        self.guest = guest
        self.flower = flower
        self.agent = flower.places.agent
        self.key = flower.places.keys / "server.key"
        self.chain = flower.places.keys / "server.pem"
        self.ca = flower.places.keys / "ca.crt"
        self.refused: tuple[str, str] | None = None  # the certificate that was not taken
        self.not_before = 0.0  # that is looked at again
        self.refusal: str | None = None
        self.admission = Admission(guest, flower)
        self.processes: list[Process] = []
        self.answers = False  # at its own port, as its certificate says

    def run(self) -> None:
        request = wire.encode_text(self.request())
        taken = self.chain.exists() and self.check(self.chain.read_text(), self.ca.read_text()) is None
        self.guest.tell("starting" if taken else "awaiting-certificate", FL_TLS_CSR=request)
        self.flower.prepare(self.guest.pause)
        while not taken:
            self.guest.pause(1)
            taken = self.take_certificate()
        self.guest.tell("starting")
        self.admission.prepare(CONTROL, str(self.ca))
        self.start()
        next_handshake = 0.0
        while True:
            if self.restart_ended() or self.take_certificate() or time.monotonic() > next_handshake:
                self.announce()
                next_handshake = time.monotonic() + HANDSHAKE_EVERY
            if self.guest.said.get("FL_READY"):
                self.admission.follow()
            if self.answers:
                self.guest.tell("serving", self.refusal or self.admission.reason)
            self.guest.pause(1)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.stop()

    def request(self) -> str:
        """The key is made once and never leaves; the request is made at every start, for names may have changed."""
        if not self.key.exists():
            made = tool("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072")
            write(self.key, made.decode(), 0o440, self.flower.keys.gid)
        own = [f"IP:{ip}" for name, ip in sorted(self.context.items()) if name.startswith("ETH")]
        dialled = f"{'IP' if is_ip(self.host) else 'DNS'}:{self.host}"
        extra = self.context["FL_CERT_EXTRA_SAN"].split(",")
        names = dict.fromkeys(["DNS:localhost", "IP:127.0.0.1", "IP:::1", *own, dialled, *extra])
        settings = REQUEST.format(",".join(names)).encode()
        return tool("openssl", "req", "-new", "-key", str(self.key), "-config", "/dev/stdin", given=settings).decode()

    def take_certificate(self) -> bool:
        """Takes what the bot signed if it is whole, ours, and covers what is dialled; else it tells why not, once."""
        given = (self.guest.given.get("FL_TLS_CERT", ""), self.guest.given.get("FL_TLS_CA", ""))
        if not all(given) or (given == self.refused and time.monotonic() < self.not_before):
            return False
        chain, ca = (wire.certificates(wire.decode_text(value)) for value in given)
        if self.processes and (self.chain.read_text(), self.ca.read_text()) == (chain, ca):
            self.refused = self.refusal = None
            return False
        self.refusal = self.check(chain, ca) if chain and ca else "certificate-malformed"
        if self.refusal or not chain or not ca:
            self.refused, self.not_before = given, time.monotonic() + REFUSED_FOR
            if not self.processes:
                self.guest.tell("awaiting-certificate", self.refusal)
            return False
        write(self.ca, ca, 0o440, self.flower.keys.gid)
        write(self.chain, chain, 0o440, self.flower.keys.gid)  # last: Flower looks at this one
        log.info("certificate taken")
        return True

    def check(self, chain: str, ca: str) -> str | None:
        """The reason against a certificate, if there is one."""
        chain_file, ca_file = self.agent / "candidate.pem", self.agent / "candidate-ca.pem"
        write(chain_file, chain)
        write(ca_file, ca)
        read = ("openssl", "x509", "-in", str(chain_file), "-noout")
        try:
            if tool(*read, "-pubkey") != tool("openssl", "pkey", "-in", str(self.key), "-pubout"):
                return "certificate-key-mismatch"
            trust = ("-no-CApath", "-no-CAstore", "-CAfile", str(ca_file), "-untrusted", str(chain_file))
            tool("openssl", "verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslserver", *trust, str(chain_file))
        except ToolFailure as failure:
            log.warning("%s", failure)
            # Certificates are back-dated when they are made, so before its time is this VM's clock.
            verdicts = (("not yet valid", "clock"), ("expired", "certificate-expired"), ("", "certificate-untrusted"))
            return next(reason for phrase, reason in verdicts if phrase in str(failure))
        inside = self.context.get("WG_ADDRESS", self.host).partition("/")[0]
        for host in (self.host, inside, "127.0.0.1"):
            if b"does match" not in tool(*read, "-checkip" if is_ip(host) else "-checkhost", host):
                return "certificate-name-missing"
        return None

    def start(self) -> None:
        link = self.flower.daemon(
            "flower-superlink",
            *("--ssl-ca-certfile", str(self.ca), "--ssl-certfile", str(self.chain), "--ssl-keyfile", str(self.key)),
            *("--fleet-api-address", f"{self.listened_at()}:{FLEET_PORT}", "--control-api-address", CONTROL),
            *("--serverappio-api-address", APP_IO, "--enable-supernode-auth"),
            *("--database", str(self.admission.database)),
            FLORIST_TLS_CHAIN=str(self.chain),
            FLORIST_TLS_KEY=str(self.key),
        )
        self.processes = [link, self.flower.superexec("serverapp", APP_IO)]
        for process in self.processes:
            process.start()

    def listened_at(self) -> str:
        """Of IPv6 too where it may be dialled so: a name may have such an address, today or later."""
        return "0.0.0.0" if is_ipv4(self.host) or not socket.has_dualstack_ipv6() else "[::]"

    def restart_ended(self) -> bool:
        """Each on its own: a run survives a SuperLink that is back soon, because what runs its app lives."""
        restarted = False
        for process in self.processes:
            process.rotate()
            if process.runs():
                continue
            code, words = process.stop(), process.words()
            log.warning("%s ended with code %s: %s", process.log.stem, code, words[-500:])
            self.answers = False
            self.guest.tell("starting", "port-taken" if "in use" in words else "flower-exits")
            self.guest.pause(RESTART_AFTER[min(process.failures, len(RESTART_AFTER) - 1)])
            self.admission.prepare(CONTROL, str(self.ca))
            process.start()
            restarted = True
        return restarted

    def announce(self) -> None:
        """All that makes sites come goes out together, and only after a handshake with our own port."""
        until = time.monotonic() + START_PATIENCE
        while True:
            own = dial(self.host, FLEET_PORT, str(self.ca), through="127.0.0.1")
            if own.link != "refused" or time.monotonic() > until or not self.processes[0].runs():
                break
            self.guest.pause(0.5)  # Flower has not opened its port yet
        self.answers = own.link == "ok"
        if not self.answers:
            log.warning("own port: %s %s", own.link, own.detail)
            self.guest.tell("starting", UNWELL.get(own.link, "own-handshake-failed"))
            return
        self.guest.tell(
            "serving",
            self.refusal or self.admission.reason,
            FL_ENDPOINT=self.context["FL_DIALLED_ADDRESS"].lower(),
            FL_CA_CERT=wire.encode_text(self.ca.read_text()),
            FL_TLS_FINGERPRINT=own.fingerprint,
            FL_VERSION=self.context["FLOWER_VERSION"],
            FL_READY="YES",
            READY="YES",
        )
