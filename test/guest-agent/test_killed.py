"""A VM may die at any moment: whatever was half done is done again, and what was published before still holds."""

import base64
import json
import pathlib
import subprocess
import tempfile
import types
import unittest
from unittest import mock

import flower
import wire
from quick_keys import NEW_KEY, quick_tool
from superlink import SuperLink
from supernode import SuperNode
from test_supernode import FakeFlower
from test_tunnel import peers
from tunnel import Tunnel
from wireguard import public_key


class Killed(BaseException):
    """Nothing in the agent catches this, as nothing survives a power cut."""


class PowerCut:
    """Lets so many files come into being and then cuts the power, before or after the next one."""

    def __init__(self, files: int, after: bool):
        self.left = files
        self.after = after
        self.replace = flower.os.replace

    def __call__(self, fresh, path) -> None:
        if self.left == 0 and not self.after:
            raise Killed
        self.replace(fresh, path)
        self.left -= 1
        if self.left < 0:
            raise Killed


class AnyMoment(unittest.TestCase):
    def setUp(self) -> None:
        patch = mock.patch("flower.os.fchown")
        patch.start()
        self.addCleanup(patch.stop)
        quick = mock.patch("superlink.tool", quick_tool)
        quick.start()
        self.addCleanup(quick.stop)

    def at_each_moment(self, work, holds) -> None:
        """Does some work on a fresh disk, killed at each of its moments, until it gets through; each time holds."""
        for moment in range(40):
            with tempfile.TemporaryDirectory() as folder, self.subTest(moment=moment):
                result = None
                try:
                    with mock.patch("flower.os.replace", PowerCut(moment // 2, moment % 2 == 1)):
                        result = work(pathlib.Path(folder))
                except Killed:
                    pass
                holds(pathlib.Path(folder), result)
            if result is not None:
                self.assertGreater(moment, 1, "It was never killed.")
                return
        self.fail("It never got through.")

    def test_a_supernode_that_dies_while_it_makes_its_key_has_one_whole_key_at_last(self):
        def identity(root: pathlib.Path) -> str:
            return supernode(root).identity()

        def holds(root: pathlib.Path, before: str | None) -> None:
            line = identity(root)
            self.assertIn(before, (None, line))
            self.assertEqual(identity(root), line)
            (root / "identity").chmod(0o600)  # or ssh-keygen does not read it
            derived = subprocess.run(
                ["ssh-keygen", "-y", "-f", root / "identity"], check=True, capture_output=True, text=True
            ).stdout
            self.assertEqual(derived.split()[:2], line.split())

        self.at_each_moment(identity, holds)

    def test_a_superlink_that_dies_while_it_takes_its_certificate_takes_it_whole_at_last(self):
        authority = Authority()
        self.addCleanup(authority.folder.cleanup)

        def take(root: pathlib.Path) -> bool | None:
            link = superlink(root)
            request = link.request()
            link.guest.given = {
                "FL_TLS_CERT": wire.encode_text(authority.sign(request)),
                "FL_TLS_CA": wire.encode_text(authority.certificate),
            }
            return link.take_certificate() or None

        def holds(root: pathlib.Path, _: bool | None) -> None:
            take(root)
            again = superlink(root)
            self.assertIsNone(again.check(again.chain.read_text(), again.ca.read_text()))

        self.at_each_moment(take, holds)

    def test_a_supernode_that_dies_while_it_takes_a_trust_has_the_old_one_or_the_new_one(self):
        authority, later = Authority(), Authority()
        for each in (authority, later):
            self.addCleanup(each.folder.cleanup)

        old = ("sl.example.org:9092", authority.certificate)
        new = ("other.example.org:443", later.certificate)

        def take(root: pathlib.Path) -> bool:
            node = supernode(root, authority.certificate)
            node.node = types.SimpleNamespace(command=[])
            node.guest.given = {"FL_TRUST": trust(2, "other.example.org:443", later.certificate)}
            node.set_trust()
            node.take_trust()
            return True

        def holds(root: pathlib.Path, _: bool | None) -> None:
            self.assertIn(trusted(root, authority), (old, new))
            take(root)
            self.assertEqual(trusted(root, authority), new)

        self.at_each_moment(take, holds)

    def test_a_vm_that_dies_while_it_changes_its_tunnels_key_has_the_old_one_or_the_new_one_and_goes_on(self):
        def change(root: pathlib.Path) -> str:
            tunnel = a_tunnel(root)
            tunnel.given = {"WG_ROTATE": "1"}
            tunnel.take_key()
            tunnel.given = {"WG_ROTATE": "1", "WG_SWITCH": tunnel.next[1] if tunnel.next else ""}
            tunnel.take_key()
            return tunnel.key[1]

        def holds(root: pathlib.Path, after: str | None) -> None:
            found = a_tunnel(root)
            self.assertIn(after, (None, found.key[1]))
            self.assertEqual(public_key(found.key[0]), base64.b64decode(found.key[1]))
            change(root)
            self.assertEqual((a_tunnel(root).memory["rotation"], a_tunnel(root).next), (1, None))

        self.at_each_moment(change, holds)

    def test_a_vm_that_dies_while_it_takes_peers_knows_the_old_ones_or_the_new_ones(self):
        key = base64.b64encode(bytes([1] * 32)).decode()
        value = peers(1, ["10.99.0.1/31"], (key, None, ["10.99.0.0/32"], None))

        def take(root: pathlib.Path) -> bool:
            tunnel = a_tunnel(root)
            tunnel.given = {"WG_PEERS": value}
            tunnel.take_peers()
            return True

        def holds(root: pathlib.Path, _: bool | None) -> None:
            self.assertIn(a_tunnel(root).sequence, (0, 1))
            take(root)
            self.assertEqual(list(a_tunnel(root).peers), [key])

        self.at_each_moment(take, holds)


def a_tunnel(root: pathlib.Path) -> Tunnel:
    places = types.SimpleNamespace(agent=root, logs=root, bind=lambda *_: None)
    return Tunnel({"FL_ROLE": "supernode", "WG_MTU": "1420"}, types.SimpleNamespace(given={}), places, None)


def trusted(root: pathlib.Path, authority: "Authority") -> tuple[str, str]:
    node = supernode(root, authority.certificate)
    node.set_trust()
    return node.address, node.ca.read_text()


def supernode(root: pathlib.Path, certificate: str = "") -> SuperNode:
    context = {
        "FL_NODE_CONFIG": "",
        "FL_SSL_CA_CERTFILE": wire.encode_text(certificate),
        "FL_SUPERLINK_ADDRESS": "sl.example.org:9092",
    }
    return SuperNode(context, types.SimpleNamespace(given={}), FakeFlower(root))


def superlink(root: pathlib.Path) -> SuperLink:
    fake = FakeFlower(root)
    fake.places.state = root
    context = {"FL_DIALLED_ADDRESS": "203.0.113.20:9092", "FL_CERT_EXTRA_SAN": "DNS:localhost"}
    return SuperLink(context, types.SimpleNamespace(given={}, tell=lambda *_, **__: None), fake)


def trust(sequence: int, address: str, ca: str) -> str:
    digest = wire.digest(f"FL_TRUST\n{sequence}\n{address}\n{ca}")
    return wire.encode_text(
        json.dumps({"schema": 1, "sequence": sequence, "digest": digest, "address": address, "ca": ca})
    )


class Authority:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        strict = "-addext keyUsage=critical,keyCertSign"
        self.openssl(f"req -x509 {NEW_KEY} -nodes -keyout ca.key -out ca.crt -subj /CN=ca -days 2 {strict}")
        self.certificate = pathlib.Path(self.folder.name, "ca.crt").read_text()

    def sign(self, request: str) -> str:
        pathlib.Path(self.folder.name, "request").write_text(request)
        names = "subjectAltName=IP:203.0.113.20,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n"
        pathlib.Path(self.folder.name, "names").write_text(names)
        self.openssl("x509 -req -in request -CA ca.crt -CAkey ca.key -days 2 -extfile names -out server.pem")
        return pathlib.Path(self.folder.name, "server.pem").read_text()

    def openssl(self, line: str) -> None:
        subprocess.run(["openssl", *line.split()], cwd=self.folder.name, check=True, capture_output=True)


if __name__ == "__main__":
    unittest.main()
