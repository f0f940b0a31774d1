"""Who may join: registers the keys of FL_ADMIT at the SuperLink, unregisters those of FL_REVOKE, and nothing else."""

import json
import logging
import sqlite3
import time
from contextlib import closing

import wire
from flower import Flower, write
from guest import Guest

COLUMNS = {"node_id", "status", "online_until", "public_key"}
LISTS = ("FL_REVOKE", "FL_ADMIT")
RETRY_AFTER = 15  # seconds
LIST_EVERY = 15  # when Flower's command has to be asked

# As Flower's command line finds this SuperLink.
CONNECTION = '[superlink]\ndefault = "fed"\n[superlink.fed]\naddress = "{}"\nroot-certificates = "{}"\n'

log = logging.getLogger("florist")


class Admission:
    def __init__(self, guest: Guest, flower: Flower):
        self.guest = guest
        self.flower = flower
        self.database = flower.places.state / "superlink.db"
        self.memory = flower.places.agent / "admission.json"
        self.sequences: dict[str, int] = {}
        self.ids: dict[str, str] = {}  # by key fingerprint, the id that Flower answered
        self.done: dict[str, tuple[int, list[str]]] = {}  # by name, the list that was carried out
        self.reason: str | None = None
        self.not_before = 0.0
        self.listed: list[tuple[str, str, str]] = []
        self.next_list = 0.0

    def prepare(self, control: str, ca: str) -> None:
        """A database that is gone is said although it heals, by registering anew: the runs in it are gone."""
        write(self.flower.places.site / "config.toml", CONNECTION.format(control, ca), 0o644)
        if self.memory.exists():
            self.sequences, self.ids = json.loads(self.memory.read_text())
        if self.ids and not self.database.exists():
            log.warning("the database is gone; keys are registered anew as FL_ADMIT says")
            self.guest.remark = "database-lost", time.monotonic()
            self.sequences, self.ids, self.done = {}, {}, {}

    def follow(self) -> None:
        """Carries out what is new in the two lists and publishes who is there; what fails is tried again."""
        lists = {name: wire.key_list(name, self.guest.given[name]) for name in LISTS if self.guest.given.get(name)}
        self.reason = "admission-malformed" if None in lists.values() else None
        for name, found in lists.items():
            if found and found != self.done.get(name) and time.monotonic() >= self.not_before:
                self.carry_out(name, *found)
        known = self.known()
        nodes = [known[key] for key in sorted(known) if known[key]["status"] != "unregistered"]
        listed = json.dumps({"schema": 1, "nodes": nodes}, separators=(",", ":"))
        self.guest.tell(FL_NODES=wire.encode_text(listed))

    def carry_out(self, name: str, sequence: int, keys: list[str]) -> None:
        if sequence >= self.sequences.get(name, 0):
            act = self.register if name == "FL_ADMIT" else self.unregister
            if not all(act(key) for key in keys):
                self.not_before = time.monotonic() + RETRY_AFTER
                return
            self.sequences[name] = sequence
            self.remember()
        self.done[name] = sequence, keys

    def remember(self) -> None:
        write(self.memory, json.dumps([self.sequences, self.ids]))

    def register(self, key: str) -> bool:
        fingerprint = wire.fingerprint_of_line(key)
        revoked = wire.key_list("FL_REVOKE", self.guest.given.get("FL_REVOKE", ""))
        # Flower refuses a key that it knows, and for ever one that was unregistered.
        if fingerprint in self.known() or (revoked and key in revoked[1]):
            return True
        file = self.flower.places.keys / "admitted.pub"
        write(file, f"{key}\n", 0o440, self.flower.keys.gid)
        answer = self.flower.call("supernode", "register", str(file))
        log.info("registering %s: %s", fingerprint, answer)
        if answer.get("success"):
            self.ids[fingerprint] = str(answer.get("node-id"))
            self.remember()
        return bool(answer.get("success"))

    def unregister(self, key: str) -> bool:
        node = self.known().get(wire.fingerprint_of_line(key))
        if node is None or node["status"] == "unregistered":
            return True
        answer = self.flower.call("supernode", "unregister", node["nodeId"])
        log.info("unregistering %s: %s", node["key"], answer)
        return bool(answer.get("success"))

    def known(self) -> dict[str, dict[str, str]]:
        """Every key that Flower knows, also one that somebody registered by hand."""
        rows = self.rows_of_database()
        if rows is None:
            if time.monotonic() >= self.next_list:
                self.listed = self.rows_of_command()
                self.next_list = time.monotonic() + LIST_EVERY
            rows = self.listed
        return {key: {"key": key, "nodeId": node_id, "status": status} for key, node_id, status in rows}

    def rows_of_database(self) -> list[tuple[str, str, str]] | None:
        """Costs a thousandth of Flower's command. None when this is not the table we know."""
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=2)) as database:
                if COLUMNS - {row[1] for row in database.execute("PRAGMA table_info(node)")}:
                    return None
                found = database.execute("SELECT public_key, node_id, status, online_until FROM node").fetchall()
            rows = []
            for key, node_id, status, online_until in found:
                # After a hard death the status stands until Flower looks; the time does not.
                status = "offline" if status == "online" and (online_until or 0) <= time.time() else status
                if key:
                    rows.append((wire.fingerprint_of_column(key), str(node_id % 2**64), status))
        except (sqlite3.Error, TypeError, ValueError):
            return None
        return rows

    def rows_of_command(self) -> list[tuple[str, str, str]]:
        """Without keys, so that only ours can be told; as before, if it does not answer or in another form."""
        keys = {node_id: key for key, node_id in self.ids.items()}
        nodes = self.flower.call("supernode", "list").get("nodes")
        try:
            return [(keys[at], at, node["status"]) for node in nodes if (at := str(node["node-id"])) in keys]
        except (KeyError, TypeError):
            return self.listed
