"""What a zone's gateway says of itself, and what it passes on."""

import pathlib
import tempfile
import types
import unittest
from unittest import mock

import guard
from context import Failure
from gateway import Gateway
from link import Dialled
from tools import ToolFailure

CONTEXT = {
    "FL_ROLE": "gateway",
    "FL_SUPERLINK_ADDRESS": "10.99.0.0:9092",
    "FL_SSL_CA_CERTFILE": "",
    "WG_MTU": "1420",
    "ETH0_IP": "10.20.0.2",
    "ETH1_IP": "192.168.7.2",
}


class Over(Exception):
    pass


class Said(unittest.TestCase):
    def setUp(self) -> None:
        self.said: list[dict[str, str]] = []
        self.tunnel = types.SimpleNamespace(stands=False, taken=False, reason=None, dial=lambda *_: self.dialled)
        self.dialled: Dialled | None = None
        self.now = 1000.0

    def said_after(self, turns: int) -> list[tuple[str, str]]:
        left = [turns]

        def pause(_) -> None:
            self.now += 10
            left[0] -= 1
            if left[0] == 0:
                raise Over

        def tell(stage=None, reason=None, **attributes) -> None:
            self.said.append({"stage": stage or "", "reason": reason or "", **attributes})

        guest = types.SimpleNamespace(tell=tell, pause=pause)
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch("gateway.wire.certificates", lambda *_, **__: "CA"),
            mock.patch("flower.os.fchown", lambda *_: None),
            mock.patch("gateway.time.monotonic", lambda: self.now),
        ):
            places = types.SimpleNamespace(agent=pathlib.Path(folder))
            with self.assertRaises(Over):
                Gateway(CONTEXT, guest, places, self.tunnel).run()
        return [(one["stage"], one["reason"]) for one in self.said if one["stage"]]

    def test_lets_the_others_come_when_its_device_stands_and_serves_when_the_superlink_answers_through_it(self):
        self.assertEqual(self.said_after(1), [("starting", "")])
        self.assertFalse(any("READY" in one for one in self.said))
        self.tunnel.stands = True
        self.assertEqual(self.said_after(1)[-1], ("starting", ""))
        self.assertEqual(self.said[-1]["READY"], "YES")
        self.tunnel.taken, self.dialled = True, Dialled("ok")
        self.assertEqual(self.said_after(1)[-1], ("serving", ""))
        self.assertIn({"stage": "", "reason": "", "FL_LINK": "ok"}, self.said)

    def test_says_what_is_wrong_with_its_tunnel_rather_than_that_the_link_is_down(self):
        self.tunnel.taken, self.dialled = True, Dialled("tunnel-silent")
        self.assertEqual(self.said_after(1)[-1], ("starting", "link-down"))
        self.tunnel.reason = "peers-malformed"
        self.assertEqual(self.said_after(1)[-1], ("starting", "peers-malformed"))


class Passed(unittest.TestCase):
    def test_is_what_is_dialled_at_one_of_its_own_addresses_and_its_answers_and_nothing_else(self):
        rules = guard.passage_in(CONTEXT).rules("wg")
        self.assertEqual(
            rules["enter"], ["iifname != wg ip daddr { 10.20.0.2, 192.168.7.2 } tcp dport 9092 dnat ip to 10.99.0.0"]
        )
        self.assertEqual(rules["forward"][-1], "drop")
        self.assertTrue(all("ct status dnat" in rule for rule in rules["forward"] if rule.endswith("accept")))

    def test_goes_with_segments_that_fit_both_ways(self):
        clamped = [rule for rule in guard.passage_in(CONTEXT).rules("wg")["forward"] if "maxseg size set 1380" in rule]
        self.assertEqual([rule.split()[0] for rule in clamped], ["oifname", "iifname"])

    def test_is_told_as_impossible_where_the_kernel_cannot(self):
        def refused(*_, **__) -> bytes:
            raise ToolFailure("nft: Operation not supported")

        with mock.patch("guard.tool", refused), self.assertRaises(Failure) as caught:
            guard.translate("")
        self.assertEqual(caught.exception.reason, "translation-unavailable")

    def test_needs_forwarding_which_is_set_again_whenever_it_is_not(self):
        with tempfile.TemporaryDirectory() as folder:
            switch = pathlib.Path(folder) / "ip_forward"
            with mock.patch("guard.FORWARDS", switch):
                for before in ("0\n", "1\n"):
                    switch.write_text(before)
                    guard.forward()
                    self.assertEqual(switch.read_text().strip(), "1")
                switch.unlink()
                with self.assertRaises(Failure):
                    guard.forward()
