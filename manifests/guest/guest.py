"""This VM as the bot sees it: what it says through its zone's OneGate, what it was told there, and its heartbeat."""

import json
import logging
import re
import time
import urllib.request
from collections.abc import Callable

HEARTBEAT_EVERY = 30  # seconds
READ_EVERY = 3
UPKEEP_EVERY = 60
PATIENCE = 10  # for one call
LARGEST_VALUE = 64 * 1024
LARGEST_ANSWER = 8 * 1024 * 1024

log = logging.getLogger("florist")


class Guest:
    def __init__(self, endpoint: str, token: str, vm_id: str, outdated: Callable[[], bool]):
        self.outdated = outdated
        self.endpoint = endpoint
        self.vm_id = vm_id
        self.headers = {"X-ONEGATE-TOKEN": token, "X-ONEGATE-VMID": vm_id}
        # Inside the zone, so never through a proxy that somebody set for the way out.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.given: dict[str, str] = {}  # all attributes of this VM, as last read
        self.said: dict[str, str] = {}
        self.unsaid: dict[str, str] = {}
        self.heartbeat = int(time.time())  # moves on over a restart of this program too
        self.due = {"heartbeat": 0.0, "read": 0.0, "upkeep": time.monotonic() + UPKEEP_EVERY}
        self.upkeep: Callable[[], None] = lambda: None  # what has to be set right now and then
        self.in_touch = True

    def tell(self, stage: str | None = None, reason: str | None = None, **attributes: str) -> None:
        """What is told in one call reaches the zone in one update: what changed, and as soon as OneGate answers."""
        if stage:
            attributes |= {"FL_STAGE": stage, "FL_REASON": reason or "none"}
        fresh = {name: value for name, value in attributes.items() if (self.said | self.unsaid).get(name) != value}
        if {"FL_STAGE", "FL_REASON"} & fresh.keys():
            log.info("stage %s, reason %s", stage, reason)
        for name, value in fresh.items():
            if len(value) > LARGEST_VALUE or not re.fullmatch(r"[A-Za-z0-9 ._:/+=-]*", value):
                raise ValueError(f"OneGate would corrupt {name}.")
        self.unsaid |= fresh
        self.flush()

    def pause(self, seconds: float) -> None:
        """Waits, keeping the heartbeat and reading what the bot wrote. All waiting of this program goes through here."""
        until = time.monotonic() + seconds
        while True:
            if self.is_due("heartbeat", HEARTBEAT_EVERY):
                self.heartbeat += 1
                self.unsaid["FL_HEARTBEAT"] = str(self.heartbeat)
            if self.is_due("read", READ_EVERY):
                if self.outdated():
                    raise SystemExit("CONTEXT or this program changed: starting again.")
                self.flush()
                self.read()
            if self.is_due("upkeep", UPKEEP_EVERY):
                self.upkeep()
            if (left := until - time.monotonic()) <= 0:
                return
            time.sleep(min(left, 1))

    def is_due(self, what: str, every: float) -> bool:
        if time.monotonic() < self.due[what]:
            return False
        self.due[what] = time.monotonic() + every
        return True

    def read(self) -> None:
        answer = self.call("GET")
        try:
            template = json.loads(answer or "{}")["VM"]["USER_TEMPLATE"]
            self.given = {name: value for name, value in template.items() if isinstance(value, str)}
        except (ValueError, LookupError, TypeError, AttributeError):
            pass  # no answer, or one without attributes: what was read before holds

    def flush(self) -> None:
        lines = "\n".join(f"{name}={value}" for name, value in self.unsaid.items())
        if lines and self.call("PUT", lines.encode()) is not None:
            self.said |= self.unsaid
            self.unsaid = {}

    def call(self, method: str, body: bytes | None = None) -> bytes | None:
        """OneGate may be away for hours; Flower goes on, and what is to be said is said later."""
        request = urllib.request.Request(f"{self.endpoint}/vm", body, self.headers, method=method)
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                self.in_touch = True
                return answer.read(LARGEST_ANSWER)
        except OSError as error:  # all of urllib's errors are one
            if self.in_touch:
                log.warning("OneGate %s: %s", method, error)
            self.in_touch = False
            return None
