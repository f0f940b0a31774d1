"""What is seen of a tunnel's other ends, by a clock that nobody sets: since when each is there, from where, who knocks."""

import json
import time
from collections import deque
from dataclasses import dataclass, field

import wire
from netlink import PeerState

SILENT_AFTER = 180  # seconds since the last handshake; where all is well there is one every 145 s at most
TRIED_FOR = 15  # without a first one
ANEW_FOR = 6  # without one since it was made anew: it has answered before, and is tried at once and every 5 s
DEAF_AFTER = 20, 3  # seconds in which nothing came, and knocks in that time
CLEARED_EVERY = 60
MOST_COUNTED = 32  # addresses that knock, and as many that stray
MOST_NETWORKS = 4  # of one peer that are said; it has one
HEARD_WITHIN = 30  # seconds; a keepalive comes every 25 s
VAIN_KNOCKS = 2  # since anything came: one is answered at once where all is well
RESTLESS = 4, 60  # changes of place within so many seconds: no router does that, but a machine and its copy do


@dataclass
class Seen:
    begun: float  # since when it is tried
    handshake: int = 0  # the newest, as the device tells it
    since: float | None = None  # when that came
    rx: int = 0
    place: tuple[str, int] | None = None  # where it was seen last
    moves: int = 0
    moved: deque[float] = field(default_factory=lambda: deque(maxlen=RESTLESS[0]))  # when it was seen elsewhere
    heard: float = 0.0  # when anything came
    knocks: int = 0  # how many there were then
    cleared: float = float("-inf")  # when it was made anew
    anew: bool = False  # and has shown no handshake since

    def make_anew(self) -> None:
        self.begun = self.cleared = time.monotonic()
        self.anew, self.handshake = True, 0

    def is_at(self, place: tuple[str, int] | None) -> None:
        if place and self.place and place != self.place:
            self.moves += 1
            self.moved.append(time.monotonic())
        self.place = place or self.place

    def is_restless(self) -> bool:
        return len(self.moved) == RESTLESS[0] and time.monotonic() - self.moved[0] <= RESTLESS[1]

    def has_only_begun(self) -> bool:
        return self.since is None or self.anew

    def is_alive(self) -> bool:
        return not self.has_only_begun() and time.monotonic() - self.since <= SILENT_AFTER

    def is_silent(self) -> bool:
        """Longer than one that answers can be."""
        first = self.begun, ANEW_FOR if self.anew else TRIED_FOR
        since, patience = first if self.has_only_begun() else (self.since, SILENT_AFTER)
        return time.monotonic() - since > patience


class Ends:
    def __init__(self):
        self.state: dict[str, PeerState] = {}
        self.seen: dict[str, Seen] = {}
        self.knocks: dict[str, int] = {}  # by address, of the last hour
        self.strays: dict[str, int] = {}  # by address inside, likewise: what was dropped for where it was to go
        self.forged = 0  # packets that the device dropped for where they seem to come from

    def observe(self, state: dict[str, PeerState]) -> list[str]:
        """Those who have a new handshake."""
        now, fresh = time.monotonic(), []
        seen = {key: self.seen.get(key) or Seen(begun=now, heard=now) for key in state}
        for key, peer in state.items():
            one = seen[key]
            one.is_at(peer.endpoint)
            if peer.handshake and peer.handshake != one.handshake:
                # One that was there before this program is as old as the clock says, as far as that can be.
                before = time.time() - peer.handshake if one.since is None else 0.0
                one.handshake, one.anew = peer.handshake, False
                one.since = now - (before if 0 < before < SILENT_AFTER else 0.0)
                fresh.append(key)
            if peer.rx != one.rx:
                one.rx, one.heard, one.knocks = peer.rx, now, self.knocks_of(peer)
        self.state, self.seen = state, seen
        return fresh

    def own_key_changed(self) -> None:
        """No handshake was with that key; the device goes on naming the last ones before."""
        for one in self.seen.values():
            one.begun, one.since = time.monotonic(), None

    def deaf(self, knocks: dict[str, int]) -> list[str]:
        """
        Who knocks in vain: the device remembers the newest time that a peer named, and refuses older ones without a word,
        until the peer is removed and added. Others behind the same address are heard meanwhile, and so are none of these.
        """
        self.knocks, now, found = knocks, time.monotonic(), []
        for key, one in self.seen.items():
            count = self.knocks_of(self.state[key])
            one.knocks = min(one.knocks, count)
            in_vain = one.handshake and now - one.heard > DEAF_AFTER[0] and count - one.knocks >= DEAF_AFTER[1]
            if in_vain and now - one.cleared > CLEARED_EVERY:
                one.knocks = count
                found.append(key)
        return found

    def knocks_of(self, peer: PeerState) -> int:
        return self.knocks.get(peer.endpoint[0], 0) if peer.endpoint else 0

    def there(self) -> tuple:
        """
        What is worth a word when it changes: who is known, who is alive, who is in two places, from where it is knocked
        how often, about, where nobody is heard, and about how much was dropped.
        """
        state, seen, now = self.state, self.seen, time.monotonic()
        alive = frozenset(key for key, one in seen.items() if one.is_alive())
        restless = frozenset(key for key, one in seen.items() if one.is_restless())
        heard = {one.place[0] for key, one in seen.items() if key in alive and one.place and now - one.heard <= HEARD_WITHIN}
        strangers = {(host, count.bit_length()) for host, count in self.knocks.items() if host not in heard}
        vain = {(host, count.bit_length()) for host, count in self.in_vain().items() if count >= VAIN_KNOCKS}
        dropped = {(host, count.bit_length()) for host, count in most(self.strays)} | {("", self.forged.bit_length())}
        return frozenset(state), alive, restless, frozenset(strangers | vain), frozenset(dropped)

    def in_vain(self) -> dict[str, int]:
        """Knocks from where somebody is known, since anything came from there."""
        then: dict[str, int] = {}
        for key, peer in self.state.items():
            if peer.endpoint:
                place = peer.endpoint[0]
                then[place] = max(then.get(place, 0), self.seen[key].knocks)
        return {place: self.knocks.get(place, 0) - count for place, count in then.items()}

    def links(self) -> str:
        """`WG_LINKS`"""
        state, seen, now, peers = self.state, self.seen, time.monotonic(), []
        for key, peer in sorted(state.items()):
            since = seen[key].since if key in seen else None
            age = None if since is None else int(now - since)
            endpoint = "{}:{}".format(*peer.endpoint) if peer.endpoint else None
            moves = seen[key].moves if key in seen else 0
            seldom = {"endpoint": endpoint, "allowed": sorted(peer.allowed)[:MOST_NETWORKS], "moves": moves}
            peers.append({"key": key, "age": age, "rx": peer.rx, "tx": peer.tx} | seldom)
        knocks, strays = ([{"from": host, "count": count} for host, count in most(of)] for of in (self.knocks, self.strays))
        said = {"schema": 1, "peers": peers, "knocks": knocks, "strays": strays, "forged": self.forged}
        return wire.encode_text(json.dumps(said, separators=(",", ":")))


def most(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: -each[1])[:MOST_COUNTED]
