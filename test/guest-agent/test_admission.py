"""Which keys are registered, with Flower's command line and its database played."""

import base64
import json
import pathlib
import sqlite3
import tempfile
import time
import types
import unittest
from unittest import mock

import wire
from admission import Admission
from test_context import key_list


def key(letter: str) -> str:
    blob = b"\0\0\0\x13ecdsa-sha2-nistp384\0\0\0\x08nistp384\0\0\0\x61\x04" + letter.encode() * 96
    return "ecdsa-sha2-nistp384 " + base64.b64encode(blob).decode()


def pem(line: str) -> bytes:
    der = bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200") + base64.b64decode(line.split()[1])[-97:]
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n".encode()


class FakeFlower:
    """Registers and unregisters as Flower does: into its database, and a key that was unregistered never again."""

    def __init__(self, root: pathlib.Path):
        self.places = types.SimpleNamespace(
            site=root / "site", state=root / "state", agent=root / "agent", keys=root / "keys"
        )
        for folder in vars(self.places).values():
            folder.mkdir()
        self.keys = types.SimpleNamespace(gid=0)
        self.calls: list[tuple[str, ...]] = []
        self.refuses = False
        self.ids = 0
        self.make_database()

    def make_database(self) -> None:
        self.database = sqlite3.connect(self.places.state / "superlink.db", isolation_level=None)
        self.database.execute("CREATE TABLE node (node_id INTEGER, status TEXT, online_until REAL, public_key BLOB)")

    def call(self, *arguments: str) -> dict:
        if arguments[1] == "list":
            rows = self.database.execute("SELECT node_id, status FROM node").fetchall()
            return {"nodes": [{"node-id": str(node_id), "status": status} for node_id, status in rows]}
        self.calls.append(arguments[1:])
        if self.refuses:
            return {"success": False, "error-message": "no"}
        if arguments[1] == "unregister":
            self.database.execute("UPDATE node SET status = 'unregistered' WHERE node_id = ?", [int(arguments[2])])
            return {"success": True}
        line = pathlib.Path(arguments[2]).read_text().strip()
        self.ids += 1
        self.database.execute("INSERT INTO node VALUES (?, 'registered', 0, ?)", [self.ids, pem(line)])
        return {"success": True, "node-id": self.ids}


class Admitting(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.flower = FakeFlower(pathlib.Path(folder.name))
        # Only root may give files away, which is not what is tested here.
        writing = mock.patch("flower.os.fchown")
        writing.start()
        self.addCleanup(writing.stop)
        self.guest = types.SimpleNamespace(given={}, said={}, tell=self.tell, remark=("none", 0.0))
        self.start()

    def tell(self, **attributes: str) -> None:
        self.guest.said |= attributes

    def start(self) -> None:
        self.admission = Admission(self.guest, self.flower)
        self.admission.prepare("127.0.0.1:9093", "/ca.crt")

    def give(self, name: str, sequence: int, *keys: str) -> None:
        self.guest.given[name] = key_list(name, sequence, list(keys))
        self.admission.follow()

    def done(self) -> list[str]:
        return [arguments[0] for arguments in self.flower.calls]

    def nodes(self) -> dict[str, str]:
        listed = json.loads(wire.decode_text(self.guest.said["FL_NODES"]))
        return {node["nodeId"]: node["status"] for node in listed["nodes"]}

    def test_a_key_is_registered_once_and_shown_with_its_id_as_text(self):
        self.give("FL_ADMIT", 1, key("a"))
        self.give("FL_ADMIT", 2, key("a"), key("b"))
        self.admission.follow()
        self.assertEqual(self.done(), ["register", "register"])
        self.assertEqual(self.nodes(), {"1": "registered", "2": "registered"})

    def test_a_key_that_is_missing_from_the_list_stays(self):
        self.give("FL_ADMIT", 1, key("a"))
        self.give("FL_ADMIT", 2)
        self.assertEqual(self.nodes(), {"1": "registered"})

    def test_a_revoked_key_is_unregistered_and_never_registered_again(self):
        self.give("FL_ADMIT", 1, key("a"))
        self.give("FL_REVOKE", 1, key("a"))
        self.assertEqual(self.nodes(), {})
        self.give("FL_ADMIT", 2, key("a"))
        self.assertEqual(self.done(), ["register", "unregister"])

    def test_a_list_that_cannot_be_read_is_told_at_once_and_does_not_hold_up_the_next(self):
        self.guest.given["FL_ADMIT"] = key_list("FL_ADMIT", 1, [key("a")], sequence=2)
        self.admission.follow()
        self.assertEqual((self.admission.reason, self.done()), ("admission-malformed", []))
        self.give("FL_ADMIT", 1, key("a"))
        self.assertEqual((self.admission.reason, self.done()), (None, ["register"]))

    def test_one_good_list_does_not_hide_that_the_other_is_bad(self):
        self.guest.given["FL_ADMIT"] = "no list"
        self.give("FL_REVOKE", 1)
        self.assertEqual(self.admission.reason, "admission-malformed")

    def test_an_older_list_changes_nothing_also_after_a_restart(self):
        self.give("FL_ADMIT", 5, key("a"))
        self.start()
        self.give("FL_ADMIT", 4, key("a"), key("b"))
        self.assertEqual(self.done(), ["register"])

    def test_what_flower_refuses_is_tried_again_but_not_at_once(self):
        self.flower.refuses = True
        self.give("FL_ADMIT", 1, key("a"))
        self.admission.follow()
        self.assertEqual(len(self.flower.calls), 1)
        self.flower.refuses = False
        self.admission.not_before = 0
        self.admission.follow()
        self.assertEqual(self.nodes(), {"1": "registered"})

    def test_a_database_that_is_lost_while_the_agent_lives_is_noticed_when_flower_starts_again(self):
        self.give("FL_ADMIT", 3, key("a"))
        (self.flower.places.state / "superlink.db").unlink()
        self.admission.prepare("127.0.0.1:9093", "/ca.crt")
        self.flower.make_database()
        self.admission.follow()
        self.assertEqual((self.guest.remark[0], self.nodes()), ("database-lost", {"2": "registered"}))

    def test_a_lost_database_is_told_and_its_keys_are_registered_anew(self):
        self.give("FL_ADMIT", 3, key("a"), key("b"))
        self.give("FL_REVOKE", 1, key("b"))
        (self.flower.places.state / "superlink.db").unlink()
        self.start()
        self.flower.make_database()
        self.admission.follow()
        self.assertEqual(self.guest.remark[0], "database-lost")
        self.assertEqual(len(self.nodes()), 1)

    def test_a_node_that_died_without_a_word_is_offline_when_its_time_is_over(self):
        self.give("FL_ADMIT", 1, key("a"), key("b"))
        set_status = "UPDATE node SET status = 'online', online_until = ? WHERE node_id = ?"
        self.flower.database.execute(set_status, [time.time() - 1, 1])
        self.flower.database.execute(set_status, [time.time() + 60, 2])
        self.admission.follow()
        self.assertEqual(self.nodes(), {"1": "offline", "2": "online"})

    def test_a_node_id_is_unsigned_although_the_database_has_it_signed(self):
        self.give("FL_ADMIT", 1, key("a"))
        self.flower.database.execute("UPDATE node SET node_id = -1")
        self.admission.follow()
        self.assertEqual(self.nodes(), {str(2**64 - 1): "registered"})

    def test_a_key_that_somebody_registered_by_hand_is_shown_too(self):
        self.flower.database.execute("INSERT INTO node VALUES (77, 'registered', 0, ?)", [pem(key("z"))])
        self.admission.follow()
        self.assertEqual(self.nodes(), {"77": "registered"})

    def test_a_key_is_read_in_every_form_that_a_column_may_give_it(self):
        whole = pem(key("a"))
        der = base64.b64decode("".join(whole.decode().splitlines()[1:-1]))
        folded = whole.replace(b"\n", b"\r\n")
        for form in (whole, whole.decode(), memoryview(whole), der, folded, folded.decode(), whole.strip()):
            with self.subTest(form=form):
                self.flower.database.execute("DELETE FROM node")
                self.flower.database.execute("INSERT INTO node VALUES (7, 'registered', 0, ?)", [form])
                self.give("FL_ADMIT", 1, key("a"))
                self.assertEqual((self.done(), self.nodes()), ([], {"7": "registered"}))

    def test_a_node_without_a_key_is_passed_over_and_hides_no_other(self):
        self.give("FL_ADMIT", 1, key("a"))
        for absent in (None, b"", ""):
            self.flower.database.execute("INSERT INTO node VALUES (77, 'online', NULL, ?)", [absent])
        self.admission.follow()
        self.assertEqual(self.nodes(), {"1": "registered"})

    def test_what_a_row_holds_that_cannot_be_read_is_asked_of_flowers_own_command(self):
        self.give("FL_ADMIT", 1, key("a"))
        odd = (
            *((1, "registered", 0, form) for form in ("no key", "ä", b"-----\xff", "-----BEGIN X-----\nA\n", 7, 1.5)),
            *((node_id, "registered", 0, pem(key("a"))) for node_id in ("x", None)),
            (1, "online", "2026-11-26 12:00:00", pem(key("a"))),
        )
        for row in odd:
            with self.subTest(row=row):
                self.flower.database.execute("DELETE FROM node")
                self.flower.database.execute("INSERT INTO node VALUES (?, ?, ?, ?)", row)
                self.admission.next_list = 0.0
                answer = {"nodes": [{"node-id": 1, "status": "online"}, {"node-id": "2", "status": "online"}]}
                with mock.patch.object(self.flower, "call", return_value=answer):
                    self.admission.follow()
                self.assertEqual(self.nodes(), {"1": "online"})

    def test_an_answer_of_flowers_command_that_says_nothing_leaves_what_it_said_before(self):
        self.give("FL_ADMIT", 1, key("a"))
        self.flower.database.execute("ALTER TABLE node RENAME COLUMN online_until TO until")
        self.admission.follow()
        self.assertEqual(self.nodes(), {"1": "registered"})
        odd = ({}, {"error-message": "timeout"}, {"nodes": None}, {"nodes": 7}, {"nodes": ["x"]}, {"nodes": [{}]})
        for answer in odd:
            with self.subTest(answer=answer), mock.patch.object(self.flower, "call", return_value=answer):
                self.admission.next_list = 0.0
                self.admission.follow()
                self.assertEqual(self.nodes(), {"1": "registered"})

    def test_a_database_of_another_make_is_left_to_flowers_own_command(self):
        self.flower.database.execute("ALTER TABLE node RENAME COLUMN public_key TO pubkey")
        self.flower.database.execute("ALTER TABLE node ADD COLUMN public_key_pem")
        with mock.patch.object(self.flower, "call", wraps=self.flower.call) as call:
            self.admission.follow()
            self.assertIn(mock.call("supernode", "list"), call.mock_calls)
            asked = call.call_count
            self.admission.follow()
            self.assertEqual(call.call_count, asked, "The command costs a CPU second, so not at every look.")


if __name__ == "__main__":
    unittest.main()
