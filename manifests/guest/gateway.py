"""The gateway: the one VM of its zone that has a tunnel, and passes on what the zone's SuperNodes dial.

The coordinator's is the hub, and passes on what comes out of the tunnels to the SuperLink beside it. The tunnel is an end
like any other. This says when it stands, and how a dial to where it passes on ends.
"""

import logging
import time

import wire
from context import Failure, address
from flower import Places, write
from guest import Guest
from link import Dialled, dial
from tunnel import Tunnel

DIAL_EVERY = 8  # seconds
REDIAL_EVERY = 5  # while the link is not well

log = logging.getLogger("florist")


class Gateway:
    def __init__(self, context: dict[str, str], guest: Guest, places: Places, tunnel: Tunnel):
        self.guest = guest
        self.tunnel = tunnel
        self.where = address(context["FL_SUPERLINK_ADDRESS"])
        self.beside = context.get("WG_SUPERLINK")
        self.ca = places.agent / "ca.crt"
        self.link = ""
        self.next_dial = 0.0
        bundle = wire.certificates(wire.decode_text(context["FL_SSL_CA_CERTFILE"]), of_authorities=True)
        if bundle is None:
            raise Failure("context-invalid", "FL_SSL_CA_CERTFILE is not base64 of PEM certificates.")
        write(self.ca, bundle)

    def run(self) -> None:
        """Does not return."""
        while True:
            if time.monotonic() >= self.next_dial:
                self.look_at_link()
            # The others may come: whoever dials this VM is passed on, as soon as the hub knows its key.
            ready = {"READY": "YES"} if self.tunnel.stands else {}
            broken = self.tunnel.reason or ("link-down" if self.link not in ("", "ok") else None)
            self.guest.tell("serving" if self.link == "ok" else "starting", broken, **ready)
            self.guest.pause(1)

    def look_at_link(self) -> None:
        if (found := self.dial()) is None:  # it has only begun
            return
        if found.link != self.link:
            log.info("link %s %s", found.link, found.detail)
        self.link = found.link
        self.next_dial = time.monotonic() + (DIAL_EVERY if found.link == "ok" else REDIAL_EVERY)
        self.guest.tell(FL_LINK=self.link)

    def dial(self) -> Dialled | None:
        if self.beside:
            return dial(*self.where, str(self.ca), through=self.beside)
        return self.tunnel.dial(*self.where, str(self.ca)) if self.tunnel.taken else None
