"""A server on loopback that answers with bytes, so that an answer can be as wrong as it likes."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def raw_server(answer: Callable[[bytes], bytes], family: int = socket.AF_INET) -> Iterator[int]:
    """Each connection gets what `answer` makes of its request, then its end; yields the port."""
    with socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with listening.accept()[0] as connection:
                        with contextlib.suppress(OSError):
                            connection.sendall(answer(request_of(connection)))

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def request_of(connection: socket.socket) -> bytes:
    request = b""
    while piece := connection.recv(65536):
        request += piece
        head, end, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and len(body) >= int(length[1] if length else 0):
            break
    return request


def whole(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body
