"""Installed as sitecustomize.py for Flower's processes: puts in the gRPC options that no flag of Flower reaches.

Keepalive: Flower's client sends none, and its server expects none; without it a dead path is noticed only when TCP
gives up. Certificate: gRPC reads it once; the server here looks at the file again before every handshake, so a
renewed one is taken without a restart. Every Python process below inherits this; where gRPC is absent, it does nothing.
"""

import os

LONGEST_SERVER_MINIMUM = 30_000


def keepalive(time_ms: int, timeout_ms: int) -> dict[str, int]:
    return {
        "grpc.keepalive_time_ms": time_ms,
        "grpc.keepalive_timeout_ms": timeout_ms,
        "grpc.keepalive_permit_without_calls": 1,
        "grpc.http2.max_pings_without_data": 0,
        "grpc.http2.ping_timeout_ms": timeout_ms,
    }


def server_minimum(time_ms: int) -> dict[str, int]:
    """The server takes pings twice as often as the clients, who have the same settings, send them."""
    return {
        "grpc.http2.min_recv_ping_interval_without_data_ms": min(LONGEST_SERVER_MINIMUM, time_ms // 2),
        "grpc.http2.max_ping_strikes": 0,
    }


def replaced(options, ours: dict[str, int]) -> list:
    return [(name, value) for name, value in options or () if name not in ours] + list(ours.items())


def wrap_channels(grpc, ours: dict[str, int]) -> None:
    secure, insecure = grpc.secure_channel, grpc.insecure_channel

    def secure_channel(target, credentials, options=None, compression=None):
        return secure(target, credentials, replaced(options, ours), compression)

    def insecure_channel(target, options=None, compression=None):
        return insecure(target, replaced(options, ours), compression)

    grpc.secure_channel, grpc.insecure_channel = secure_channel, insecure_channel


def wrap_server(grpc, ours: dict[str, int]) -> None:
    plain = grpc.server

    def server(thread_pool, handlers=None, interceptors=None, options=None, *rest, **named):
        return plain(thread_pool, handlers, interceptors, replaced(options, ours), *rest, **named)

    grpc.server = server


def wrap_credentials(grpc, certificate_file: str, key_file: str) -> None:
    static = grpc.ssl_server_credentials

    def configuration(root_certificates):
        with open(key_file, "rb") as key, open(certificate_file, "rb") as chain:
            return grpc.ssl_server_certificate_configuration([(key.read(), chain.read())], root_certificates)

    def stamp():
        status = os.stat(certificate_file)
        return status.st_mtime_ns, status.st_ino

    def ssl_server_credentials(pairs, root_certificates=None, require_client_auth=False):
        if require_client_auth:
            return static(pairs, root_certificates, require_client_auth)
        seen = [stamp()]

        def fetch():
            # None, and any exception, mean for gRPC: go on with the certificate you have.
            now = stamp()
            if now == seen[0]:
                return None
            fresh = configuration(root_certificates)
            seen[0] = now
            return fresh

        return grpc.dynamic_ssl_server_credentials(configuration(root_certificates), fetch)

    grpc.ssl_server_credentials = ssl_server_credentials


def install(environment) -> None:
    if "FLORIST_KEEPALIVE_TIME" not in environment:
        return
    try:
        import grpc
    except ImportError:
        return
    time_ms = int(environment["FLORIST_KEEPALIVE_TIME"]) * 1000
    ours = keepalive(time_ms, int(environment["FLORIST_KEEPALIVE_TIMEOUT"]) * 1000)
    wrap_channels(grpc, ours)
    wrap_server(grpc, {**ours, **server_minimum(time_ms)})
    if "FLORIST_TLS_CHAIN" in environment:
        wrap_credentials(grpc, environment["FLORIST_TLS_CHAIN"], environment["FLORIST_TLS_KEY"])


install(os.environ)
