"""The SuperLink: asks for a certificate, starts Flower with it, registers exactly the keys it is told."""

import logging
import time

import wire
from admission import Admission
from context import Address, Context, decode_text, pem_certificates
from flower import Flower, write
from guest import Guest
from link import dial
from openssl import OpensslError, openssl
from process import Process

FLEET = Address("127.0.0.1", 9092)
CONTROL = "127.0.0.1:9093"
APP_IO = "127.0.0.1:9091"
LOCAL_NAMES = ("DNS:localhost", "IP:127.0.0.1", "IP:::1")
NODES_EVERY = 3  # seconds between two looks at the database
HANDSHAKE_EVERY = 15
START_PATIENCE = 60
RESTART_AFTER = (0, 1, 2, 5, 10)  # seconds, by failures in a row
STEADY = 60  # seconds of running after which failures are forgotten

log = logging.getLogger("florist")


class SuperLink:
    def __init__(self, context: Context, guest: Guest, flower: Flower):
        self.context = context
        self.guest = guest
        self.flower = flower
        places = flower.places
        self.key = places.keys / "server.key"
        self.certificate = places.keys / "server.pem"
        self.ca = places.keys / "ca.crt"
        self.request = places.agent / "server.csr"
        self.database = places.state / "superlink.db"
        self.refused = ""  # the last certificate that was not taken, so that it is looked at once
        self.refusal: str | None = None  # and the reason
        self.admission = Admission(guest, flower, self.database)
        self.link: Process | None = None
        self.apps: Process | None = None

    def run(self) -> None:
        self.make_request()
        taken = self.certificate.exists() and self.check(self.certificate.read_text(), self.ca.read_text()) is None
        request = wire.encode_text(self.request.read_text())
        self.guest.tell("starting" if taken else "awaiting-certificate", FL_TLS_CSR=request)
        self.flower.prepare(self.guest.pause)
        while not taken:
            taken = self.take_certificate()
            self.guest.pause(1)
        self.guest.tell("starting")
        self.admission.prepare(CONTROL, self.ca)
        self.start()
        self.serve()

    def stop(self) -> None:
        for process in (self.apps, self.link):
            if process:
                process.stop()

    def make_request(self) -> None:
        if not self.key.exists():
            key = openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072")
            write(self.key, key, 0o440, self.flower.keys.gid)
        context = self.context
        dialled = f"{'IP' if context.dialled.is_ip else 'DNS'}:{context.dialled.host}"
        names = [*LOCAL_NAMES, *(f"IP:{ip}" for ip in context.own_addresses), dialled, *context.extra_names]
        extension = "subjectAltName=" + ",".join(dict.fromkeys(names))
        request = openssl("req", "-new", "-key", str(self.key), "-subj", "/CN=superlink", "-addext", extension)
        write(self.request, request)

    def take_certificate(self) -> bool:
        """Takes what the bot signed if it is whole, ours and covers the name that is dialled; else says why not."""
        given = self.guest.given.get("FL_TLS_CERT"), self.guest.given.get("FL_TLS_CA")
        if not given[0] or not given[1] or "".join(given) == self.refused:
            return False
        chain, ca = (pem_certificates(decode_text(value)) for value in given)
        if self.certificate.exists() and (self.certificate.read_text(), self.ca.read_text()) == (chain, ca):
            return False
        self.refusal = self.check(chain, ca) if chain and ca else "certificate-malformed"
        if self.refusal:
            self.refused = "".join(given)
            log.warning("certificate not taken: %s", self.refusal)
            self.guest.tell("serving" if self.link else "awaiting-certificate", self.refusal)
            return False
        write(self.ca, ca, 0o440, self.flower.keys.gid)
        write(self.certificate, chain, 0o440, self.flower.keys.gid)
        return True

    def check(self, chain: str, ca: str) -> str | None:
        """The reason against a chain, or None."""
        candidate, authority = self.flower.places.agent / "candidate.pem", self.flower.places.agent / "candidate-ca.pem"
        write(candidate, chain)
        write(authority, ca)
        try:
            own = openssl("pkey", "-in", str(self.key), "-pubout")
            if openssl("x509", "-in", str(candidate), "-noout", "-pubkey") != own:
                return "certificate-key-mismatch"
            openssl(
                *("verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-purpose", "sslserver"),
                *("-CAfile", str(authority), "-untrusted", str(candidate), str(candidate)),
            )
        except OpensslError as error:
            expired = "expired" in str(error) or "not yet valid" in str(error)
            return "certificate-expired" if expired else "certificate-untrusted"
        for host in (self.context.dialled, FLEET):
            flag = "-checkip" if host.is_ip else "-checkhost"
            if "does match" not in openssl("x509", "-in", str(candidate), "-noout", flag, host.host):
                return "certificate-name-missing"
        return None

    def start(self) -> None:
        self.link = self.flower.process(
            "superlink",
            "flower-superlink",
            self.flower.keys,
            [
                *("--ssl-ca-certfile", str(self.ca), "--ssl-certfile", str(self.certificate)),
                *("--ssl-keyfile", str(self.key), "--fleet-api-address", f"0.0.0.0:{FLEET.port}"),
                *("--control-api-address", CONTROL, "--serverappio-api-address", APP_IO, "--enable-supernode-auth"),
                *("--isolation", "process", "--superexec-auth-secret-file", "/dev/stdin"),
                *("--database", str(self.database)),
            ],
            FLORIST_TLS_CERTIFICATE=str(self.certificate),
            FLORIST_TLS_KEY=str(self.key),
        )
        self.apps = self.flower.superexec("serverapp", APP_IO)
        self.link.start()
        self.apps.start()

    def serve(self) -> None:
        failures = {self.link.name: 0, self.apps.name: 0}
        next_handshake = next_nodes = 0.0
        while True:
            for process in (self.link, self.apps):
                process.rotate()
                if not process.runs():
                    self.restart(process, failures)
                    next_handshake = 0.0
            if self.take_certificate():
                log.info("renewed certificate taken")
                next_handshake = 0.0
            now = time.monotonic()
            if now >= next_handshake:
                next_handshake = now + HANDSHAKE_EVERY
                self.announce()
            if self.guest.said.get("FL_READY") == "YES":
                self.admission.follow()
                if now >= next_nodes:
                    next_nodes = now + NODES_EVERY
                    self.guest.tell(FL_NODES=wire.encode_nodes(self.admission.nodes()))
            self.guest.pause(1)

    def restart(self, process: Process, failures: dict[str, int]) -> None:
        words = process.words()
        code = process.exit_code()
        failures[process.name] = 0 if process.age() > STEADY else failures[process.name] + 1
        reason = "port-taken" if "already in use" in words or "Failed to bind" in words else "flower-exits"
        log.warning("%s ended with code %s: %s", process.name, code, words[-500:])
        self.guest.tell("starting", reason)
        process.stop()
        self.guest.pause(RESTART_AFTER[min(failures[process.name], len(RESTART_AFTER)) - 1])
        process.start()

    def announce(self) -> None:
        """Everything that makes sites come goes out together, and only after a handshake with our own port."""
        until = time.monotonic() + START_PATIENCE
        while True:
            own = dial(self.context.dialled, str(self.ca), FLEET)
            # Refused: Flower has not opened its port yet.
            if own.link != "refused" or time.monotonic() > until or not self.link.runs():
                break
            self.guest.pause(0.5)
        if own.link != "ok":
            log.warning("handshake with our own port: %s %s", own.link, own.detail)
            self.guest.tell("starting", "own-handshake-failed")
            return
        self.guest.tell(
            "serving",
            self.refusal or self.admission.reason,
            FL_ENDPOINT=str(self.context.dialled),
            FL_CA_CERT=wire.encode_text(self.ca.read_text()),
            FL_TLS_FINGERPRINT=own.fingerprint,
            FL_VERSION=self.context.version,
            FL_READY="YES",
            READY="YES",
        )
