"""This VM as the bot sees it: what it says through OneGate, what it was told there, and its pulse."""

import logging
import time
from collections.abc import Callable

from onegate import OneGate

BEAT_EVERY = 30  # seconds
READ_EVERY = 3
UPKEEP_EVERY = 60

log = logging.getLogger("florist")


class Guest:
    def __init__(self, onegate: OneGate):
        self.onegate = onegate
        self.upkeep: Callable[[], None] = lambda: None  # what has to be put right now and then
        self.given: dict[str, str] = {}  # what the bot wrote, as of the last reading
        self.said: dict[str, str] = {}
        self.unsaid: dict[str, str] = {}
        self.beat = int(time.time())  # moves on over a restart of the agent too
        self.next_beat = self.next_read = 0.0
        self.next_upkeep = time.monotonic() + UPKEEP_EVERY
        self.silent = False

    def tell(self, stage: str | None = None, reason: str | None = None, **attributes: str) -> None:
        """What is told in one call reaches the zone in one update, only what changed, as soon as OneGate answers."""
        if stage:
            attributes |= {"FL_STAGE": stage, "FL_REASON": reason or "none"}
        fresh = {name: value for name, value in attributes.items() if self.current(name) != value}
        if "FL_STAGE" in fresh or "FL_REASON" in fresh:
            log.info("stage %s, reason %s", attributes["FL_STAGE"], attributes["FL_REASON"])
        self.unsaid |= fresh
        self.flush()

    def current(self, name: str) -> str | None:
        return self.unsaid.get(name, self.said.get(name))

    def pause(self, seconds: float) -> None:
        """Waits, and meanwhile keeps the pulse and reads what the bot wrote. All waiting of this program is here."""
        until = time.monotonic() + seconds
        while True:
            self.keep_in_touch()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 1))

    def keep_in_touch(self) -> None:
        now = time.monotonic()
        if now >= self.next_beat:
            self.next_beat = now + BEAT_EVERY
            self.beat += 1
            self.unsaid["FL_BEAT"] = str(self.beat)
        if now >= self.next_read:
            self.next_read = now + READ_EVERY
            self.flush()
            self.read()
        if now >= self.next_upkeep:
            self.next_upkeep = now + UPKEEP_EVERY
            self.upkeep()

    def read(self) -> None:
        try:
            self.given = self.onegate.read()
        except (OSError, ValueError, LookupError, AttributeError) as error:
            self.out_of_touch(error)

    def flush(self) -> None:
        if not self.unsaid:
            return
        try:
            self.onegate.write(self.unsaid)
        except (OSError, ValueError) as error:
            self.out_of_touch(error)
            return
        self.said |= self.unsaid
        self.unsaid = {}
        self.silent = False

    def out_of_touch(self, error: Exception) -> None:
        """OneGate may be away for hours; Flower goes on, and what is to be said is said later."""
        if not self.silent:
            log.warning("OneGate does not answer: %s", error)
        self.silent = True
