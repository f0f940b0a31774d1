"""Thousands of mutated answers of OneGate, seeded: none ends the agent, and none makes it forget or believe anything."""

import json
import logging
import os
import pathlib
import random
import socket
import tempfile
import types
import unittest
from unittest import mock

import wire
from admission import Admission
from guest import Guest
from supernode import SuperNode
from superlink import SuperLink
from test_admission import FakeFlower as SuperLinkFlower
from test_admission import key
from test_context import key_list
from test_killed import Authority, trust
from test_superlink import quick_tool
from test_supernode import FakeFlower, FakeProcess

SEED = int(os.environ.get("MUTATION_SEED", "20261126"))
ANSWERS = round(10_000 * float(os.environ.get("THOROUGHNESS", "1")))
ADDRESS = "sl.example.org:9092"
OWN = "SHA256:" + "a" * 43

PIECES = (
    *(b"\0", b"\r\n", b"\r\n\r\n", b"{", b"}", b"[", b'"', b"\\", b":", b",", b"=", b"\xff", b"\xed\xa0\x80", b"\\ud800"),
    *(b"null", b"true", b"-1", b"1e999", b"NaN", b"9" * 5000, b"[" * 5000, b"{}", b'""', b"<html>", b"0\r\n\r\n"),
    *(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n", b"VM", b"USER_TEMPLATE", b"FL_ADMIT"),
)
ODD = (None, True, 7, -1, 1.5, 10**30, "", "x", "\ud800", "=" * 70_000, [], {}, [None], {"VM": None}, {"": {"": []}})


class Wire(socket.socket):
    """What the agent asks through; the answer depends on what it asks."""

    def setsockopt(self, *_) -> None:
        """It is no TCP."""

    def sendall(self, data: bytes, *_) -> None:
        if data[:4] in (b"GET ", b"PUT "):
            self.far.sendall(self.answer(data[:3]))
            self.far.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.far.close()
        super().close()


class Mutations(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.folder.cleanup)

    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.random = random.Random(SEED)
        self.given: dict[str, object] = {"USER_INPUTS": {"FL_SITE": "M|text|Site| |"}, "FL_STAGE": "serving"}
        self.mutating, self.answers = False, 0
        for target, stand_in in (
            ("flower.os.fchown", lambda *_: None),
            ("superlink.tool", quick_tool),
            ("http.client.socket.create_connection", self.connect),
            ("guest.READ_AFTER", (0, 0)),
            ("guest.HEARTBEAT_EVERY", 0),
        ):
            patch = mock.patch(target, stand_in)
            patch.start()
            self.addCleanup(patch.stop)
        self.guest = Guest("http://onegate:5030", "t0ken", "7", lambda: False)

    def connect(self, *_, **__) -> socket.socket:
        near, far = socket.socketpair()
        agents = Wire(fileno=near.detach())
        agents.far, agents.answer = far, self.answer
        return agents

    def answer(self, method: bytes) -> bytes:
        if method == b"PUT":
            whole = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nServer: thin\r\n\r\n"
            return self.mutated(whole) if self.mutating else whole
        body = {"VM": {"NAME": "x_0_(service_7)", "ID": "7", "STATE": "3", "USER_TEMPLATE": self.given, "TEMPLATE": {}}}
        if not self.mutating:
            return http(json.dumps(body).encode())
        if self.random.random() < 0.5:
            return http(json.dumps(self.reshaped(body)).encode())
        return self.mutated(http(json.dumps(body).encode(), self.random.choice((0, 0, 100, 5000))))

    def mutated(self, answer: bytes) -> bytes:
        """Bytes cut, doubled, replaced or put in between."""
        self.answers += 1
        for _ in range(self.random.choice((1, 1, 1, 2, 4))):
            at = self.random.randrange(len(answer) + 1)
            upto = min(len(answer), at + self.random.choice((0, 1, 1, 4, 40, 1000)))
            way = self.random.randrange(7)
            between = (
                (b"", b"", answer[at:upto] * 2, self.random.choice(PIECES), self.random.randbytes(upto - at))[way]
                if way < 5
                else bytes([self.random.choice(b"ABCxyz019+/=") for _ in range(upto - at)])
            )
            answer = answer[:at] + between + (answer[upto:] if way else b"")
        return answer[:150_000]

    def reshaped(self, whole: dict) -> object:
        """Something in it is something else, is missing, or is where another thing was."""
        self.answers += 1
        whole = json.loads(json.dumps(whole))
        for _ in range(self.random.choice((1, 1, 2, 5))):
            places = [(holder, name) for holder in objects_in(whole) for name in holder]
            if not places:
                return whole
            holder, name = self.random.choice(places)
            other, its = self.random.choice(places)
            way = self.random.randrange(4)
            if way == 0:
                del holder[name]
            elif way == 1:
                holder[name] = self.random.choice(ODD)
            elif way == 2:
                holder[name] = json.loads(json.dumps(other.get(its)))
            else:
                holder[self.random.choice(("vm", "ID", "FL_ADMIT", "FL_REVOKE", "FL_TRUST", ""))] = holder.pop(name)
        return self.random.choice((whole, whole, whole, [whole], self.random.choice(ODD)))

    def test_thousands_of_mutated_answers_end_nothing_and_change_nothing_that_it_knew(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, tempfile.TemporaryDirectory() as three:
            admission = self.admission(pathlib.Path(one))
            node = self.supernode(pathlib.Path(two))
            link = self.superlink(pathlib.Path(three))

            def turn() -> None:
                self.guest.pause(0)
                if self.guest.given != known or not self.mutating:
                    admission.follow()
                    node.take_trust()
                    node.look_at_flower()
                    link.take_certificate()

            def knows() -> object:
                return (
                    *(admission.sequences, admission.ids, admission.flower.calls),
                    *(node.sequence, node.address, node.ca.read_text(), node.trust_file.read_text()),
                    *(node.node.starts, node.node.failures, node.apps.starts),
                    *(link.chain.read_text(), link.ca.read_text(), link.key.read_text()),
                )

            known = {}
            turn()
            known = self.guest.given
            node.node.said = "SuperNode ID: 7"
            link.processes = [types.SimpleNamespace()]
            turn()
            before = json.dumps(knows())
            self.assertEqual((admission.sequences, node.sequence), ({"FL_ADMIT": 3, "FL_REVOKE": 2}, 4))
            self.mutating = True
            while self.answers < ANSWERS:
                turn()
                self.assertEqual(json.dumps(knows()), before, f"answer {self.answers} of seed {SEED}")
            self.mutating = False
            link.not_before = 0.0
            turn()
            turn()
            self.assertEqual(self.guest.given, known)
            self.assertEqual(self.guest.unsaid, {})
            self.assertEqual(self.guest.said["FL_REASON"], "none")
            self.assertEqual((admission.reason, node.ignored, link.refusal), (None, "", None))

    def admission(self, root: pathlib.Path) -> Admission:
        admission = Admission(self.guest, SuperLinkFlower(root))
        admission.prepare("127.0.0.1:9093", "/ca.crt")
        self.given |= {"FL_ADMIT": key_list("FL_ADMIT", 3, [key("a"), key("b")])}
        self.given |= {"FL_REVOKE": key_list("FL_REVOKE", 2, [key("b")])}
        return admission

    def supernode(self, root: pathlib.Path) -> SuperNode:
        ca = wire.encode_text(self.authority.certificate)
        context = {"FL_NODE_CONFIG": "", "FL_SSL_CA_CERTFILE": ca, "FL_SUPERLINK_ADDRESS": "first.example.org:9092"}
        node = SuperNode(context, self.guest, FakeFlower(root))
        node.set_trust()
        node.fingerprint = OWN
        node.apps, node.node = FakeProcess([]), node.daemon()
        node.processes = [node.node, node.apps]
        node.link = types.SimpleNamespace(link="ok")
        self.given |= {"FL_TRUST": trust(4, ADDRESS, self.authority.certificate), "FL_ADMITTED": OWN}
        return node

    def superlink(self, root: pathlib.Path) -> SuperLink:
        fake = FakeFlower(root)
        fake.places.state = root
        context = {"FL_DIALLED_ADDRESS": "203.0.113.20:9092", "FL_CERT_EXTRA_SAN": "DNS:localhost"}
        link = SuperLink(context, self.guest, fake)
        self.given |= {"FL_TLS_CERT": wire.encode_text(self.authority.sign(link.request()))}
        self.given |= {"FL_TLS_CA": wire.encode_text(self.authority.certificate)}
        return link


def http(body: bytes, chunk: int = 0) -> bytes:
    """In chunks of this size, or whole."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nServer: thin\r\n"
    if not chunk:
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in [*pieces, b""])


def objects_in(value: object) -> list[dict]:
    if isinstance(value, list):
        return [found for each in value for found in objects_in(each)]
    if not isinstance(value, dict):
        return []
    return [value, *(found for each in value.values() for found in objects_in(each))]


if __name__ == "__main__":
    unittest.main()
