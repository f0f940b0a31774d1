"""Both kinds of device: what is sent to the kernel and to wireguard-go, and what is made of their answers."""

import base64
import json
import os
import pathlib
import socket
import struct
import tempfile
import threading
import unittest
from unittest import mock

import guard
import netlink
import wireguard
from context import Failure
from netlink import Change, KernelDevice, PeerState
from process import User
from tools import ToolFailure
from wireguard import UserDevice

KEY, OTHER = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
FAMILY = 29


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def generic(*attributes: bytes) -> bytes:
    return message(FAMILY, struct.pack("=BBH", 0, 1, 0) + b"".join(attributes))


DONE = message(3, struct.pack("=i", 0))
ACCEPTED = message(2, struct.pack("=i", 0))


class Kernel:
    """The other end of a socket of generic netlink. Answers are datagrams, in turn."""

    def __init__(self, *answers: list[bytes]):
        self.requests: list[bytes] = []
        self.answers = list(answers)
        self.waiting: list[bytes] = []

    def bind(self, _) -> None:
        pass

    def close(self) -> None:
        pass

    def send(self, request: bytes) -> None:
        self.requests.append(request)
        names_family = struct.unpack_from("=H", request, 4)[0] == 16
        family = message(16, struct.pack("=BBH", 1, 2, 0) + netlink.attribute(1, struct.pack("=H", FAMILY)))
        self.waiting = [family, ACCEPTED] if names_family else list(self.answers.pop(0))

    def recv(self, _) -> bytes:
        return self.waiting.pop(0)


class OfTheKernel(unittest.TestCase):
    def kernel(self, *answers: list[bytes]) -> Kernel:
        kernel = Kernel(*answers)
        patch = mock.patch("netlink.socket.socket", lambda *_: kernel)
        patch.start()
        self.addCleanup(patch.stop)
        return kernel

    def test_a_setting_is_these_bytes(self):
        """By linux/wireguard.h; the order of attributes says nothing."""
        kernel = self.kernel([ACCEPTED])
        change = Change(KEY, frozenset({"10.99.0.1/32"}), ("203.0.113.9", 51820))
        KernelDevice("wg0").set(b"k" * 32, 51820, [change])
        family, request = kernel.requests
        self.assertEqual(family.hex(), "24000000" "1000" "0500" "01000000" "00000000" "03010000" "0e000200" + b"wireguard\0\0\0".hex())
        self.assertEqual(
            request[16:].hex(),
            "01010000"  # set, version 1
            "08000200" + b"wg0\0".hex()
            + "24000300" + b"k".hex() * 32
            + "06000600" "6cca0000"
            "70000880" "6c000080"
            "24000100" + "01" * 32
            + "06000500" "19000000"  # keepalive 25
            "14000400" "0200" "ca6c" "cb007109" "0000000000000000"  # 203.0.113.9:51820
            "08000300" "02000000"  # its networks in place of those before
            "20000980" "1c000080" "06000100" "02000000" "08000200" "0a630001" "05000300" "20000000",
        )

    def test_a_removal_names_the_key_alone(self):
        kernel = self.kernel([ACCEPTED])
        KernelDevice("wg0").set(changes=[Change(KEY, remove=True)])
        self.assertEqual(kernel.requests[1][28:].hex(), "34000880" "30000080" "24000100" + "01" * 32 + "08000300" "01000000")

    def test_many_peers_go_in_several_messages_none_of_which_is_too_long(self):
        kernel = self.kernel(*([ACCEPTED] for _ in range(3)))
        changes = [Change(KEY, frozenset(f"10.99.{number}.{host}/32" for host in range(9))) for number in range(250)]
        KernelDevice("wg0").set(b"k" * 32, 1, changes)
        sets = kernel.requests[1:]
        self.assertEqual(len(sets), 3)
        self.assertEqual([b"k" * 32 in each for each in sets], [True, False, False])
        self.assertLess(max(map(len, sets)), 64 * 1024)

    def test_what_the_kernel_refuses_is_its_own_error(self):
        self.kernel([message(2, struct.pack("=i", -98))])
        with self.assertRaises(OSError) as caught:
            KernelDevice("wg0").set(port=51820)
        self.assertEqual(caught.exception.errno, 98)

    def test_a_peer_whose_networks_go_on_in_the_next_message_has_all_of_them(self):
        def network(host: str, prefix: int) -> bytes:
            parts = (struct.pack("=H", socket.AF_INET), socket.inet_aton(host), bytes([prefix]))
            return netlink.nest(0, *(netlink.attribute(kind, part) for kind, part in enumerate(parts, 1)))

        first = netlink.nest(
            0,
            netlink.attribute(1, b"\1" * 32),
            netlink.attribute(4, bytes.fromhex("0200ca6ccb0071090000000000000000")),
            netlink.attribute(6, struct.pack("=qq", 1700000000, 5)),
            netlink.attribute(7, struct.pack("=Q", 148)),
            netlink.attribute(8, struct.pack("=Q", 2**40)),
            netlink.nest(9, network("10.99.0.1", 32)),
        )
        rest = netlink.nest(0, netlink.attribute(1, b"\1" * 32), netlink.nest(9, network("10.30.0.0", 24)))
        other = netlink.nest(1, netlink.attribute(1, b"\2" * 32))
        self.kernel([generic(netlink.nest(8, first)), generic(netlink.nest(8, rest, other)) + DONE])
        self.assertEqual(
            KernelDevice("wg0").read(),
            {
                KEY: PeerState({"10.99.0.1/32", "10.30.0.0/24"}, ("203.0.113.9", 51820), 1700000000, 148, 2**40),
                OTHER: PeerState(set(), None, 0, 0, 0),
            },
        )


class OfWireguardGo(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "wg.sock"
        patch = mock.patch("wireguard.SOCKET", path)
        patch.start()
        self.addCleanup(patch.stop)
        self.listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listening.close)
        self.listening.bind(str(path))
        self.listening.listen()

    def answer(self, text: str, act):
        """What is asked, and what comes of it."""
        asked: list[str] = []

        def serve() -> None:
            with self.listening.accept()[0] as connection:
                words = b""
                while not words.endswith(b"\n\n"):
                    words += connection.recv(65536)
                asked.append(words.decode())
                connection.sendall(text.encode())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            found = act()
        finally:
            thread.join(5)
        return asked[0], found

    def test_a_setting_is_these_lines(self):
        change = Change(KEY, frozenset({"10.99.0.1/32"}), ("203.0.113.9", 51820))
        asked, _ = self.answer("errno=0\n\n", lambda: UserDevice().set(b"k" * 32, 51820, [change, Change(OTHER, remove=True)]))
        self.assertEqual(
            asked,
            f"set=1\nprivate_key={'6b' * 32}\nlisten_port=51820\npublic_key={'01' * 32}\npersistent_keepalive_interval=25\n"
            "endpoint=203.0.113.9:51820\nreplace_allowed_ips=true\nallowed_ip=10.99.0.1/32\n"
            f"public_key={'02' * 32}\nremove=true\n\n",
        )

    def test_what_it_says_is_read_as_the_kernels_word_is(self):
        text = (
            f"private_key={'6b' * 32}\nlisten_port=51820\npublic_key={'01' * 32}\npreshared_key={'00' * 32}\nprotocol_version=1\n"
            "endpoint=203.0.113.9:4000\nlast_handshake_time_sec=1700000000\nlast_handshake_time_nsec=5\ntx_bytes=9\nrx_bytes=148\n"
            "persistent_keepalive_interval=25\nallowed_ip=10.99.0.1/32\nallowed_ip=10.30.0.0/24\n"
            f"public_key={'02' * 32}\nendpoint=[2001:db8::1]:7\nlast_handshake_time_sec=0\ntx_bytes=0\nrx_bytes=0\nerrno=0\n\n"
        )
        asked, found = self.answer(text, lambda: UserDevice().read())
        self.assertEqual(asked, "get=1\n\n")
        self.assertEqual(
            found,
            {
                KEY: PeerState({"10.99.0.1/32", "10.30.0.0/24"}, ("203.0.113.9", 4000), 1700000000, 148, 9),
                OTHER: PeerState(set(), None, 0, 0, 0),
            },
        )

    def test_what_it_refuses_and_an_answer_that_breaks_off_are_errors_of_the_system(self):
        for text, number in (("errno=-98\n\n", 98), ("public_key=", 32)):
            with self.subTest(text), self.assertRaises(OSError) as caught:
                self.answer(text, lambda: UserDevice().set(port=51820))
            self.assertEqual(caught.exception.errno, number)


class Opening(unittest.TestCase):
    def setUp(self) -> None:
        self.said: list[tuple] = []
        self.has_kernel = False
        for target, stand_in in (
            ("wireguard.SOCKET", pathlib.Path("/nowhere/wg.sock")),
            ("wireguard.works", self.works),
            ("wireguard.KernelDevice.read", self.refuse),
            ("wireguard.shutil.which", lambda _: None),
            ("wireguard.start_wireguard_go", lambda _: "wireguard-go"),
        ):
            patch = mock.patch(target, stand_in)
            patch.start()
            self.addCleanup(patch.stop)

    def refuse(self, *_):
        raise OSError("no such device")

    def works(self, *command: str) -> bool:
        self.said.append(command)
        return self.has_kernel

    def test_the_kernels_is_taken_where_there_is_one(self):
        self.has_kernel = True
        self.assertIsInstance(wireguard.open_device(pathlib.Path("log")), KernelDevice)
        self.assertIn(("ip", "link", "add", "wg-florist", "type", "wireguard"), self.said)

    def test_one_that_is_there_already_is_gone_on_with(self):
        with mock.patch("wireguard.KernelDevice.read", lambda _: {}):
            self.assertIsInstance(wireguard.open_device(pathlib.Path("log")), KernelDevice)
        self.assertEqual(self.said, [])

    def test_wireguard_go_is_taken_where_the_kernel_has_none(self):
        with mock.patch("wireguard.shutil.which", lambda _: "/usr/bin/wireguard-go"), mock.patch("wireguard.TUN", pathlib.Path("/dev/null")):
            self.assertEqual(wireguard.open_device(pathlib.Path("log")), "wireguard-go")

    def test_without_either_or_without_a_device_for_it_that_is_told(self):
        for program, tun in ((None, "/dev/null"), ("/usr/bin/wireguard-go", "/nowhere/tun")):
            with mock.patch("wireguard.shutil.which", lambda _: program), mock.patch("wireguard.TUN", pathlib.Path(tun)):
                with self.assertRaises(Failure) as caught:
                    wireguard.open_device(pathlib.Path("log"))
            self.assertEqual(caught.exception.reason, "tunnel-unavailable")


class Addresses(unittest.TestCase):
    def laid(self, addresses: list, routes: list, own: set, networks: set) -> list[str]:
        said: list[str] = []

        def tool(*command: str) -> bytes:
            if command[1] == "-json":
                listed = addresses if command[3] == "address" else routes
                return json.dumps(listed).encode() if listed else b""
            said.append(" ".join(command[1:]).replace(" dev wg-florist", "").replace(" proto static", ""))
            return b""

        with mock.patch("wireguard.tool", tool), mock.patch("wireguard.works", lambda *command: bool(tool(*command)) or True):
            wireguard.set_addresses(own, networks, "1420")
        return said

    def test_only_what_differs_is_changed(self):
        addresses = [{"addr_info": [{"local": "10.99.0.0", "prefixlen": 31}, {"local": "10.99.0.8", "prefixlen": 31}]}]
        routes = [{"dst": "10.99.0.1"}, {"dst": "10.40.0.0/24"}]
        self.assertEqual(
            self.laid(addresses, routes, {"10.99.0.0/31", "10.99.0.2/31"}, {"10.99.0.1/32", "10.99.0.3/32"}),
            [
                "link set wg-florist mtu 1420 up",
                "address delete 10.99.0.8/31",
                "address add 10.99.0.2/31",
                "route delete 10.40.0.0/24",
                "route replace 10.99.0.1/32",
                "route replace 10.99.0.3/32",
            ],
        )

    def test_a_device_without_any_gets_all(self):
        self.assertEqual(self.laid([], [], {"10.99.0.1/31"}, set())[1:], ["address add 10.99.0.1/31"])


class Keys(unittest.TestCase):
    def test_a_key_is_made_as_openssl_makes_it_whatever_the_image_has_set_up(self):
        with mock.patch.dict(os.environ, {"OPENSSL_CONF": "/nowhere"}):
            self.assertEqual((len(wireguard.make_key()), len(wireguard.public_key(bytes([9] * 32)))), (32, 32))

    def test_what_is_no_key_is_a_failure(self):
        with self.assertRaises(ToolFailure):
            wireguard.public_key(b"short")


class Walls(unittest.TestCase):
    def rules(self, port: int | None) -> str:
        given: list[bytes] = []
        with mock.patch("guard.tool", lambda *_, given=b"", to=given: to.append(given)):
            guard.shield_tunnel("wg-florist", User(995, 995), port, 9092, {"10.99.0.2", "10.99.0.0"})
        return given[0].decode()

    def test_nothing_is_forwarded_and_apps_send_nothing_into_it(self):
        for port in (51820, None):
            rules = self.rules(port)
            for rule in (
                "forward iifname wg-florist drop",
                "forward oifname wg-florist drop",
                "output oifname wg-florist meta skuid 995 drop",
                "input iifname wg-florist drop",
            ):
                self.assertIn(f"add rule inet florist_tunnel {rule}\n", rules)

    def test_only_a_superlink_serves_and_counts_who_knocks(self):
        for port in (51820, None):
            rules = self.rules(port)
            self.assertEqual("iifname wg-florist tcp dport 9092 accept" in rules, port is not None)
            self.assertEqual("udp dport 51820 udp length 156 update @knocks { ip saddr counter }" in rules, port is not None)

    def test_what_is_dropped_is_counted_by_who_sent_it_at_a_superlink_from_its_peers_and_else_from_its_own_apps(self):
        count = "update @strays { ip saddr counter }"
        for port in (51820, None):
            rules = self.rules(port)
            beyond = f"prerouting iifname wg-florist ip daddr != {{ 10.99.0.0, 10.99.0.2 }} {count} drop\n"
            self.assertEqual(beyond in rules, port is not None)
            self.assertEqual(f"input iifname wg-florist {count}\n" in rules, port is not None)
            self.assertEqual(f"output oifname wg-florist meta skuid 995 {count}\n" in rules, port is None)
            pokes, counted = rules.find("iifname wg-florist udp dport 9 drop"), rules.find(f"input iifname wg-florist {count}")
            self.assertTrue(0 < pokes < counted or port is None)

    def test_what_a_device_drops_for_its_source_is_the_kernels_count_and_none_where_there_is_none(self):
        with tempfile.TemporaryDirectory() as folder:
            counter = pathlib.Path(folder) / "rx_errors"
            with mock.patch("wireguard.ERRORS", counter):
                self.assertEqual(wireguard.forged(), 0)
                counter.write_text("17\n")
                self.assertEqual(wireguard.forged(), 17)

    def test_who_knocked_is_read_from_what_nft_prints(self):
        listed = b"""table inet florist_tunnel {
\tset knocks {
\t\ttype ipv4_addr
\t\tsize 1024
\t\tflags dynamic,timeout
\t\ttimeout 1h
\t\telements = { 100.64.1.2 counter packets 1 bytes 176 expires 59m58s52ms,
\t\t\t     203.0.113.9 counter packets 37 bytes 6512 expires 58m11s8ms }
\t}
}
"""
        with mock.patch("guard.tool", lambda *_: listed):
            self.assertEqual(guard.knocks(), {"100.64.1.2": 1, "203.0.113.9": 37})
            self.assertEqual(guard.strays(), guard.knocks())
        with mock.patch("guard.tool", lambda *_: b"table inet florist_tunnel {\n\tset knocks {\n\t}\n}\n"):
            self.assertEqual(guard.knocks(), {})


if __name__ == "__main__":
    unittest.main()
