"""What a SuperLink asks for and what it makes of its certificate, with Flower played and the image's own OpenSSL."""

import contextlib
import os
import pathlib
import subprocess
import tempfile
import time
import types
import unittest
from unittest import mock

import agent
import superlink
import test_link
import wire
from hostile_openssl import SETTINGS
from link import Dialled
from quick_keys import quick_tool
from superlink import SuperLink
from test_killed import Authority
from test_supernode import FakeFlower
from tools import tool

YEARS = 366 * 86_400


class Settings(unittest.TestCase):
    """However the image has set up OpenSSL."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = pathlib.Path(cls.folder.name)

    @contextlib.contextmanager
    def on_image(self, what: str, text: str | None):
        file = self.root / "openssl.cnf"
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)
        with self.subTest(what), mock.patch.dict(os.environ, {"OPENSSL_CONF": str(file)}):
            yield

    def test_the_request_has_its_names_and_nothing_else(self):
        with mock.patch("flower.os.fchown"), mock.patch("superlink.tool", quick_tool):
            for what, settings in SETTINGS.items():
                with self.on_image(what, settings), tempfile.TemporaryDirectory() as folder:
                    text = describe(made(pathlib.Path(folder)).request())
                    self.assertIn("Subject: CN = superlink", text.replace("CN=", "CN = "))
                    self.assertIn("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1", text)
                    self.assertEqual(text.count("X509v3"), 1)
                    self.assertNotIn("challengePassword", text)

    def test_the_agent_as_it_is_started_dials_with_settings_of_its_own(self):
        """A process of its own, because OpenSSL reads its settings once."""
        test_link.Dialling.setUpClass()
        self.addCleanup(test_link.Dialling.doClassCleanups)
        bench = test_link.Dialling()
        program = "import link, sys; print(link.dial('127.0.0.1', int(sys.argv[1]), sys.argv[2]).link)"
        *start, _, _ = agent.RUN.split()
        for what, settings in SETTINGS.items():
            with bench.server(bench.tls("good.pem")) as port, self.on_image(what, settings):
                command = [*start, "-c", program, str(port), f"{bench.folder.name}/ca.crt"]
                command = [word for word in command if word != "-EsB"]  # or it would not find the chapters
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                self.assertEqual((done.stdout.strip(), done.stderr), ("ok", ""))


class Certificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.folder.cleanup)

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.now = 1000.0
        self.ahead = 0
        for target, stand_in in (
            ("flower.os.fchown", lambda *_: None),
            ("superlink.tool", self.tool),
            ("superlink.time.monotonic", lambda: self.now),
        ):
            patch = mock.patch(target, stand_in)
            patch.start()
            self.addCleanup(patch.stop)
        self.link = made(self.root)
        self.give(self.authority.sign(self.link.request()))

    def tool(self, *command: str, **more: bytes) -> bytes:
        """With this VM's clock ahead of the right time, or behind."""
        if command[1] == "verify":
            command = (*command[:2], "-attime", str(int(time.time()) + self.ahead), *command[2:])
        return quick_tool(*command, **more)

    def give(self, chain: str) -> None:
        authority = wire.encode_text(self.authority.certificate)
        self.link.guest.given = {"FL_TLS_CERT": wire.encode_text(chain), "FL_TLS_CA": authority}

    def test_a_certificate_that_is_not_valid_yet_is_the_clock_and_one_that_is_no_longer_has_expired(self):
        for ahead, reason in ((-YEARS, "clock"), (YEARS, "certificate-expired")):
            with self.subTest(reason):
                self.ahead = ahead
                self.link = made(self.root)
                self.give(self.authority.sign(self.link.request()))
                self.assertFalse(self.link.take_certificate())
                self.assertEqual(self.link.refusal, reason)

    def test_a_clock_that_is_set_right_is_enough_for_the_same_certificate(self):
        self.ahead = -YEARS
        self.assertFalse(self.link.take_certificate())
        self.ahead = 0
        self.assertFalse(self.link.take_certificate(), "It is not looked at all the time.")
        self.now += superlink.REFUSED_FOR
        self.assertTrue(self.link.take_certificate())
        self.assertIsNone(self.link.refusal)

    def test_a_vm_whose_clock_is_wrong_at_its_next_boot_says_so_and_serves_once_it_is_right(self):
        self.assertTrue(self.link.take_certificate())
        given = self.link.guest.given
        self.ahead = -YEARS
        self.link = made(self.root)
        self.link.guest.given = given
        pauses = iter(range(100))

        def pause(_: float) -> None:
            self.now += 1
            if next(pauses) == 3:
                self.ahead = 0

        class Started(Exception):
            pass

        def start() -> None:
            raise Started

        said: list[tuple] = []
        self.link.guest.pause, self.link.guest.tell = pause, lambda *words, **_: said.append(words)
        self.link.flower.prepare, self.link.start = lambda _: None, start
        self.link.admission.prepare = lambda *_: None
        with self.assertRaises(Started):
            self.link.run()
        self.assertEqual(said, [("awaiting-certificate",), ("awaiting-certificate", "clock"), ("starting",)])

    def test_a_handshake_with_the_own_port_tells_a_wrong_clock_from_a_wrong_certificate(self):
        told = {"clock-skew": "clock", "expired": "certificate-expired", "name-mismatch": "own-handshake-failed"}
        for link, reason in told.items():
            said: list[tuple] = []
            self.link.guest.tell = lambda *words: said.append(words)
            with self.subTest(link), mock.patch("superlink.dial", lambda *_, **__: Dialled(link)):
                self.link.announce()
                self.assertEqual(said, [("starting", reason)])


def made(root: pathlib.Path) -> SuperLink:
    fake = FakeFlower(root)
    fake.places.state = root
    context = {"FL_DIALLED_ADDRESS": "203.0.113.20:9092", "FL_CERT_EXTRA_SAN": "DNS:localhost"}
    return SuperLink(context, types.SimpleNamespace(given={}, said={}, tell=lambda *_, **__: None), fake)


def describe(request: str) -> str:
    """By an OpenSSL without settings."""
    command = ["openssl", "req", "-noout", "-text", "-verify"]
    environment = os.environ | {"OPENSSL_CONF": os.devnull}
    done = subprocess.run(command, input=request, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


if __name__ == "__main__":
    unittest.main()
