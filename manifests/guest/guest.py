"""This VM as the bot sees it: what it says through its zone's OneGate, what it was told there, and its heartbeat."""

import contextlib
import http.client
import json
import logging
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable

HEARTBEAT_EVERY = 30  # seconds
READ_AFTER = 0.5, 3.0  # seconds: a tenth of the time in which the bot wrote nothing and no stage was new, within these
UPKEEP_EVERY = 60
PATIENCE = 10  # for one call
REMARK_FOR = 600
LARGEST_VALUE = 64 * 1024
LARGEST_ANSWER = 8 * 1024 * 1024

log = logging.getLogger("florist")


class Guest:
    def __init__(self, endpoint: str, token: str, vm_id: str, outdated: Callable[[], bool]):
        self.outdated = outdated
        self.endpoint = endpoint
        self.vm_id = vm_id
        self.headers = {"X-ONEGATE-TOKEN": token, "X-ONEGATE-VMID": vm_id}
        self.given: dict[str, str] = {}  # all attributes of this VM, as last read
        self.said: dict[str, str] = {}
        self.unsaid: dict[str, str] = {}
        self.heartbeat = int(time.time())  # moves on over a restart of this program too
        self.due = {"heartbeat": 0.0, "read": 0.0, "upkeep": time.monotonic() + UPKEEP_EVERY}
        self.upkeep: Callable[[], None] = lambda: None  # what has to be set right now and then
        self.told: dict[str, str] = {}  # those of them that this program did not write
        self.moved = time.monotonic()
        self.in_touch = True
        self.beside: Callable[[], str | None] = lambda: None  # what goes on while this waits; the reason if it is unwell
        self.aside: str | None = None  # that reason
        self.stands: tuple[str | None, str | None] = (None, None)  # the stage and reason that were told last
        self.remark = "none", 0.0  # the reason that is told for a while from then on, where no other is

    def tell(self, stage: str | None = None, reason: str | None = None, **attributes: str) -> None:
        """What is told in one call reaches the zone in one update: what changed, and as soon as OneGate answers."""
        if stage:
            self.stands = stage, reason
            remark, since = self.remark
            reason = reason or self.aside or (remark if time.monotonic() - since < REMARK_FOR else "none")
            attributes |= {"FL_STAGE": stage, "FL_REASON": reason}
        fresh = {name: value for name, value in attributes.items() if (self.said | self.unsaid).get(name) != value}
        if {"FL_STAGE", "FL_REASON"} & fresh.keys():
            log.info("stage %s, reason %s", stage, reason)
            self.hurry()
        for name, value in fresh.items():
            if len(value) > LARGEST_VALUE or not re.fullmatch(r"[A-Za-z0-9 ._:/+=-]*", value):
                raise ValueError(f"OneGate would corrupt {name}.")
        self.unsaid |= fresh
        self.flush()

    def pause(self, seconds: float) -> None:
        """Waits, keeping the heartbeat, until the bot wrote something. All waiting of this program goes through here."""
        until = time.monotonic() + seconds
        while True:
            if self.is_due("heartbeat", HEARTBEAT_EVERY):
                self.heartbeat += 1
                self.unsaid["FL_HEARTBEAT"] = str(self.heartbeat)
            if self.is_due("upkeep", UPKEEP_EVERY):
                self.upkeep()
            if (aside := self.beside()) != self.aside:
                self.aside = aside
                self.tell(*self.stands)
            soonest, latest = READ_AFTER
            if self.is_due("read", min(latest, max(soonest, (time.monotonic() - self.moved) / 10))):
                if self.outdated():
                    raise SystemExit("CONTEXT or this program changed: starting again.")
                self.flush()
                if self.read():
                    return
            if (left := until - time.monotonic()) <= 0:
                return
            time.sleep(min(left, 0.5))

    def is_due(self, what: str, every: float) -> bool:
        if time.monotonic() < self.due[what]:
            return False
        self.due[what] = time.monotonic() + every
        return True

    def read(self) -> bool:
        """Whether the bot wrote something since the last time."""
        if (attributes := self.call("GET")) is None:
            return False
        self.given = attributes
        before, self.told = self.told, {name: value for name, value in attributes.items() if self.said.get(name) != value}
        if self.told == before:
            return False
        self.hurry()
        return True

    def hurry(self) -> None:
        """More may come soon."""
        self.moved = time.monotonic()
        self.due["read"] = min(self.due["read"], self.moved + READ_AFTER[0])

    def flush(self) -> None:
        lines = "\n".join(f"{name}={value}" for name, value in self.unsaid.items())
        if lines and self.call("PUT", lines.encode()) is not None:
            self.said |= self.unsaid
            self.unsaid = {}

    def call(self, method: str, body: bytes | None = None) -> dict[str, str] | None:
        """None is no answer. OneGate may be away for hours; Flower goes on, and what is to be said is said later."""
        try:
            attributes = self.ask(method, body)
        except Exception as error:  # whatever half an answer, or one of a proxy, leads to
            if self.in_touch:
                log.warning("OneGate %s: %r", method, error)
            self.in_touch = False
            return None
        self.in_touch = True
        return attributes

    def ask(self, method: str, body: bytes | None) -> dict[str, str]:
        """Never through a proxy for the way out, nor where a redirection leads: the token is for this zone's OneGate."""
        url = urllib.parse.urlsplit(self.endpoint)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        with contextlib.closing(kind(url.hostname, url.port, timeout=PATIENCE)) as connection:
            connection.connect()
            # That timeout is for each piece, and pieces may come for ever.
            limit = threading.Timer(PATIENCE, connection.sock.shutdown, [socket.SHUT_RDWR])
            limit.start()
            try:
                connection.request(method, f"{url.path}/vm", body, self.headers)
                answer = connection.getresponse()
                text = answer.read(LARGEST_ANSWER).decode()
            finally:
                limit.cancel()
        # OneGate takes an update without a word; `length` is what is missing at the end.
        if answer.status != 200 or answer.length or (body and text):
            raise ValueError(f"{answer.status}, {text[:80]}")
        vm = {"USER_TEMPLATE": {}} if body else json.loads(text)["VM"]
        if vm.get("ID", self.vm_id) != self.vm_id:
            raise ValueError("this is about another VM")
        return {name: value for name, value in vm["USER_TEMPLATE"].items() if isinstance(value, str)}
