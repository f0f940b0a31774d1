"""What a guest says through OneGate and what it reads there, with a OneGate on loopback."""

import http.server
import itertools
import json
import pathlib
import socket
import tempfile
import threading
import time
import types
import unittest
from unittest import mock

import agent
import guest
from context import Failure
from guest import Guest
from raw_server import raw_server, whole

GIVEN = {"FL_ADMITTED": "SHA256:abc"}
GOOD = whole(json.dumps({"VM": {"ID": "7", "USER_TEMPLATE": GIVEN}}).encode())
HEAD = b"HTTP/1.1 200 OK\r\n"
PAGE = b"<html><body>Sign in</body></html>"

# What may come instead of an answer of OneGate's to any call.
RUBBISH = {
    "a proxy that is at its limit": whole(b"", "429 Too Many Requests", "Retry-After: 30\r\n"),
    "a proxy that reaches nobody": whole(PAGE, "502 Bad Gateway"),
    "a service that is down": whole(PAGE, "503 Service Unavailable"),
    "a proxy that waited in vain": whole(PAGE, "504 Gateway Time-out"),
    "a page": whole(PAGE),
    "attributes under another status": whole(b'{"VM":{"USER_TEMPLATE":{}}}', "203 Non-Authoritative Information"),
    "a redirection": whole(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"),
    "a redirection to nowhere": whole(b"", "302 Found", "Location: http://[::/\r\n"),
    "nothing at all": b"",
    "half a status line": b"HTTP/1.1 2",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a status that is no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "a line that is too long": HEAD + b"X: " + b"x" * 70000 + b"\r\n\r\n",
    "too many headers": HEAD + b"X: x\r\n" * 200 + b"\r\n",
    "a header that is cut before its body's end is told": HEAD + b'Content-Le\r\n\r\n{"VM":{',
    "a body that is cut": HEAD + b'Content-Length: 100\r\n\r\n{"VM":{',
    "an empty body that is cut": HEAD + b"Content-Length: 100\r\n\r\n",
    "a chunk that is cut": HEAD + b'Transfer-Encoding: chunked\r\n\r\n400\r\n{"VM":{"USER_',
    "a chunk whose size is no number": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "a chunk of more than there is": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n{}\r\n",
    "bytes that are no text": whole(b"\xff\xfe\x00"),
    "compressed bytes": whole(b"\x1f\x8b\x08\x00", headers="Content-Encoding: gzip\r\n"),
}

# What a look may find that is JSON, and no answer about this VM.
ODD = (
    *(b"null", b"7", b'"x"', b"[]", b"{}", b"NaN", b"[" * 100_000, b"9" * 5000, b'{"VM":'),
    *(b'{"VM":null}', b'{"VM":[]}', b'{"VM":"x"}', b'{"VM":{}}', b'{"SERVICE":{"id":"1"}}'),
    *(b'{"VM":{"USER_TEMPLATE":%s}}' % odd for odd in (b"null", b'""', b"[]", b'["FL_ADMITTED"]', b"7", b"true")),
    b'{"VM":{"ID":"8","USER_TEMPLATE":{"FL_ADMITTED":"of another VM"}}}',
)


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

    def test_rubbish_in_place_of_an_answer_ends_nothing_and_changes_nothing(self):
        answers = RUBBISH | {f"JSON {body[:60]!r}": whole(body) for body in ODD}
        for what, rubbish in answers.items():
            updates: list[bytes] = []
            left = [GOOD, rubbish, rubbish]

            def answer(request: bytes) -> bytes:
                if request.startswith(b"PUT") and len(left) < 2:
                    updates.append(request.partition(b"\r\n\r\n")[2])
                return left.pop(0) if left else whole(b"")

            with self.subTest(what), raw_server(answer) as port:
                one = Guest(f"http://127.0.0.1:{port}", "t0ken", "7", lambda: False)
                one.read()
                one.read()
                one.tell("serving")
                self.assertEqual((one.given, one.said), (GIVEN, {}))
                one.tell()
                self.assertEqual(updates[-1], b"FL_STAGE=serving\nFL_REASON=none")
                self.assertEqual(one.said["FL_STAGE"], "serving")

    def test_an_answer_that_trickles_in_for_ever_is_given_up(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def trickle() -> None:
                with listening.accept()[0] as connection:
                    try:
                        for piece in itertools.chain([HEAD], itertools.repeat(b"X: x\r\n")):
                            connection.sendall(piece)
                            time.sleep(0.05)
                    except OSError:
                        pass

            threading.Thread(target=trickle, daemon=True).start()
            one = Guest(f"http://127.0.0.1:{listening.getsockname()[1]}", "t0ken", "7", lambda: False)
            with mock.patch.object(guest, "PATIENCE", 0.3):
                self.assertIsNone(one.call("GET"))

    def test_the_token_does_not_follow_a_redirection(self):
        met: list[bytes] = []

        def elsewhere(request: bytes) -> bytes:
            met.append(request)
            return GOOD

        with raw_server(elsewhere) as other:
            moved = whole(b"", "302 Found", f"Location: http://127.0.0.1:{other}/vm\r\n")
            with raw_server(lambda _: moved) as port:
                one = Guest(f"http://127.0.0.1:{port}", "t0ken", "7", lambda: False)
                self.assertIsNone(one.call("GET"))
        self.assertEqual(met, [])

    def test_an_endpoint_may_have_a_path_and_an_address_of_ipv6(self):
        asked: list[bytes] = []

        def answer(request: bytes) -> bytes:
            asked.append(request.split(b"\r\n")[0])
            return GOOD

        with raw_server(answer, socket.AF_INET6) as port:
            one = Guest(f"http://[::1]:{port}/onegate", "t0ken", "7", lambda: False)
            one.read()
        self.assertEqual((asked, one.given), ([b"GET /onegate/vm HTTP/1.1"], GIVEN))

    def test_a_remark_is_told_for_a_while_where_no_reason_is(self):
        self.guest.remark = "disk-reused", time.monotonic()
        self.guest.tell("starting")
        self.guest.tell("starting", "port-taken")
        self.guest.tell("starting")
        with mock.patch.object(guest, "REMARK_FOR", 0):
            self.guest.tell("starting")
        reasons = [update.rpartition("FL_REASON=")[2] for update in self.server.updates]
        self.assertEqual(reasons, ["disk-reused", "port-taken", "disk-reused", "none"])

    def test_what_is_wrong_beside_is_told_with_whatever_stage_it_is_and_taken_back(self):
        wrong: list[str | None] = [None, "tunnel-port-taken", "tunnel-port-taken", None]
        self.guest.beside = lambda: wrong.pop(0)
        self.guest.tell("awaiting-certificate")
        with mock.patch.object(guest, "HEARTBEAT_EVERY", 1000), mock.patch.object(guest, "READ_AFTER", (1000, 1000)):
            self.guest.due = dict.fromkeys(self.guest.due, float("inf"))
            for _ in range(2):
                self.guest.pause(0)
            self.guest.tell("starting")
            self.guest.tell("starting", "port-taken")
            for _ in range(2):
                self.guest.pause(0)
        reasons = [update.rpartition("FL_REASON=")[2] for update in self.server.updates if "FL_REASON" in update]
        self.assertEqual(reasons, ["none", "tunnel-port-taken", "port-taken"])
        self.guest.tell("starting")
        self.assertEqual(self.server.updates[-1], "FL_REASON=none")

    def test_waiting_keeps_the_heartbeat_and_the_upkeep(self):
        kept = []
        self.guest.upkeep = lambda: kept.append(1)
        self.guest.due["upkeep"] = 0.0
        with mock.patch.object(guest, "HEARTBEAT_EVERY", 0), mock.patch.object(guest, "READ_AFTER", (0, 0)):
            for _ in range(2):
                self.guest.pause(0)
        heartbeats = [int(update.removeprefix("FL_HEARTBEAT=")) for update in self.server.updates]
        self.assertEqual((heartbeats[1] - heartbeats[0], kept), (1, [1]))

    def test_it_reads_after_a_tenth_of_the_time_in_which_nothing_came_and_goes_on_at_once_when_something_does(self):
        clock, reads, given = [1000.0], [], {}

        def call(method, body=None):
            if method == "GET":
                reads.append(clock[0])
            return dict(given)

        def sleep(seconds):
            clock[0] += seconds

        with mock.patch.object(guest.time, "monotonic", lambda: clock[0]), mock.patch.object(guest.time, "sleep", sleep):
            waiting = Guest("http://127.0.0.1:1", "token", "7", lambda: False)
            waiting.call = call
            waiting.pause(60)
            gaps = [later - sooner for sooner, later in itertools.pairwise(reads)]
            self.assertEqual((min(gaps), max(gaps), gaps), (0.5, 3.0, sorted(gaps)))
            self.assertLess(len(reads), 40)
            given["FL_ADMITTED"] = "SHA256:abc"
            began = clock[0]
            waiting.pause(60)
            self.assertLessEqual(clock[0] - began, 3.0)
            waiting.pause(3)
            self.assertEqual(reads[-1] - reads[-2], 0.5)

    def test_a_changed_context_ends_the_program_so_that_it_starts_again(self):
        self.guest.outdated = lambda: True
        with self.assertRaises(SystemExit):
            self.guest.pause(0)

class Endpoint(unittest.TestCase):
    """`ONEGATE_ENDPOINT` of oned.conf, as one-context hands it over."""

    def taken(self, endpoint: str, **more: str) -> str:
        environment = {"ONEGATE_ENDPOINT": endpoint, "VMID": "7", "TOKENTXT": "dG9rZW4="} | more
        with mock.patch.dict("os.environ", environment, clear=True):
            return agent.onegate_of_vm()[0]

    def test_every_form_that_an_endpoint_may_have_is_taken(self):
        for endpoint, taken in (
            ("http://172.16.100.1:5030", "http://172.16.100.1:5030"),
            ("http://172.16.100.1:5030/", "http://172.16.100.1:5030"),
            ("http://172.16.100.1", "http://172.16.100.1"),
            ("https://one.example.org/onegate", "https://one.example.org/onegate"),
            ("https://one.example.org:8443/a/b-c_d.e~f//", "https://one.example.org:8443/a/b-c_d.e~f"),
            ("http://[2001:db8::1]:5030", "http://[2001:db8::1]:5030"),
            ("http://[fd00::5030]/gate/", "http://[fd00::5030]/gate"),
            ("HTTP://frontend:5030", "HTTP://frontend:5030"),
        ):
            with self.subTest(endpoint):
                self.assertEqual(self.taken(endpoint), taken)

    def test_what_is_no_url_is_said_to_be_the_endpoint_and_a_missing_token_to_be_the_token(self):
        for wrong in ("", "frontend:5030", "ftp://x", "http://", "http://a b", "http://x/$(id)", "http://u:p@x", "http://::1:1"):
            with self.subTest(wrong), self.assertRaises(SystemExit) as caught:
                self.taken(wrong)
            self.assertIn("ONEGATE_ENDPOINT", str(caught.exception))
            self.assertNotIn("TOKEN=", str(caught.exception))
        for more in ({"TOKENTXT": ""}, {"VMID": ""}):
            with self.subTest(more), self.assertRaises(SystemExit) as caught:
                self.taken("http://frontend:5030", **more)
            self.assertIn("TOKEN=YES", str(caught.exception))


class Going(unittest.TestCase):
    """The agent's own loop, with a role of a test's own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        self.places = types.SimpleNamespace(agent=root, logs=root, context=root / "context.json", prepare=lambda *_: None)
        for target, stand_in in (
            ("agent.parse_context", lambda _: {"FL_ROLE": "superlink"}),
            ("agent.Flower", lambda *_: None),
            ("agent.end_processes", lambda _: None),
            ("agent.guard.user", lambda _: None),
            ("agent.guard.keep_from_onegate", self.guarded),
            ("agent.signal.signal", lambda *_: None),
            ("guest.READ_AFTER", (0, 0)),
            ("guest.UPKEEP_EVERY", 0),
        ):
            patch = mock.patch(target, stand_in)
            patch.start()
            self.addCleanup(patch.stop)
        self.trouble: Exception | None = None

    def guarded(self, *_) -> None:
        if self.trouble:
            raise self.trouble

    def run_until(self, turn, port: int) -> list[str]:
        """Runs the agent with a role that does this at every turn, until it ends the program; what the role went through."""
        went: list[str] = []

        class Role:
            def __init__(self, _context, one: Guest, _flower):
                self.guest = one

            def run(self) -> None:
                went.append("runs")
                for number in itertools.count():
                    turn(number)
                    self.guest.tell("serving")
                    self.guest.pause(0)

            def stop(self) -> None:
                went.append("stops")

        self.places.context.write_text(json.dumps([[f"http://127.0.0.1:{port}", "t0ken", "7"], {}, "digest"]))
        with mock.patch("agent.SuperLink", Role), self.assertRaises(SystemExit):
            agent.run(self.places)
        return went

    def test_flower_lives_through_every_kind_of_rubbish_from_onegate(self):
        rubbish = iter([GOOD, GOOD, *(answer for answer in RUBBISH.values() for _ in range(4))])
        over = threading.Event()

        def answer(_: bytes) -> bytes:
            found = next(rubbish, None)
            if found is None:
                over.set()
            return found or GOOD

        def turn(_: int) -> None:
            if over.is_set():
                raise SystemExit

        with raw_server(answer) as port:
            self.assertEqual(self.run_until(turn, port), ["runs", "stops"])

    def test_what_has_to_be_set_right_now_and_then_stops_nothing_when_it_cannot_be(self):
        troubles = (OSError("no name"), UnicodeError("label too long"), Failure("agent-error", "nft"), ValueError("port"))

        def turn(number: int) -> None:
            if number == len(troubles):
                raise SystemExit
            self.trouble = troubles[number]

        with raw_server(lambda _: GOOD) as port:
            self.assertEqual(self.run_until(turn, port), ["runs", "stops"])


if __name__ == "__main__":
    unittest.main()
