"""Hostile and mistaken values of CONTEXT and of the structured attributes."""

import base64
import hashlib
import json
import unittest

import wire
from context import Failure, parse_context

GOOD = {
    "FL_PROTOCOL": "1",
    "FL_ROLE": "supernode",
    "FL_FEDERATION": "fed-1",
    "FL_SITE": "beta",
    "FL_ATTEMPT": "fed-1/beta/0123456789ab/1",
    "FLOWER_VERSION": "1.31.0",
    "FL_TLS_ENABLED": "YES",
    "FL_SUPERLINK_ADDRESS": "sl.example.org:9092",
    "FL_SSL_CA_CERTFILE": "QQ==",
}
KEY = (
    "ecdsa-sha2-nistp384 "
    + base64.b64encode(b"\0\0\0\x13ecdsa-sha2-nistp384\0\0\0\x08nistp384\0\0\0\x61\x04" + b"k" * 96).decode()
)


def key_list(name: str, sequence: int, keys: list, /, **changed) -> str:
    text = "".join(f"{line}\n" for line in [name, sequence, *keys])
    found = {"schema": 1, "sequence": sequence, "digest": hashlib.sha256(text.encode()).hexdigest(), "keys": keys}
    return base64.b64encode(json.dumps(found | changed).encode()).decode()


class Context(unittest.TestCase):
    def refusal(self, **changed: str) -> str:
        with self.assertRaises(Failure) as caught:
            parse_context(GOOD | changed)
        for value in changed.values():
            self.assertNotIn(value or "nothing", str(caught.exception))
        return caught.exception.reason

    def test_good_values_are_taken_and_keepalive_is_60_and_20(self):
        self.assertEqual(parse_context(GOOD)["FL_GRPC_KEEPALIVE_TIME"], "60")

    def test_values_that_a_shell_or_a_command_line_could_read_are_refused(self):
        for hostile in ("$(reboot)", "`id`", "a b", "--help", "x\ny", "../../etc"):
            for name in ("FL_SITE", "FL_SUPERLINK_ADDRESS", "FLOWER_VERSION", "FL_SSL_CA_CERTFILE"):
                with self.subTest(name=name, hostile=hostile):
                    self.assertEqual(self.refusal(**{name: hostile}), "context-invalid")

    def test_tls_off_is_refused(self):
        self.assertEqual(self.refusal(FL_TLS_ENABLED="NO"), "context-invalid")

    def test_keepalive_that_cannot_work_is_refused(self):
        for time, timeout in (("9", "5"), ("60", "60"), ("abc", "20"), ("-1", "20"), ("60", "0"), ("1e3", "20")):
            with self.subTest(time=time, timeout=timeout), self.assertRaises(Failure) as caught:
                parse_context(GOOD | {"FL_GRPC_KEEPALIVE_TIME": time, "FL_GRPC_KEEPALIVE_TIMEOUT": timeout})
            self.assertEqual(caught.exception.reason, "keepalive-invalid")


class TunnelContext(unittest.TestCase):
    HUB = {"FL_ROLE": "superlink", "FL_DIALLED_ADDRESS": "10.99.0.0:9092"}
    TUNNEL = {"WG_KIND": "own", "WG_MTU": "1420", "WG_ADDRESS": "10.99.0.0/31", "WG_PORT": "51820"}

    def taken(self, **changed: str) -> bool:
        try:
            return parse_context(GOOD | changed)["WG_MTU"] == changed["WG_MTU"]
        except Failure as failure:
            self.assertEqual(failure.reason, "context-invalid")
            return False

    def test_a_vm_without_one_has_no_values_of_it(self):
        self.assertNotIn("WG_MTU", parse_context(GOOD | self.TUNNEL | {"WG_KIND": ""}))

    def test_a_supernode_needs_kind_and_mtu_and_a_superlink_its_address_and_port_too(self):
        self.assertTrue(self.taken(WG_KIND="own", WG_MTU="1280"))
        self.assertTrue(self.taken(**self.HUB, **self.TUNNEL))
        self.assertTrue(self.taken(WG_KIND="router", WG_MTU="1420"))
        for name in ("WG_ADDRESS", "WG_PORT"):
            self.assertFalse(self.taken(**self.HUB, **self.TUNNEL | {name: ""}))

    def test_what_is_not_of_its_form_is_refused(self):
        for name, wrong in (
            *(("WG_KIND", value) for value in ("gateway", "router", "OWN", " ")),
            *(("WG_MTU", value) for value in ("1279", "1421", "", "01400", "1e3", "14200")),
            *(("WG_PORT", value) for value in ("0", "65536", "-1", "051820", "x")),
            *(("WG_ADDRESS", value) for value in ("10.99.0.0", "10.99.0.0/0", "10.99.0.0/33", "10.99.0/31", "::1/31", "10.99.0.0/31/1")),
        ):
            with self.subTest(name=name, wrong=wrong):
                self.assertFalse(self.taken(**self.HUB, **self.TUNNEL | {name: wrong}))


class Wire(unittest.TestCase):
    def test_a_whole_key_list_is_read(self):
        self.assertEqual(wire.key_list("FL_ADMIT", key_list("FL_ADMIT", 3, [KEY])), (3, [KEY]))

    def test_an_incomplete_altered_or_foreign_key_list_is_nothing(self):
        whole = key_list("FL_ADMIT", 3, [KEY])
        for wrong in (
            "",
            "$(id)",
            whole[:-8],
            key_list("FL_REVOKE", 3, [KEY]),
            key_list("FL_ADMIT", 3, [KEY], sequence=4),
            key_list("FL_ADMIT", 3, [KEY], schema=2),
            key_list("FL_ADMIT", 3, [KEY], more=1),
            key_list("FL_ADMIT", 3, [KEY, KEY]),
            key_list("FL_ADMIT", 3, ["ssh-rsa AAAA"]),
            key_list("FL_ADMIT", 3, [7]),
            key_list("FL_ADMIT", 0, [KEY]),
        ):
            with self.subTest(wrong=wrong[:40]):
                self.assertIsNone(wire.key_list("FL_ADMIT", wrong))
