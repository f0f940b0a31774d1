"""How a dial ends, against real sockets on loopback."""

import contextlib
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import link


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
            openssl(at, f"req -x509 -newkey rsa:2048 -nodes -keyout {ca}.key -out {ca}.crt -subj /CN={ca} -days 2")
        openssl(at, "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server")
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

    def test_a_closed_port_is_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        self.assertEqual(link.dial("127.0.0.1", port, f"{self.folder.name}/ca.crt").link, "refused")
