"""What a VM makes of the tunnel that it is told of, with the device and the clock played."""

import base64
import json
import os
import pathlib
import socket
import stat
import tempfile
import types
import unittest
from unittest import mock

import tunnel
import wire
from context import Failure
from link import Dialled
from netlink import PeerState
from tunnel import Tunnel

ALICE, BOB, CAROL = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))
HUB_AT = "198.51.100.7:51820"


class FakeDevice:
    """Keeps what it is told, as both kinds of device do, and what was asked of it."""

    def __init__(self):
        self.peers: dict[str, PeerState] = {}
        self.private, self.port, self.calls = b"", None, []
        self.gone = False
        self.twists = False

    def set(self, private=b"", port=None, changes=()) -> None:
        if port == 7:
            raise OSError(98, "Address already in use")
        self.private, self.port = private or self.private, port if port is not None else self.port
        for change in changes:
            self.calls.append(("removed" if change.remove else "set", change.key, change.endpoint))
            if change.remove:
                self.peers.pop(change.key, None)
                continue
            peer = self.peers.setdefault(change.key, PeerState(set(), None, 0, 0, 0))
            peer.endpoint = change.endpoint or peer.endpoint
            if change.allowed is not None:
                for other in self.peers.values():
                    other.allowed = other.allowed - change.allowed
                peer.allowed = set() if self.twists else set(change.allowed)

    def read(self) -> dict[str, PeerState]:
        if self.gone:
            raise OSError(111, "Connection refused")
        return {key: PeerState(set(peer.allowed), peer.endpoint, peer.handshake, peer.rx, peer.tx) for key, peer in self.peers.items()}

    def close(self) -> None:
        self.calls.append(("closed", "", None))


def peers(sequence: int, own: list, /, *listed: tuple, **changed) -> str:
    """Each as (key, endpoint, networks, replaces)."""
    lines = [f"{key} {at or '-'} {','.join(allowed) or '-'} {replaces or '-'}" for key, at, allowed, replaces in listed]
    digest = wire.digest(wire.lines("WG_PEERS", sequence, " ".join(["own", *own]), *lines))
    each = [dict(zip(("key", "endpoint", "allowed", "replaces"), one)) for one in listed]
    found = {"schema": 1, "sequence": sequence, "digest": digest, "own": own, "peers": each}
    return wire.encode_text(json.dumps(found | changed))


class Bench(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.now, self.wall = 1000.0, 5000.0
        self.device, self.opened = FakeDevice(), 0
        self.laid: list[tuple] = []
        self.shields, self.poked = 0, 0
        self.knocks: dict[str, int] = {}
        self.strays: dict[str, int] = {}
        self.forged = 0
        self.names: dict[str, str] = {}
        for target, stand_in in (
            ("flower.os.fchown", lambda *_: None),
            ("tunnel.open_device", self.open),
            ("tunnel.set_addresses", lambda *laid: self.laid.append(laid)),
            ("tunnel.guard.shield_tunnel", self.shield),
            ("tunnel.guard.knocks", lambda: dict(self.knocks)),
            ("tunnel.guard.strays", lambda: dict(self.strays)),
            ("tunnel.forged", lambda: self.forged),
            ("tunnel.Tunnel.poke", self.poke),
            ("tunnel.time.monotonic", lambda: self.now),
            ("ends.time.time", lambda: self.wall),
            ("link.socket.getaddrinfo", self.look_up),
            ("guard.shutil.which", lambda _: None),
        ):
            patch = mock.patch(target, stand_in)
            patch.start()
            self.addCleanup(patch.stop)
        self.boot_hub()

    def open(self, _):
        self.opened += 1
        if isinstance(self.device, Failure):
            raise self.device
        return self.device

    def shield(self, *_) -> None:
        self.shields += 1

    def poke(self) -> None:
        self.poked += 1

    def look_up(self, host, port, *_):
        if host not in self.names:
            raise OSError("Name or service not known")
        return [(0, 0, 0, "", (self.names[host], port))]

    def boot(self, **context: str) -> Tunnel:
        """The VM and this program start anew on the same disk; the device is another one."""
        self.device = FakeDevice()
        self.guest = types.SimpleNamespace(given={}, said={}, unsaid={}, heartbeat=1, tell=lambda **said: self.guest.said.update(said))
        places = types.SimpleNamespace(bind=lambda *_: None, agent=self.root, logs=self.root)
        self.tunnel = Tunnel({"WG_MTU": "1420"} | context, self.guest, places, types.SimpleNamespace(uid=1))
        return self.tunnel

    def boot_hub(self, port: str = "51820") -> Tunnel:
        return self.boot(FL_ROLE="superlink", WG_ADDRESS="10.99.0.0/31", WG_PORT=port)

    def boot_node(self) -> Tunnel:
        return self.boot(FL_ROLE="supernode")

    def turn(self, seconds: float = 0.5, **given: str) -> str | None:
        self.now += seconds
        self.wall += seconds
        self.guest.given |= given
        self.tunnel.follow()
        self.tunnel.turn()
        return self.tunnel.follow()

    def tell_hub(self, sequence: int, *listed: tuple) -> str | None:
        return self.turn(WG_PEERS=peers(sequence, ["10.99.0.0/31", "10.99.0.2/31"], *listed))

    def tell_node(self, sequence: int, *listed: tuple) -> str | None:
        return self.turn(WG_PEERS=peers(sequence, ["10.99.0.1/31"], *listed))

    def shakes_hands(self, key: str, host: str = "203.0.113.9") -> None:
        peer = self.device.peers[key]
        peer.handshake, peer.rx, peer.endpoint = int(self.wall), peer.rx + 148, (host, 4000)

    def networks(self) -> dict[str, set]:
        return {key: peer.allowed for key, peer in self.device.peers.items()}

    def links(self) -> dict:
        return json.loads(wire.decode_text(self.guest.said["WG_LINKS"]))


class Key(Bench):
    def test_the_key_is_made_once_and_is_roots_alone_from_its_first_moment(self):
        first = self.tunnel.key
        self.assertEqual(self.boot_hub().key, first)
        self.assertEqual(stat.S_IMODE(self.tunnel.key_file.stat().st_mode), 0o600)
        old = os.umask(0o077)
        self.addCleanup(os.umask, old)
        modes = []
        with mock.patch("flower.os.fchmod", lambda file, _: modes.append(stat.S_IMODE(os.fstat(file).st_mode))):
            self.tunnel.key_file.unlink()
            self.boot_hub()
        self.assertEqual(modes, [0o600])

    def test_its_public_half_is_what_openssl_makes_of_it(self):
        """The key of RFC 7748, section 6.1."""
        private = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
        public = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
        self.assertEqual(tunnel.public_key(bytes.fromhex(private)).hex(), public)

    def test_a_superlink_says_it_once_its_device_is_up_and_a_supernode_at_once(self):
        self.device = Failure("tunnel-unavailable", "none")
        self.assertEqual(self.turn(), "tunnel-unavailable")
        self.assertNotIn("WG_PUBLIC_KEY", self.guest.said)
        self.device = FakeDevice()
        self.assertIsNone(self.turn())
        self.assertEqual(self.guest.said["WG_PUBLIC_KEY"], self.tunnel.key[1])
        self.assertEqual((self.device.private, self.device.port), (self.tunnel.key[0], 51820))
        self.boot_node().follow()
        self.assertEqual(self.guest.said["WG_PUBLIC_KEY"], self.tunnel.key[1])

    def test_a_new_key_is_told_when_it_is_asked_for_and_used_when_it_is_named(self):
        self.turn()
        before = self.tunnel.key
        self.turn(WG_ROTATE="1")
        fresh = self.guest.said["WG_NEXT_KEY"]
        self.assertNotEqual(fresh, before[1])
        for word in (BOB, "", before[1]):
            self.turn(WG_SWITCH=word)
            self.assertEqual((self.device.private, self.guest.said["WG_PUBLIC_KEY"]), before)
        poked = self.poked
        self.turn(WG_SWITCH=fresh)
        self.assertEqual(self.guest.said["WG_PUBLIC_KEY"], fresh)
        self.assertEqual((self.device.private, self.poked), (self.tunnel.key[0], poked + 1), "The others are to hear of it at once.")
        self.assertEqual(self.boot_hub().key[1], fresh)
        self.assertIsNone(self.tunnel.next)

    def test_the_same_question_or_an_older_one_asks_for_no_other_key(self):
        self.turn(WG_ROTATE="4")
        fresh = self.guest.said["WG_NEXT_KEY"]
        for word in ("4", "3", "0", "x", "-5", "5.0", "5" * 12):
            self.turn(WG_ROTATE=word)
            self.assertEqual(self.tunnel.next[1], fresh)
        self.boot_hub()
        self.turn(WG_ROTATE="4")
        self.assertEqual(self.guest.said["WG_NEXT_KEY"], fresh)
        self.turn(WG_ROTATE="5")
        self.assertNotEqual(self.guest.said["WG_NEXT_KEY"], fresh)


class Peers(Bench):
    def test_a_superlink_is_there_before_it_knows_anybody(self):
        self.assertIsNone(self.turn())
        self.assertEqual(self.laid, [({"10.99.0.0/31"}, set(), "1420")])
        self.assertFalse(self.tunnel.taken)

    def test_addresses_routes_and_peers_are_what_it_was_told(self):
        self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None), (BOB, None, ["10.99.0.3/32", "10.30.0.0/24"], None))
        self.assertEqual(self.networks(), {ALICE: {"10.99.0.1/32"}, BOB: {"10.99.0.3/32", "10.30.0.0/24"}})
        own, networks, _ = self.laid[-1]
        self.assertEqual((own, networks), ({"10.99.0.0/31", "10.99.0.2/31"}, {"10.99.0.1/32", "10.99.0.3/32", "10.30.0.0/24"}))
        self.assertTrue(self.tunnel.taken)

    def test_who_stays_is_not_touched_by_a_newer_list(self):
        self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None), (BOB, None, ["10.99.0.3/32"], None))
        self.device.calls.clear()
        self.tell_hub(2, (ALICE, None, ["10.99.0.1/32"], None), (CAROL, None, ["10.99.0.5/32"], None))
        self.assertEqual(self.device.calls, [("removed", BOB, None), ("set", CAROL, None)])
        self.turn()
        self.assertEqual(len(self.device.calls), 2)

    def test_a_list_that_is_not_newer_or_cannot_be_read_changes_nothing(self):
        self.tell_hub(2, (ALICE, None, ["10.99.0.1/32"], None))
        for value in (
            peers(2, [], (BOB, None, [], None)),
            peers(1, [], (BOB, None, [], None)),
        ):
            self.assertIsNone(self.turn(WG_PEERS=value))
        own = self.tunnel.key[1]
        for value in (
            "no list",
            peers(3, [], (BOB, None, [], None), sequence=4),
            peers(3, [], (BOB, None, ["10.0.0.1/31"], None), (CAROL, None, ["10.0.0.0/31"], None)),
            peers(3, [], (own, None, ["10.0.0.1/32"], None)),
        ):
            self.assertEqual(self.turn(WG_PEERS=value), "peers-malformed")
        self.assertEqual(self.networks(), {ALICE: {"10.99.0.1/32"}})
        self.assertIsNone(self.tell_hub(3, (BOB, None, [], None)))
        self.assertEqual(self.networks(), {BOB: set()})

    def test_a_reboot_needs_nobody_peers_and_the_endpoints_seen_last_are_on_the_disk(self):
        self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None))
        self.shakes_hands(ALICE)
        self.turn()
        self.boot_hub()
        self.turn()
        self.assertEqual(self.networks(), {ALICE: {"10.99.0.1/32"}})
        self.assertEqual(self.device.calls, [("set", ALICE, ("203.0.113.9", 4000))])
        self.assertTrue(self.tunnel.taken)
        self.assertEqual(stat.S_IMODE(self.tunnel.memory_file.stat().st_mode), 0o600)

    def test_an_endpoint_that_changes_all_the_time_is_not_written_all_the_time(self):
        self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None))
        self.shakes_hands(ALICE)
        self.turn()
        with mock.patch.object(self.tunnel, "remember") as remember:
            for number in range(40):
                self.shakes_hands(ALICE, f"203.0.113.{number}")
                self.turn()
        self.assertEqual(remember.call_count, 2)

    def test_a_device_that_does_not_hold_what_it_was_told_is_told(self):
        self.device.twists = True
        self.assertEqual(self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None)), "tunnel-unavailable")
        self.device.twists = False
        self.assertIsNone(self.turn())

    def test_what_somebody_changed_at_the_device_is_set_right(self):
        self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None))
        self.device.peers = {BOB: PeerState({"10.99.0.1/32"}, None, 0, 0, 0)}
        self.turn()
        self.assertEqual(self.networks(), {ALICE: {"10.99.0.1/32"}})

    def test_a_device_that_is_gone_is_made_anew_with_everything(self):
        self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None))
        self.shakes_hands(ALICE)
        self.turn()
        self.device.gone = True
        old, self.device = self.device, FakeDevice()
        self.assertIsNone(self.turn())
        self.assertEqual(old.calls[-1][0], "closed")
        self.assertEqual((self.device.private, self.device.port), (self.tunnel.key[0], 51820))
        self.assertEqual(self.device.calls, [("set", ALICE, ("203.0.113.9", 4000))])
        self.assertEqual(self.laid[-1], self.laid[-2])

    def test_a_port_that_another_program_has_is_told_until_it_is_free(self):
        self.boot_hub("7")
        self.assertEqual(self.turn(), "tunnel-port-taken")
        self.tunnel.port = 51820
        self.assertIsNone(self.turn())

    def test_the_walls_around_it_and_its_addresses_are_looked_after_every_minute(self):
        self.turn()
        self.turn()
        self.assertEqual((self.shields, len(self.laid)), (1, 1))
        self.turn(61)
        self.assertEqual((self.shields, len(self.laid)), (2, 2))

    def test_its_port_is_opened_in_ufw_where_that_is_active_and_again_every_minute(self):
        said: list[tuple] = []

        def tool(*command: str) -> bytes:
            said.append(command)
            return status

        with mock.patch("guard.shutil.which", lambda _: "/usr/sbin/ufw"), mock.patch("guard.tool", tool):
            status = b"Status: inactive\n"
            self.turn()
            self.assertEqual(said, [("ufw", "status")])
            status = b"Status: active\n"
            self.turn(61)
            self.assertIn(("ufw", "allow", "51820/udp"), said)
            opened = len(said)
            self.turn(61)
            self.assertEqual(len(said) - opened, 3)


class Replaced(Bench):
    def setUp(self) -> None:
        super().setUp()
        self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None), (CAROL, None, ["10.99.0.3/32"], None))
        listed = (ALICE, None, ["10.99.0.1/32"], None), (CAROL, None, ["10.99.0.3/32"], None), (BOB, None, [], ALICE)
        self.tell_hub(2, *listed)

    def test_networks_move_to_a_new_key_by_themselves_when_it_shows_its_handshake(self):
        self.assertEqual(self.networks(), {ALICE: {"10.99.0.1/32"}, BOB: set(), CAROL: {"10.99.0.3/32"}})
        self.shakes_hands(BOB)
        self.turn()
        moved = {ALICE: set(), BOB: {"10.99.0.1/32"}, CAROL: {"10.99.0.3/32"}}
        self.assertEqual(self.networks(), moved)
        self.assertNotIn(("set", CAROL, None), self.device.calls[2:])
        self.boot_hub()
        self.turn()
        self.assertEqual(self.networks(), moved, "It holds after a reboot.")

    def test_the_list_that_follows_no_longer_names_the_old_key_and_costs_nothing(self):
        self.shakes_hands(BOB)
        self.turn()
        self.device.calls.clear()
        self.tell_hub(3, (BOB, None, ["10.99.0.1/32"], None), (CAROL, None, ["10.99.0.3/32"], None))
        self.assertEqual(self.device.calls, [("removed", ALICE, None)])

    def test_a_rotation_that_is_called_off_leaves_the_old_key(self):
        self.tell_hub(3, (ALICE, None, ["10.99.0.1/32"], None), (CAROL, None, ["10.99.0.3/32"], None))
        self.assertEqual(self.networks(), {ALICE: {"10.99.0.1/32"}, CAROL: {"10.99.0.3/32"}})


class Endpoints(Bench):
    def setUp(self) -> None:
        super().setUp()
        self.boot_node()

    def test_a_name_is_looked_up_here_and_again_after_long_silence(self):
        self.names["hub.example.org"] = "198.51.100.7"
        self.tell_node(1, (ALICE, "hub.example.org:51820", ["10.99.0.0/32"], None))
        self.shakes_hands(ALICE, "198.51.100.7")
        self.turn()
        self.names["hub.example.org"] = "198.51.100.8"
        self.turn(170)
        self.assertEqual(self.device.calls, [("set", ALICE, ("198.51.100.7", 51820))])
        self.turn(20)
        self.assertEqual(self.device.calls[1:], [("set", ALICE, ("198.51.100.8", 51820))])
        self.turn()
        self.assertEqual(len(self.device.calls), 2)

    def test_a_name_that_nobody_knows_is_tried_every_15_s_and_meanwhile_what_was_seen_last_holds(self):
        self.names["hub.example.org"] = "198.51.100.7"
        self.tell_node(1, (ALICE, "hub.example.org:51820", ["10.99.0.0/32"], None))
        self.shakes_hands(ALICE, "198.51.100.9")
        self.turn()
        self.names.clear()
        self.boot_node()
        self.turn()
        self.assertEqual(self.device.calls, [("set", ALICE, ("198.51.100.9", 4000))])
        self.names["hub.example.org"] = "198.51.100.8"
        self.turn(10)
        self.assertEqual(len(self.device.calls), 1)
        self.turn(10)
        self.assertEqual(self.device.calls[1:], [("set", ALICE, ("198.51.100.8", 51820))])

    def test_another_address_of_the_hub_is_set_at_once(self):
        self.tell_node(1, (ALICE, HUB_AT, ["10.99.0.0/32"], None))
        self.tell_node(2, (ALICE, "198.51.100.99:51820", ["10.99.0.0/32"], None))
        self.assertEqual(self.device.calls[1:], [("set", ALICE, ("198.51.100.99", 51820))])

    def test_while_nobody_answers_it_goes_on_trying(self):
        self.tell_node(1, (ALICE, HUB_AT, ["10.99.0.0/32"], None))
        begun = self.poked
        for _ in range(120):
            self.turn()
        self.assertEqual(self.poked - begun, 12)
        self.shakes_hands(ALICE, "198.51.100.7")
        self.turn()
        answered = self.poked
        for _ in range(120):
            self.turn()
        self.assertEqual(self.poked, answered)


class Clock(Bench):
    """A peer whose clock went back is refused by the device without a word."""

    def setUp(self) -> None:
        super().setUp()
        self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None), (BOB, None, ["10.99.0.3/32"], None))
        for key in (ALICE, BOB):
            self.shakes_hands(key)
        self.turn()
        self.device.calls.clear()

    def knock(self, seconds: int, heard: str | None = None) -> list:
        for _ in range(seconds // 5):
            self.knocks["203.0.113.9"] = self.knocks.get("203.0.113.9", 0) + 1
            if heard:
                self.device.peers[heard].rx += 100
            self.turn(5)
        return [call for call in self.device.calls if call[1] == ALICE]

    def test_one_that_knocks_in_vain_is_removed_and_added_and_keeps_networks_and_endpoint(self):
        self.assertEqual(self.knock(15, BOB), [])
        self.assertEqual(self.knock(15, BOB), [("removed", ALICE, None), ("set", ALICE, ("203.0.113.9", 4000))])
        self.assertEqual(self.networks()[ALICE], {"10.99.0.1/32"})

    def test_who_is_heard_behind_the_same_address_is_not_touched(self):
        self.knock(60, BOB)
        self.assertEqual([call for call in self.device.calls if call[1] == BOB], [])

    def test_it_happens_once_until_the_peer_was_there_again(self):
        self.assertEqual(len(self.knock(300, BOB)), 2)
        self.shakes_hands(ALICE)
        self.turn()
        self.assertEqual(len(self.knock(300, BOB)), 4)

    def test_silence_without_knocks_is_no_clock(self):
        self.turn(100)
        self.turn(100)
        self.assertEqual(self.device.calls, [])

    def test_how_long_ago_does_not_depend_on_a_clock_that_somebody_sets(self):
        self.wall -= 86_400
        self.guest.heartbeat += 2
        self.turn(30)
        self.assertTrue(all(30 <= peer["age"] <= 31 for peer in self.links()["peers"]))


class Links(Bench):
    def setUp(self) -> None:
        super().setUp()
        self.tell_hub(1, (ALICE, None, ["10.99.0.1/32"], None), (BOB, None, ["10.99.0.3/32"], None))
        self.writes: list[str] = []
        tell = self.guest.tell
        self.guest.tell = lambda **said: (self.writes.extend(said), tell(**said))

    def test_they_say_who_is_there_since_when_and_from_where(self):
        self.shakes_hands(ALICE)
        self.knocks = {"203.0.113.9": 2, "192.0.2.66": 40}
        self.turn(20)
        self.guest.heartbeat += 2
        self.turn(5)
        alice, bob = self.links()["peers"]
        seen = {"endpoint": "203.0.113.9:4000", "allowed": ["10.99.0.1/32"], "moves": 0}
        self.assertEqual(alice, {"key": ALICE, "age": 25, "rx": 148, "tx": 0} | seen)
        unseen = {"endpoint": None, "allowed": ["10.99.0.3/32"], "moves": 0}
        self.assertEqual(bob, {"key": BOB, "age": None, "rx": 0, "tx": 0} | unseen)
        self.assertEqual(self.links()["knocks"], [{"from": "192.0.2.66", "count": 40}, {"from": "203.0.113.9", "count": 2}])

    def test_they_are_said_with_every_second_heartbeat_and_not_in_between(self):
        for second in range(120):
            self.device.peers[ALICE].rx += 100
            self.guest.heartbeat += second % 30 == 29
            self.turn(1)
        self.assertEqual(self.writes.count("WG_LINKS"), 2)

    def test_who_comes_is_said_soon_and_so_is_who_goes(self):
        self.turn(20)
        self.writes.clear()
        self.shakes_hands(ALICE)
        self.turn()
        self.assertEqual(self.writes, ["WG_LINKS"])
        self.turn(179)
        self.assertEqual(self.writes, ["WG_LINKS"])
        self.turn(2)
        self.assertEqual(self.writes, ["WG_LINKS"] * 2)

    def test_who_is_seen_in_two_places_in_turn_is_counted_and_said_soon(self):
        self.shakes_hands(ALICE)
        self.turn(20)
        self.writes.clear()
        for host in ("192.0.2.7", "203.0.113.9", "192.0.2.7", "203.0.113.9"):
            self.device.peers[ALICE].endpoint = (host, 4000)
            self.device.peers[ALICE].rx += 100
            self.turn(8)
        self.assertEqual(self.writes, ["WG_LINKS"])
        self.assertEqual(self.links()["peers"][0]["moves"], 4)

    def test_one_that_moves_on_now_and_then_is_counted_and_said_with_the_rest(self):
        self.shakes_hands(ALICE)
        self.turn(20)
        self.writes.clear()
        for host in range(6):
            self.device.peers[ALICE].endpoint = (f"192.0.2.{host}", 4000)
            self.device.peers[ALICE].rx += 100
            self.turn(25)
        self.assertEqual(self.writes, [])

    def test_who_knocks_where_nobody_is_heard_any_more_is_said_soon(self):
        self.shakes_hands(ALICE)
        self.knocks = {"203.0.113.9": 1}
        self.turn(20)
        self.turn(5)
        self.writes.clear()
        for knock in range(2, 8):
            self.knocks = {"203.0.113.9": knock}
            self.turn(5)
        self.assertGreaterEqual(len(self.writes), 1)
        self.assertGreaterEqual(self.links()["knocks"][0]["count"], 4)

    def test_two_knocks_in_vain_are_said_at_once_although_its_last_handshake_is_young(self):
        self.shakes_hands(ALICE)
        self.knocks = {"203.0.113.9": 20}
        self.turn(5)
        self.device.peers[ALICE].rx += 148
        self.turn(5)
        self.writes.clear()
        for knock in (21, 22):
            self.knocks = {"203.0.113.9": knock}
            self.turn(5)
        self.assertEqual(self.writes, ["WG_LINKS"])
        self.assertEqual(self.links()["knocks"][0]["count"], 22)

    def test_knocks_that_are_answered_are_not_in_vain(self):
        self.shakes_hands(ALICE)
        self.turn(5)
        self.writes.clear()
        for knock in range(1, 5):
            self.knocks = {"203.0.113.9": knock}
            self.device.peers[ALICE].rx += 148
            self.turn(5)
        self.assertEqual(self.writes, [])

    def test_after_a_change_of_the_own_key_no_handshake_counts_until_there_is_one_with_it(self):
        self.shakes_hands(ALICE)
        self.turn(5)
        self.turn(WG_ROTATE="1")
        self.turn(WG_SWITCH=self.guest.said["WG_NEXT_KEY"])
        self.turn()
        alice = self.links()["peers"][0]
        self.assertEqual((alice["age"], alice["endpoint"]), (None, "203.0.113.9:4000"))
        self.turn(5)
        self.shakes_hands(ALICE)
        self.turn()
        self.assertEqual(self.links()["peers"][0]["age"], 0)

    def test_what_was_dropped_is_said_soon_and_no_more_often_the_more_it_is(self):
        self.turn(60)
        self.writes.clear()
        for packets in range(1, 101):
            self.strays, self.forged = {"10.99.0.1": packets}, 2 * packets
            self.turn(5)
        said = self.links()
        self.assertGreaterEqual(said["strays"][0]["count"], 64)
        self.assertEqual((said["strays"][0]["from"], len(said["strays"])), ("10.99.0.1", 1))
        self.assertGreaterEqual(said["forged"], 128)
        self.assertLessEqual(self.writes.count("WG_LINKS"), 15)

    def test_a_supernode_says_what_apps_of_its_own_send_into_the_tunnel(self):
        self.boot_node()
        self.tell_node(1, (ALICE, HUB_AT, ["10.99.0.0/32"], None))
        self.strays = {"10.99.0.1": 9}
        self.turn(5)
        self.turn(5)
        self.assertEqual(self.links()["strays"], [{"from": "10.99.0.1", "count": 9}])

    def test_that_nobody_is_left_is_said_too(self):
        self.shakes_hands(ALICE)
        self.turn(20)
        self.turn(61)
        self.tell_hub(9)
        self.turn(61)
        self.guest.heartbeat += 2
        self.turn()
        self.assertEqual(self.links()["peers"], [])

    def test_whoever_knocks_from_everywhere_makes_it_neither_write_all_the_time_nor_say_more(self):
        for number in range(100):
            self.knocks = {f"192.0.2.{host}": 1 + host for host in range(number)}
            self.turn(1)
        self.assertLessEqual(self.writes.count("WG_LINKS"), 12)
        self.assertEqual(len(self.links()["knocks"]), 32)

    def test_as_many_peers_as_a_range_has_pairs_fit_into_one_attribute(self):
        keys = [base64.b64encode(number.to_bytes(2, "big") * 16).decode() for number in range(1, 257)]
        for key in keys:
            self.device.peers[key] = PeerState({"10.199.100.101/32"}, ("203.100.113.109", 51820), int(self.wall), 10**9, 10**9)
        self.tunnel.ends.observe(self.device.read())
        self.tunnel.ends.deaf({f"203.100.113.{host}": 10**6 for host in range(100, 140)})
        self.assertLess(len(self.tunnel.ends.links()), 64 * 1024)


class Dialling(Bench):
    """Through the tunnel: whose fault it is."""

    def setUp(self) -> None:
        super().setUp()
        self.boot_node()
        self.dialled = Dialled("ok")
        self.large: list[bool] = []
        patch = mock.patch("tunnel.dial", self.fake_dial)
        patch.start()
        self.addCleanup(patch.stop)
        self.silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.silent.close)
        self.silent.bind(("127.0.0.1", 0))
        self.tell_node(1, (ALICE, f"127.0.0.1:{self.silent.getsockname()[1]}", ["10.99.0.0/32"], None))
        patience = mock.patch("link.REFUSED_WITHIN", 0.05)
        patience.start()
        self.addCleanup(patience.stop)

    def fake_dial(self, host: str, port: int, ca_file: str, large: bool) -> Dialled:
        self.large.append(large)
        return self.dialled

    def dial(self) -> str | None:
        found = self.tunnel.dial("10.99.0.0", 9092, "ca.crt")
        return found and found.link

    def test_nothing_is_said_as_long_as_it_has_only_begun(self):
        self.turn(10)
        self.assertIsNone(self.dial())
        self.assertEqual(self.large, [])

    def test_nobody_who_answers_for_15_s_is_silence(self):
        self.turn(16)
        self.assertEqual(self.dial(), "tunnel-silent")

    def test_a_machine_on_which_nobody_listens_says_so(self):
        self.silent.close()
        self.turn(16)
        self.assertEqual(self.dial(), "tunnel-refused")

    def test_with_a_handshake_the_dial_counts_and_sends_more_than_a_packet_holds(self):
        self.shakes_hands(ALICE, "127.0.0.1")
        self.turn()
        for link in ("ok", "tunnel-stalled", "refused", "name-mismatch"):
            self.dialled = Dialled(link)
            self.assertEqual(self.dial(), link)
        self.assertEqual(set(self.large), {True})

    def test_one_that_had_a_handshake_is_silent_when_nothing_comes_back_or_none_was_for_180_s(self):
        self.shakes_hands(ALICE, "127.0.0.1")
        self.turn()
        self.dialled = Dialled("unreachable")
        self.assertEqual(self.dial(), "tunnel-silent")
        self.dialled = Dialled("ok")
        self.turn(179)
        self.assertEqual(self.dial(), "ok")
        self.turn(2)
        self.assertEqual(self.dial(), "tunnel-silent")

    def hears(self, *_, **__) -> Dialled:
        """Packets come, and nothing gets through."""
        self.device.peers[ALICE].rx += 64
        self.turn()
        return Dialled("unreachable")

    def test_one_whose_packets_are_lost_in_one_direction_begins_anew_and_is_silent_then(self):
        self.shakes_hands(ALICE, "127.0.0.1")
        self.turn()
        self.device.calls.clear()
        with mock.patch("tunnel.dial", self.hears):
            self.assertIsNone(self.dial())
            self.turn()
            self.assertEqual([what for what, _, _ in self.device.calls], ["removed", "set"])
            self.assertIsNone(self.dial())
            self.turn(16)
            self.assertEqual(self.dial(), "tunnel-silent")
        self.shakes_hands(ALICE, "127.0.0.1")
        self.turn()
        self.assertEqual(self.dial(), "ok")

    def test_an_echo_from_the_other_end_tells_what_is_behind_it_from_the_tunnel(self):
        self.shakes_hands(ALICE, "127.0.0.1")
        self.turn()
        self.dialled = Dialled("unreachable")

        def answers(_host: str) -> None:
            self.device.peers[ALICE].rx += 60
            self.turn()

        with mock.patch("tunnel.ask_for_echo", answers), mock.patch("tunnel.ECHO_WITHIN", 0):
            self.assertEqual(self.dial(), "unreachable")
        with mock.patch("tunnel.ask_for_echo"), mock.patch("tunnel.ECHO_WITHIN", 0):
            self.assertEqual(self.dial(), "tunnel-silent")

    def test_what_cannot_be_reached_beyond_a_tunnel_that_carries_is_beyond_it(self):
        self.shakes_hands(ALICE, "127.0.0.1")
        self.turn()
        with mock.patch("tunnel.dial", self.hears):
            self.assertIsNone(self.dial())
            self.turn()
            self.shakes_hands(ALICE, "127.0.0.1")
            self.turn()
            self.assertEqual(self.dial(), "unreachable")


if __name__ == "__main__":
    unittest.main()
