"""What a guest says through OneGate and what it reads there, with a OneGate on loopback."""

import http.server
import json
import threading
import unittest
from unittest import mock

import guest
from guest import Guest


class OneGate(http.server.BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.away or self.headers["X-ONEGATE-TOKEN"] != "t0ken":
            self.send_error(500)
            return
        self.server.updates.append(body)
        self.answer(b"")

    def do_GET(self) -> None:
        self.answer(self.server.template)

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


class Saying(unittest.TestCase):
    def setUp(self) -> None:
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OneGate)
        self.server.updates, self.server.away, self.server.template = [], False, b""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.guest = Guest(f"http://127.0.0.1:{self.server.server_port}", "t0ken", "7", lambda: False)

    def test_what_is_told_at_once_goes_in_one_update_and_only_if_it_changed(self):
        self.guest.tell("booting")
        self.guest.tell("starting", FL_TLS_CSR="abc=")
        self.guest.tell("starting", FL_TLS_CSR="abc=")
        self.assertEqual(
            self.server.updates, ["FL_STAGE=booting\nFL_REASON=none", "FL_TLS_CSR=abc=\nFL_STAGE=starting"]
        )

    def test_what_onegate_did_not_take_is_said_when_it_answers_again_as_it_stands_then(self):
        self.server.away = True
        self.guest.tell("starting")
        self.guest.tell("serving", READY="YES")
        self.server.away = False
        self.guest.tell()
        self.assertEqual(self.server.updates, ["FL_STAGE=serving\nFL_REASON=none\nREADY=YES"])

    def test_a_value_that_onegate_would_corrupt_is_never_sent(self):
        for value in ("a,b", "a\nREADY=YES", "a[1]", 'a"b', "a\\b", "x" * (64 * 1024 + 1)):
            with self.subTest(value=value[:20]), self.assertRaises(ValueError):
                self.guest.tell(FL_NODES=value)
        self.assertEqual(self.server.updates, [])

    def test_an_answer_without_attributes_leaves_what_was_read_before(self):
        self.server.template = json.dumps({"VM": {"USER_TEMPLATE": {"FL_ADMIT": "x", "USER_INPUTS": {}}}}).encode()
        self.guest.read()
        for answer in (b"", b"<html>", b"{}", b'{"VM": {"USER_TEMPLATE": ""}}', b'{"VM": null}', b"\xff"):
            self.server.template = answer
            self.guest.read()
            self.assertEqual(self.guest.given, {"FL_ADMIT": "x"}, answer)

    def test_waiting_keeps_the_heartbeat_and_the_upkeep(self):
        kept = []
        self.guest.upkeep = lambda: kept.append(1)
        self.guest.due["upkeep"] = 0.0
        with mock.patch.object(guest, "HEARTBEAT_EVERY", 0), mock.patch.object(guest, "READ_EVERY", 0):
            for _ in range(2):
                self.guest.pause(0)
        heartbeats = [int(update.removeprefix("FL_HEARTBEAT=")) for update in self.server.updates]
        self.assertEqual((heartbeats[1] - heartbeats[0], kept), (1, [1]))

    def test_a_changed_context_ends_the_program_so_that_it_starts_again(self):
        self.guest.outdated = lambda: True
        with self.assertRaises(SystemExit):
            self.guest.pause(0)


if __name__ == "__main__":
    unittest.main()
