"""This VM's end of a WireGuard tunnel: its key, who is at the other ends, and whether they answer.

A thread of its own does all of it, because a key must be changed in time while Flower or OneGate keeps the rest waiting.
It is handed what the zone says, and leaves what it has to say where `follow` finds it, which tells the zone.
"""

import base64
import contextlib
import errno
import ipaddress
import json
import logging
import os
import re
import socket
import threading
import time
from collections import deque

import guard
import wire
from context import Failure, address
from ends import SILENT_AFTER, TRIED_FOR, Ends
from flower import Places, write
from guest import Guest
from link import Dialled, dial, resolved, silence
from netlink import Change, PeerState
from process import User
from superlink import FLEET_PORT
from wireguard import NAME, forged, make_key, open_device, public_key, set_addresses

TURN = 0.5  # seconds; a network moves to a new key that much later at the most
RETRY_AFTER = 5  # after a failure
UPKEEP_EVERY = 60
REMEMBER_EVERY = 10  # however often endpoints change
KNOCKS_EVERY = 5
POKE_EVERY = 5  # while nobody answers: WireGuard by itself gives up after 90 s and then tries every 25 s
LINKS_EVERY = 2  # heartbeats
MOST_CHANGES = 6  # a minute are told at once, whoever comes and goes
DOUBT_EVERY = 60  # seconds
ECHO_REQUEST = b"\x08\x00\xf7\xff\x00\x00\x00\x00"
ECHO_WITHIN = 1.5  # seconds, and a turn that sees it

log = logging.getLogger("florist")


class Tunnel:
    def __init__(self, context: dict[str, str], guest: Guest, places: Places, apps: User):
        places.bind(guest, context)
        self.context = context
        self.guest = guest
        self.apps = apps
        self.is_hub = "WG_PORT" in context
        self.port = int(context["WG_PORT"]) if self.is_hub else None
        self.passage = guard.passage_in(context) if context["FL_ROLE"] == "gateway" else None
        self.log_file = places.logs / "tunnel.log"
        self.key_file = places.agent / "tunnel.key"
        self.next_file = places.agent / "tunnel-next.key"
        self.memory_file = places.agent / "tunnel.json"
        self.memory = {"rotation": 0, "peers": "", "moved": [], "endpoints": {}}
        if self.memory_file.exists():
            self.memory |= json.loads(self.memory_file.read_text())
        if not self.key_file.exists():
            write(self.key_file, base64.b64encode(make_key()).decode())
        self.key = key_in(self.key_file)
        self.next = key_in(self.next_file) if self.next_file.exists() else None
        self.sequence, self.own, self.peers = wire.tunnel_peers(self.memory["peers"]) or (0, [], {})
        self.device = None
        self.laid: tuple | None = None  # the addresses and networks that the VM has
        self.in_use = b""  # the private key that the device has
        self.ends = Ends()
        self.tried: dict[str, tuple] = {}  # by key: the endpoint that was told, where that is, when it was looked up
        self.due = {"upkeep": 0.0, "knocks": 0.0, "remember": 0.0, "poke": 0.0}
        self.given: dict[str, str] = {}
        self.looked_at = ""  # the WG_PEERS that was read last
        self.malformed: str | None = None
        self.reason: str | None = None
        self.applied = 0  # the sequence of the WG_PEERS that the device has
        self.told = None, 0  # who was there, and which heartbeat it was, when WG_LINKS was said
        self.changes: deque[float] = deque([0.0] * MOST_CHANGES, MOST_CHANGES)  # when one was told at once
        self.doubted = ""  # the key of an end that seems to answer, although nothing gets through to it
        self.ended = threading.Event()

    @property
    def taken(self) -> bool:
        return self.applied > 0

    @property
    def stands(self) -> bool:
        """The device is there with its key, and so are the rules around it."""
        return self.laid is not None and self.in_use == self.key[0]

    def start(self) -> None:
        self.thread = threading.Thread(target=self.go_on, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """The device stays: an agent that starts again goes on with it."""
        self.ended.set()
        self.thread.join()

    def go_on(self) -> None:
        while not self.ended.wait(TURN if self.turn() else RETRY_AFTER):
            pass

    def turn(self) -> bool:
        """Whether all is as it should be."""
        try:
            self.take_peers()
            self.take_key()
            self.settle()
            self.reason = self.malformed
        except Failure as failure:
            self.fail(failure.reason, str(failure))
        except Exception as error:
            self.fail("tunnel-unavailable", repr(error))
        return self.reason in (None, self.malformed)

    def fail(self, reason: str, sentence: str) -> None:
        if reason != self.reason:
            log.error("tunnel: %s: %s", reason, sentence)
        self.reason, self.laid = reason, None

    def take_peers(self) -> None:
        value = self.given.get("WG_PEERS", "")
        if value == self.looked_at:
            return
        self.looked_at = value
        found = wire.tunnel_peers(value) if value else None
        self.malformed = "peers-malformed" if value and not (found and self.is_sound(found[2])) else None
        if self.malformed or not found or found[0] <= self.sequence:
            return
        self.sequence, self.own, self.peers = found
        replaces = {key for key, peer in self.peers.items() if peer.replaces}
        self.memory |= {"peers": value, "moved": [key for key in self.memory["moved"] if key in replaces]}
        self.remember()
        log.info("WG_PEERS %s taken: %s peers", self.sequence, len(self.peers))

    def is_sound(self, peers: dict) -> bool:
        """What the device would twist without a word: a network of two peers, or a peer with this VM's own key."""
        networks = [network_of(each) for peer in peers.values() for each in peer.allowed]
        return len(set(networks)) == len(networks) and self.key[1] not in peers

    def take_key(self) -> None:
        """A new one is made when it is asked for, and used once every other end knows it."""
        asked = self.given.get("WG_ROTATE", "")
        if re.fullmatch(r"[1-9]\d{0,8}", asked) and int(asked) > self.memory["rotation"]:
            write(self.next_file, base64.b64encode(make_key()).decode())
            self.next = key_in(self.next_file)
            self.memory["rotation"] = int(asked)
            self.remember()
        if self.next and self.given.get("WG_SWITCH") == self.next[1]:
            os.replace(self.next_file, self.key_file)
            self.key, self.next = self.next, None
            log.info("the new key is in use")

    def remember(self) -> None:
        write(self.memory_file, json.dumps(self.memory))

    def settle(self) -> None:
        """Makes the device what WG_PEERS and the key say, whatever it is now, and looks what it did."""
        if not self.device or not self.is_there():
            self.device, self.laid, self.in_use = open_device(self.log_file), None, b""
        wanted = self.wanted()
        layout = self.addresses(), set().union(*wanted.values())
        if self.is_due("upkeep", UPKEEP_EVERY) or layout != self.laid:
            own = {each.partition("/")[0] for each in layout[0]}
            guard.shield_tunnel(NAME, self.apps, self.port, FLEET_PORT, own, self.passage)
            guard.open_in_ufw(NAME, self.port, FLEET_PORT, self.passage)
            set_addresses(*layout, self.context["WG_MTU"])
            self.laid = layout
        if self.passage:
            guard.forward()
        if self.in_use != self.key[0]:
            self.use_key()
        if self.apply(wanted):
            self.apply(self.wanted())
        self.applied = self.sequence
        if self.is_due("knocks", KNOCKS_EVERY):
            self.ends.strays, self.ends.forged = guard.strays(), forged()
            for key in self.ends.deaf(guard.knocks()) if self.is_hub else ():
                self.make_anew(key)
        if self.doubted in self.ends.seen:
            self.make_anew(self.doubted)
        self.doubted = ""
        if any(peer.endpoint and not self.ends.seen[key].is_alive() for key, peer in self.peers.items()):
            if self.is_due("poke", POKE_EVERY):
                self.poke()

    def is_there(self) -> bool:
        try:
            self.device.read()
        except OSError as error:
            log.warning("the tunnel's device is gone: %s", error)
            self.device.close()
            return False
        return True

    def addresses(self) -> set[str]:
        return set(self.own) | ({self.context["WG_ADDRESS"]} if self.is_hub else set())

    def wanted(self) -> dict[str, frozenset[str]]:
        """Each peer's networks; those of a key that was replaced are its successor's."""
        moved = {self.peers[key].replaces: key for key in self.memory["moved"]}
        wanted = {key: set() for key in self.peers}
        for key, peer in self.peers.items():
            wanted[moved.get(key, key)] |= {network_of(each) for each in peer.allowed}
        return {key: frozenset(networks) for key, networks in wanted.items()}

    def use_key(self) -> None:
        """In place, on a device that is up: only then a port that is taken is an error. The others hear of it at once."""
        try:
            self.device.set(private=self.key[0], port=self.port if not self.in_use else None)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise Failure("tunnel-port-taken", f"UDP port {self.port}: {error}") from error
        if self.in_use:
            self.ends.own_key_changed()
        self.in_use = self.key[0]
        self.poke()

    def poke(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
            plain.setblocking(False)
            for network in self.laid[1] if self.laid else ():
                try:
                    plain.sendto(b"", (network.partition("/")[0], 9))
                except OSError:
                    pass  # nobody is there yet

    def apply(self, wanted: dict[str, frozenset[str]]) -> bool:
        """Sets what differs and reads it back. Whether a key has shown that it is in use now."""
        state = self.device.read()
        changes = [Change(key, remove=True) for key in state if key not in wanted]
        for key, allowed in wanted.items():
            endpoint = self.endpoint_due(key, key not in state)
            if endpoint or key not in state or state[key].allowed != allowed:
                changes.append(Change(key, allowed, endpoint))
        if changes:
            self.device.set(changes=changes)
            state = self.device.read()
            if {key: peer.allowed for key, peer in state.items()} != wanted:
                raise Failure("tunnel-unavailable", "The device does not hold what it was told.")
        return self.moves(state)

    def moves(self, state: dict[str, PeerState]) -> bool:
        fresh = self.ends.observe(state)
        self.remember_endpoints(state)
        moved = [key for key in fresh if self.peers[key].replaces in self.peers and key not in self.memory["moved"]]
        if moved:
            log.info("%s peers use their new key", len(moved))
            self.memory["moved"] += moved
            self.remember()
        return bool(moved)

    def endpoint_due(self, key: str, is_new: bool) -> tuple[str, int] | None:
        """Where to send to, if that has to be set. A name is looked up again when nothing has come for long."""
        told, now = self.peers[key].endpoint, time.monotonic()
        kept = self.memory["endpoints"].get(key)
        if told is None:
            return address(kept) if is_new and kept else None
        before, found, looked_up = self.tried.get(key, ("", None, 0.0))
        seen = self.ends.seen.get(key)
        patience = TRIED_FOR if not found else SILENT_AFTER if seen and seen.is_silent() else float("inf")
        if not is_new and before == told and now - looked_up < patience:
            return None
        found = resolved(told)
        self.tried[key] = told, found, time.monotonic()
        return found or (address(kept) if is_new and kept else None)

    def remember_endpoints(self, state: dict[str, PeerState]) -> None:
        kept = self.memory["endpoints"]
        now = {key: "{}:{}".format(*peer.endpoint) for key, peer in state.items() if peer.endpoint}
        now = {key: kept[key] for key in state if key in kept} | now
        if now != kept and (now.keys() != kept.keys() or self.is_due("remember", REMEMBER_EVERY)):
            self.memory["endpoints"] = now
            self.remember()

    def make_anew(self, key: str) -> None:
        """With everything it has; a session that was none ends, and a handshake has to show whether anybody is there."""
        log.info("%s is made anew", key)
        peer = self.ends.state[key]
        self.device.set(changes=[Change(key, remove=True), Change(key, frozenset(peer.allowed), peer.endpoint)])
        self.ends.seen[key].make_anew()

    def is_due(self, what: str, every: float) -> bool:
        if time.monotonic() < self.due[what]:
            return False
        self.due[what] = time.monotonic() + every
        return True

    def follow(self) -> str | None:
        """By whoever waits: hands over what the zone says, and tells what has changed. What is wrong here, if anything."""
        self.given = self.guest.given
        said, news = self.guest.said | self.guest.unsaid, {}
        if self.in_use == self.key[0] or not self.is_hub:
            news["WG_PUBLIC_KEY"] = self.key[1]
        if following := self.next:  # it may be taken into use meanwhile
            news["WG_NEXT_KEY"] = following[1]
        there = self.ends.there()
        heartbeats = self.guest.heartbeat - self.told[1]
        changed = there != self.told[0] and time.monotonic() - self.changes[0] > 60
        if (there[0] or self.told[0]) and (heartbeats >= LINKS_EVERY or changed):
            self.changes += [time.monotonic()] * (heartbeats < LINKS_EVERY)
            self.told = there, self.guest.heartbeat
            news["WG_LINKS"] = self.ends.links()
        if fresh := {name: value for name, value in news.items() if said.get(name) != value}:
            self.guest.tell(**fresh)
        return self.reason

    def dial(self, host: str, port: int, ca_file: str) -> Dialled | None:
        """As `link.dial`, and whose fault it is when that fails; None as long as nobody can tell."""
        peers, seen = self.peers, self.ends.seen
        key = next((key for key, networks in self.wanted().items() if f"{host}/32" in networks), None)
        if key is None or key not in seen:
            return dial(host, port, ca_file, large=True)
        one = seen[key]
        if one.is_silent():
            return silence(peers[key].endpoint)
        if one.has_only_begun():
            return None
        rx = one.rx
        found = dial(host, port, ca_file, large=True)
        if found.link != "unreachable":
            return found
        if one.rx == rx:
            ask_for_echo(host)  # the other end answers that itself, whatever there is behind it
            time.sleep(ECHO_WITHIN)
            return silence(peers[key].endpoint) if one.rx == rx else found
        if time.monotonic() - one.cleared < DOUBT_EVERY:
            return found
        self.doubted = key  # packets may get lost in one direction only
        return None


def ask_for_echo(host: str) -> None:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as line:
        line.sendto(ECHO_REQUEST, (host, 0))


def key_in(file) -> tuple[bytes, str]:
    """The private half, and the public one as it is told."""
    private = base64.b64decode(file.read_text())
    return private, base64.b64encode(public_key(private)).decode()


def network_of(text: str) -> str:
    return str(ipaddress.ip_network(text, strict=False))
