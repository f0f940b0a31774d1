"""What a SuperNode makes of Flower's exits, with Flower and the way to the SuperLink played."""

import base64
import hashlib
import json
import pathlib
import subprocess
import tempfile
import types
import unittest
from unittest import mock

import supernode
from context import Failure
from link import Dialled
from quick_keys import NEW_KEY
from supernode import SuperNode

KEY = "SHA256:" + "a" * 43


class FakeProcess:
    def __init__(self, command: list[str]):
        self.command = command
        self.child = None
        self.failures = 0
        self.starts = 0
        self.end: tuple[int, str] | None = None
        self.said = ""

    def start(self) -> None:
        self.child, self.end, self.said = object(), None, ""
        self.starts += 1

    def runs(self) -> bool:
        return self.child is not None and self.end is None

    def words(self) -> str:
        return self.said

    def stop(self) -> int | None:
        code = self.end[0] if self.end else -15
        self.failures += self.child is not None
        self.child = None
        return code

    def rotate(self) -> None:
        pass


class FakeFlower:
    def __init__(self, root: pathlib.Path):
        self.places = types.SimpleNamespace(agent=root, keys=root, bind=lambda *_: None)
        self.keys = types.SimpleNamespace(gid=0)
        self.apps = types.SimpleNamespace(uid=0, gid=0)

    def daemon(self, *arguments: str) -> FakeProcess:
        return FakeProcess(list(arguments))


class Node(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        make = f"openssl req -x509 {NEW_KEY} -nodes -keyout /dev/null -subj /CN=ca -days 2"
        cls.ca = subprocess.run(make.split(), check=True, capture_output=True, text=True).stdout

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.dialled = Dialled("ok")
        self.now = 1000.0
        self.stages: list[str] = []
        for target, stand_in in (
            ("flower.os.fchown", lambda *_: None),
            ("supernode.dial", self.dial),
            ("supernode.time.monotonic", lambda: self.now),
        ):
            patch = mock.patch(target, stand_in)
            patch.start()
            self.addCleanup(patch.stop)
        self.guest = types.SimpleNamespace(given={}, said={}, tell=self.tell)
        self.node = self.make("")

    def dial(self, *_, large: bool) -> Dialled:
        self.large = large
        return self.dialled

    def make(self, config: str, **more: str) -> SuperNode:
        context = more | {
            "FL_NODE_CONFIG": base64.b64encode(config.encode()).decode(),
            "FL_SSL_CA_CERTFILE": base64.b64encode(self.ca.encode()).decode(),
            "FL_SUPERLINK_ADDRESS": "sl.example.org:9092",
        }
        node = SuperNode(context, self.guest, FakeFlower(self.root))
        node.set_trust()
        node.fingerprint = KEY
        node.apps, node.node = FakeProcess([]), node.daemon()
        node.processes = [node.node, node.apps]
        return node

    def tell(self, stage: str | None = None, reason: str | None = None, **attributes: str) -> None:
        self.guest.said |= attributes
        if stage and [f"{stage} {reason}"] != self.stages[-1:]:
            self.stages.append(f"{stage} {reason}")

    def look(self, seconds: float = 1) -> str:
        """One turn of its loop."""
        self.now += seconds
        self.node.take_trust()
        if self.now >= self.node.next_dial:
            self.node.look_at_link()
        self.node.look_at_flower()
        return self.stages[-1]

    def serve(self) -> None:
        self.guest.given["FL_ADMITTED"] = KEY
        self.look()
        self.node.node.said = "SuperNode ID: 7"
        self.assertEqual(self.look(), "serving None")

    def ends(self, code: int, words: str = "") -> str:
        self.node.node.end, self.node.node.said = (code, words), words
        self.look()
        return self.look()

    def trust(self, sequence: int, address: str) -> None:
        digest = hashlib.sha256(f"FL_TRUST\n{sequence}\n{address}\n{self.ca}".encode()).hexdigest()
        found = {"schema": 1, "sequence": sequence, "digest": digest, "address": address, "ca": self.ca}
        self.guest.given["FL_TRUST"] = base64.b64encode(json.dumps(found).encode()).decode()

    def test_flower_is_not_started_before_its_own_key_is_admitted(self):
        for admitted in (None, "SHA256:" + "b" * 43):
            self.guest.given["FL_ADMITTED"] = admitted
            self.assertEqual(self.look(), "awaiting-admission None")
        self.assertEqual(self.node.node.starts, 0)
        self.serve()
        self.assertEqual((self.node.node.starts, self.node.apps.starts), (1, 1))

    def test_flower_waits_for_the_data_that_its_owner_attached(self):
        self.node.data = types.SimpleNamespace(reason="data-missing", look=lambda: False)
        self.assertEqual(self.look(), "awaiting-admission data-missing")
        self.guest.given["FL_ADMITTED"] = KEY
        self.assertEqual(self.look(), "starting data-missing")
        self.assertEqual(self.node.node.starts, 0)
        self.node.data.reason = None
        self.serve()

    def test_flower_goes_on_without_a_word_less_when_its_data_becomes_empty(self):
        self.serve()
        self.node.data = types.SimpleNamespace(reason="data-empty", look=lambda: False)
        self.assertEqual(self.look(), "serving data-empty")
        self.assertEqual(self.node.node.starts, 1)

    def test_flower_starts_again_when_its_data_was_attached_anew(self):
        self.serve()
        self.node.data = types.SimpleNamespace(reason=None, look=lambda: True)
        self.node.look_at_data()
        self.node.data.look = lambda: False
        self.look()
        self.assertEqual((self.node.node.starts, self.node.apps.starts), (2, 2))

    def test_flower_is_not_started_without_a_way_to_the_superlink(self):
        self.guest.given["FL_ADMITTED"] = KEY
        self.dialled = Dialled("stalled")
        self.assertEqual(self.look(), "starting link-down")
        self.assertEqual((self.node.node.starts, self.guest.said), (0, {"FL_LINK": "stalled"}))
        self.dialled = Dialled("ok")
        self.look(5)
        self.serve()
        self.assertEqual(self.guest.said, {"FL_LINK": "ok", "READY": "YES"})

    def test_one_that_serves_goes_on_when_its_way_is_gone_because_flower_returns_by_itself(self):
        self.serve()
        self.dialled = Dialled("unreachable")
        self.assertEqual(self.look(20), "serving link-down")
        self.dialled = Dialled("ok")
        self.assertEqual(self.look(5), "serving None")
        self.assertEqual(self.node.node.starts, 1)

    def test_a_key_that_is_not_registered_is_told_and_tried_every_15_s_without_another_word(self):
        self.serve()
        words = "No SuperNode found with the given public key"
        self.assertEqual(self.ends(1, words), "awaiting-admission not-admitted")
        self.assertEqual((self.look(12), self.node.node.starts), ("awaiting-admission not-admitted", 1))
        self.assertEqual((self.look(3), self.node.node.starts), ("awaiting-admission not-admitted", 2))
        self.assertEqual(self.ends(1, words), "awaiting-admission not-admitted")
        self.assertEqual(self.stages[-2:], ["serving None", "awaiting-admission not-admitted"])

    def test_one_that_is_turned_away_while_it_serves_is_started_again_although_its_process_hangs(self):
        self.serve()
        self.node.node.said += " UNAUTHENTICATED"
        self.look()
        self.assertIsNone(self.node.node.child)
        self.assertEqual(self.look(), "starting None")
        self.look(30)
        words = "No SuperNode found with the given public key"
        self.assertEqual(self.ends(1, words), "awaiting-admission not-admitted")

    def test_one_that_is_still_counted_online_tries_every_5_s(self):
        self.serve()
        self.assertEqual(self.ends(1, "SuperNode could not be activated"), "starting still-counted-online")
        self.assertEqual((self.look(2), self.node.node.starts), ("starting still-counted-online", 1))
        self.look(3)
        self.assertEqual(self.node.node.starts, 2)

    def test_one_that_is_refused_at_its_start_is_started_again_although_its_process_hangs(self):
        self.guest.given["FL_ADMITTED"] = KEY
        self.look()
        self.node.node.said = "SuperNode with node ID 7 could not be activated."
        self.look()
        self.assertIsNone(self.node.node.child)
        self.assertEqual(self.look(), "starting still-counted-online")
        self.look(5)
        self.assertEqual(self.node.node.starts, 2)
        self.serve()

    def test_two_silent_exits_before_it_was_ever_connected_are_the_clock(self):
        self.guest.given["FL_ADMITTED"] = KEY
        self.look()
        self.assertEqual(self.ends(0), "starting None")
        self.look(30)
        self.assertEqual(self.ends(0), "starting clock")
        self.look(30)
        self.node.node.said = "SuperNode ID: 7"
        self.assertEqual(self.look(), "serving None")

    def test_one_exit_says_nothing_yet_and_several_say_that_flower_keeps_ending(self):
        self.serve()
        self.assertEqual(self.ends(1, "Traceback"), "starting None")
        self.look(60)
        self.assertEqual(self.ends(1, "Traceback"), "starting flower-exits")

    def test_an_exit_with_a_link_that_is_not_well_is_told_as_the_link(self):
        self.serve()
        self.dialled = Dialled("untrusted-ca")
        self.assertEqual(self.ends(0), "starting link-down")
        self.assertEqual(self.guest.said["FL_LINK"], "untrusted-ca")

    def test_a_taken_port_is_told(self):
        self.serve()
        self.assertEqual(self.ends(1, "address already in use"), "starting port-taken")

    def test_what_runs_apps_is_started_again_alone(self):
        self.serve()
        self.node.apps.end = (1, "")
        self.look()
        self.assertEqual((self.node.node.starts, self.node.apps.starts), (1, 2))

    def test_a_later_trust_leads_flower_to_the_new_address_and_holds_after_a_reboot(self):
        self.serve()
        self.trust(2, "other.example.org:443")
        self.look()
        self.assertIn("other.example.org:443", self.node.node.command)
        self.assertEqual(self.node.node.starts, 2)
        again = self.make("")
        self.assertEqual((again.sequence, again.address), (2, "other.example.org:443"))

    def test_a_trust_that_says_what_holds_already_costs_no_restart(self):
        self.serve()
        self.trust(2, "sl.example.org:9092")
        self.look()
        self.assertEqual((self.node.node.starts, self.node.sequence), (1, 2))

    def test_a_trust_that_is_older_or_cannot_be_read_changes_nothing(self):
        self.serve()
        self.trust(2, "sl.example.org:9092")
        self.look()
        self.trust(1, "other.example.org:443")
        self.assertEqual(self.look(), "serving None")
        self.guest.given["FL_TRUST"] = "no trust"
        self.assertEqual(self.look(), "serving trust-malformed")
        self.assertEqual((self.node.address, self.node.node.starts), ("sl.example.org:9092", 1))

    def test_through_a_tunnel_nothing_is_dialled_before_the_vm_knows_its_other_end_nor_told_before_it_can_be(self):
        dialled: list[tuple] = []
        answers = [None, Dialled("tunnel-silent"), Dialled("ok")]

        def dial(*where) -> Dialled | None:
            dialled.append(where)
            return answers.pop(0)

        tunnel = types.SimpleNamespace(taken=False, reason=None, key=(b"", "the key"), dial=dial)
        self.node.tunnel = tunnel
        self.guest.given["FL_ADMITTED"] = KEY
        self.assertEqual(self.look(), "starting None")
        tunnel.reason = "tunnel-unavailable"
        self.look()
        self.assertEqual((dialled, self.guest.said), ([], {}))
        tunnel.taken, tunnel.reason = True, None
        self.assertEqual(self.look(), "starting None")
        self.assertEqual((len(dialled), self.guest.said), (1, {}))
        self.assertEqual(self.look(), "starting link-down")
        self.assertEqual(self.guest.said, {"FL_LINK": "tunnel-silent"})
        tunnel.reason = "tunnel-unavailable"
        self.assertEqual(self.look(), "starting tunnel-unavailable")
        tunnel.reason = None
        self.assertEqual(self.node.node.starts, 0)
        self.look(5)
        self.serve()
        self.assertEqual(dialled[0][:2], ("sl.example.org", 9092))

    def test_through_a_tunnel_of_the_zones_router_more_than_1500_bytes_are_sent_and_every_8_s(self):
        self.look()
        self.assertEqual((self.large, self.node.next_dial - self.now), (False, 15))
        self.node = self.make("", WG_KIND="router")
        self.look()
        self.assertEqual((self.large, self.node.next_dial - self.now), (True, 8))

    def test_the_tunnels_key_is_told_with_the_node_key(self):
        told: list[dict] = []

        class Enough(Exception):
            pass

        def prepare(_) -> None:
            raise Enough

        self.node.tunnel = types.SimpleNamespace(key=(b"", "the key"))
        self.guest.tell = lambda *_, **attributes: told.append(attributes)
        self.guest.pause, self.node.flower.prepare = None, prepare
        with mock.patch.object(self.node, "proof", lambda: "proof"), self.assertRaises(Enough):
            self.node.run()
        self.assertEqual((told[0].keys(), told[0]["WG_PUBLIC_KEY"]), ({"FL_NODE_KEY", "FL_NODE_PROOF", "WG_PUBLIC_KEY"}, "the key"))

    def test_node_config_reaches_flower_as_one_argument_and_never_as_an_option(self):
        self.assertEqual(self.make("org='b c' n=2").daemon().command[-2:], ["--node-config", "org='b c' n=2"])
        for hostile in ("--insecure", "a=1 --insecure", "a='x' b", "a='x\n'", "a=$(id)", "a='x';id"):
            with self.subTest(hostile=hostile), self.assertRaises(Failure):
                self.make(hostile)

    def test_the_identity_is_made_once_and_one_that_is_damaged_is_a_failure(self):
        line = self.node.identity()
        self.assertEqual(self.make("").identity(), line)
        (self.root / "identity.pub").write_text("ssh-rsa AAAA")
        with self.assertRaises(Failure) as caught:
            self.make("").identity()
        self.assertEqual(caught.exception.reason, "node-key-unusable")


if __name__ == "__main__":
    unittest.main()
