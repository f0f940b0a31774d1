"""The gRPC options that take the place of Flower's own."""

import unittest

from flower_options import keepalive, replaced, server_minimum

MINIMUM = "grpc.http2.min_recv_ping_interval_without_data_ms"


class Options(unittest.TestCase):
    def test_a_superlink_never_allows_fewer_pings_than_its_supernodes_send(self) -> None:
        for seconds in (10, 30, 59, 60, 7200):
            with self.subTest(seconds):
                self.assertLessEqual(server_minimum(seconds * 1000)[MINIMUM], min(30, seconds) * 1000)

    def test_ours_replace_those_of_the_same_name_and_leave_the_others(self) -> None:
        given = [("grpc.keepalive_time_ms", 210_000), ("grpc.max_send_message_length", 7)]
        self.assertEqual(
            replaced(given, keepalive(60_000, 20_000)),
            [("grpc.max_send_message_length", 7), *keepalive(60_000, 20_000).items()],
        )
        self.assertEqual(replaced(None, {"grpc.keepalive_time_ms": 1}), [("grpc.keepalive_time_ms", 1)])
