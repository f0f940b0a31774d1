"""How a dial ends, against real sockets on loopback."""

import contextlib
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
from unittest import mock

import link
from quick_keys import NEW_KEY


def openssl(folder: str, line: str) -> None:
    subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)


class Dialling(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        link.PATIENCE = 1
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        at = cls.folder.name
        for ca in ("ca", "other"):
            openssl(at, f"req -x509 {NEW_KEY} -nodes -keyout {ca}.key -out {ca}.crt -subj /CN={ca} -days 2")
        openssl(at, f"req {NEW_KEY} -nodes -keyout server.key -out server.csr -subj /CN=server")
        pathlib.Path(at, "san").write_text("subjectAltName=IP:127.0.0.1")
        pathlib.Path(at, "foreign").write_text("subjectAltName=DNS:elsewhere.example")
        sign = "x509 -req -in server.csr -CA ca.crt -CAkey ca.key"
        openssl(at, f"{sign} -days 2 -extfile san -out good.pem")
        openssl(at, f"{sign} -days 2 -extfile foreign -out foreign.pem")
        openssl(at, f"{sign} -days -1 -extfile san -out expired.pem")

    @contextlib.contextmanager
    def server(self, answer):
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def serve() -> None:
                with contextlib.suppress(OSError), listening.accept()[0] as connection:
                    answer(connection)

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            yield listening.getsockname()[1]
            thread.join(5)

    def tls(self, certificate: str, protocols=("h2",)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.folder.name}/{certificate}", f"{self.folder.name}/server.key")
        context.set_alpn_protocols(list(protocols))

        def answer(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(1)

        return answer

    def dialled(self, answer, ca: str = "ca.crt") -> str:
        with self.server(answer) as port:
            return link.dial("127.0.0.1", port, f"{self.folder.name}/{ca}").link

    def test_a_verified_handshake_is_ok(self):
        self.assertEqual(self.dialled(self.tls("good.pem")), "ok")

    def test_a_name_that_the_certificate_lacks_is_a_mismatch(self):
        self.assertEqual(self.dialled(self.tls("foreign.pem")), "name-mismatch")

    def test_another_ca_is_untrusted(self):
        self.assertEqual(self.dialled(self.tls("good.pem"), "other.crt"), "untrusted-ca")

    def test_an_expired_certificate_is_expired(self):
        self.assertEqual(self.dialled(self.tls("expired.pem")), "expired")

    def test_a_certificate_of_the_future_is_the_clock(self):
        self.assertEqual(link.VERDICTS[9], "clock-skew")

    def test_tls_without_http2_is_no_grpc(self):
        self.assertEqual(self.dialled(self.tls("good.pem", ["http/1.1"])), "not-tls")

    def test_plain_text_is_not_tls(self):
        self.assertEqual(
            self.dialled(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")), "not-tls"
        )

    def test_silence_after_the_connection_is_stalled(self):
        waiting = threading.Event()
        self.assertEqual(self.dialled(lambda connection: waiting.wait(2)), "stalled")

    def dialled_through_a_tunnel(self, answer, arrives: bool) -> str:
        with self.server(answer) as port, mock.patch("link.has_arrived", lambda _: arrives):
            return link.dial("127.0.0.1", port, f"{self.folder.name}/ca.crt", large=True).link

    def test_through_a_tunnel_more_than_one_packet_holds_has_to_arrive(self):
        met: list[bytes] = []

        def answer(connection: socket.socket) -> None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{self.folder.name}/good.pem", f"{self.folder.name}/server.key")
            context.set_alpn_protocols(["h2"])
            with context.wrap_socket(connection, server_side=True) as secure:
                while more := secure.recv(65536):
                    met.append(more)

        with self.server(answer) as port:
            self.assertEqual(link.dial("127.0.0.1", port, f"{self.folder.name}/ca.crt", large=True).link, "ok")
        sent = b"".join(met)
        self.assertTrue(len(sent) > 1500 and sent.startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        frames, kinds = sent[24:], []
        while frames:
            size = int.from_bytes(frames[:3], "big")
            kinds.append((frames[3], size))
            frames = frames[9 + size :]
        self.assertEqual(kinds, [(4, 0), (250, 3000)], "Settings, and a frame that everybody skips.")

    def test_packets_that_are_lost_for_their_size_are_told_from_a_server_that_is_silent(self):
        waiting = threading.Event()
        self.assertEqual(self.dialled_through_a_tunnel(self.tls("good.pem"), False), "tunnel-stalled")
        self.assertEqual(self.dialled_through_a_tunnel(lambda _: waiting.wait(2), False), "tunnel-stalled")
        self.assertEqual(self.dialled_through_a_tunnel(lambda _: waiting.wait(2), True), "stalled")

    def test_what_another_machine_has_acknowledged_has_arrived(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            with socket.create_connection(listening.getsockname()) as line, listening.accept()[0]:
                line.send(bytes(3000))
                self.assertTrue(link.has_arrived(line))
                line.setblocking(False)
                with self.assertRaises(BlockingIOError):
                    while True:
                        line.send(bytes(1 << 20))
                self.assertFalse(link.has_arrived(line), "More than it takes.")

    def test_a_machines_no_counts_whichever_packet_it_answers_if_it_is_about_the_port(self):
        """An ICMP message as a raw socket gives it: type 3, code 3, and the header of the packet that it answers."""
        def header(protocol: int, to: str) -> bytes:
            return bytes([0x45]) + bytes(8) + bytes([protocol, 0, 0]) + socket.inet_aton("10.20.0.10") + socket.inet_aton(to)

        def message(kind: int, code: int, to: str, port: int) -> bytes:
            about = header(17, to) + (40000).to_bytes(2, "big") + port.to_bytes(2, "big") + bytes(4)
            return header(1, "10.20.0.10") + bytes([kind, code, 0, 0, 0, 0, 0, 0]) + about

        where = ("198.51.100.7", 51820)
        self.assertTrue(link.refuses(message(3, 3, *where), where))
        for other in (message(3, 1, *where), message(0, 0, *where), message(3, 3, "198.51.100.8", 51820), message(3, 3, "198.51.100.7", 7)):
            self.assertFalse(link.refuses(other, where))
        for cut in range(len(message(3, 3, *where)) - 5):
            self.assertFalse(link.refuses(message(3, 3, *where)[:cut], where))

    def test_a_closed_port_is_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        self.assertEqual(link.dial("127.0.0.1", port, f"{self.folder.name}/ca.crt").link, "refused")
