"""Who may join: registers the keys of FL_ADMIT at the SuperLink, unregisters those of FL_REVOKE, and nothing else."""

import json
import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import wire
from flower import Flower, write
from guest import Guest

COLUMNS = {"node_id", "status", "online_until", "public_key"}
LISTS = ("FL_REVOKE", "FL_ADMIT")  # what is in both is revoked
RETRY_AFTER = 15  # seconds

CONNECTION = """[superlink]
default = "fed"
[superlink.fed]
address = "{address}"
root-certificates = "{ca}"
"""

log = logging.getLogger("florist")


class Admission:
    def __init__(self, guest: Guest, flower: Flower, database: Path):
        self.guest = guest
        self.flower = flower
        self.database = database
        self.memory_file = flower.places.agent / "admission.json"
        self.sequences: dict[str, int] = {}
        self.ids: dict[str, str] = {}  # the node id that Flower gave to a key, by fingerprint
        self.done: dict[str, str] = {}  # the value of each list that was carried out
        self.reason: str | None = None
        self.not_before = 0.0

    def prepare(self, control: str, ca: Path) -> None:
        """A database that is gone means that all keys have to be admitted anew: said, because nodes were cut off."""
        self.flower.connect(CONNECTION.format(address=control, ca=ca))
        try:
            memory = json.loads(self.memory_file.read_text())
            self.sequences, self.ids = dict(memory["sequences"]), dict(memory["ids"])
        except (OSError, ValueError, LookupError):
            return
        if self.ids and not self.database.exists():
            self.reason, self.sequences, self.ids = "database-lost", {}, {}

    def remember(self) -> None:
        write(self.memory_file, json.dumps({"sequences": self.sequences, "ids": self.ids}))

    def follow(self) -> None:
        """Carries out what is new in the two lists; what fails is tried again."""
        if time.monotonic() < self.not_before:
            return
        for name in LISTS:
            value = self.guest.given.get(name)
            if value and value != self.done.get(name) and not self.carry_out(name, value):
                self.not_before = time.monotonic() + RETRY_AFTER
                return

    def carry_out(self, name: str, value: str) -> bool:
        given = wire.read_key_list(name, value)
        if given is None:
            log.warning("%s is incomplete or altered and changes nothing", name)
            self.reason = "admission-malformed"
            return False
        if given.sequence >= self.sequences.get(name, 0):
            act = self.register if name == "FL_ADMIT" else self.unregister
            if not all([act(key) for key in given.keys]):
                return False
            if self.sequences.get(name) != given.sequence:
                self.sequences[name] = given.sequence
                self.remember()
        if self.reason == "admission-malformed":
            self.reason = None
        self.done[name] = value
        return True

    def register(self, key: str) -> bool:
        fingerprint = wire.fingerprint(key)
        revoked = wire.read_key_list("FL_REVOKE", self.guest.given.get("FL_REVOKE", ""))
        if fingerprint in self.known() or (revoked and key in revoked.keys):
            return True
        file = self.flower.places.keys / "admitted.pub"
        write(file, f"{key}\n", 0o440, self.flower.keys.gid)
        answer = self.flower.call(["supernode", "register", str(file)])
        log.info("registering %s: %s", fingerprint, answer)
        if answer.get("success") is not True:
            return False
        self.ids[fingerprint] = str(answer["node-id"])
        self.remember()
        return True

    def unregister(self, key: str) -> bool:
        """For ever: Flower refuses that key from now on."""
        fingerprint = wire.fingerprint(key)
        node = self.known().get(fingerprint)
        if node is None or node["status"] == "unregistered":
            return True
        answer = self.flower.call(["supernode", "unregister", node["nodeId"]])
        log.info("unregistering %s: %s", fingerprint, answer)
        return answer.get("success") is True

    def nodes(self) -> list[dict[str, str]]:
        """`FL_NODES`: every key that Flower knows, also one that somebody registered by hand."""
        return [node for _, node in sorted(self.known().items()) if node["status"] != "unregistered"]

    def known(self) -> dict[str, dict[str, str]]:
        rows = self.rows_of_database()
        if rows is None:
            rows = self.rows_of_command()
        return {key: {"key": key, "nodeId": node_id, "status": status} for key, node_id, status in rows}

    def rows_of_database(self) -> list[tuple[str, str, str]] | None:
        """A thousand times cheaper than Flower's command; None when it is not the table we know."""
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=2)) as database:
                if not COLUMNS <= {row[1] for row in database.execute("PRAGMA table_info(node)")}:
                    return None
                found = database.execute("SELECT public_key, node_id, status, online_until FROM node").fetchall()
        except sqlite3.Error:
            return None
        rows = []
        for public_key, node_id, status, online_until in found:
            key = wire.spki_fingerprint(bytes(public_key).decode(errors="replace"))
            if key is None:
                continue
            if status == "online" and not (online_until or 0) > time.time():
                status = "offline"  # Flower corrects the column only when it next looks
            rows.append((key, str(node_id % 2**64), status))
        return rows

    def rows_of_command(self) -> list[tuple[str, str, str]]:
        answer = self.flower.call(["supernode", "list"])
        keys = {node_id: key for key, node_id in self.ids.items()}
        listed = answer.get("nodes") if isinstance(answer.get("nodes"), list) else []
        return [
            (keys[node["node-id"]], node["node-id"], "unregistered" if node["status"] == "deleted" else node["status"])
            for node in listed
            if node.get("node-id") in keys
        ]
