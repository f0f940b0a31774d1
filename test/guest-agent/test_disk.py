"""A disk that is not this VM's own: saved as an image, copied, or met again by another VM or a later attempt."""

import json
import pathlib
import shutil
import tempfile
import types
import unittest
from unittest import mock

import flower
from flower import Places
from superlink import SuperLink
from supernode import SuperNode
from tools import tool
from tunnel import Tunnel

FIRST = ("7", "fed-1/beta/0123456789ab/1")


class Disk(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for target in ("flower.os.fchown", "flower.os.chown"):
            patch = mock.patch(target)
            patch.start()
            self.addCleanup(patch.stop)

    def boot(self, disk: str, role: type, vm_id: str, attempt: str) -> SuperLink | SuperNode:
        places = Places(self.root / disk)
        for folder in (places.root, places.program, places.agent):
            folder.mkdir(exist_ok=True)
        (places.program / "flower_options.py").touch()
        places.prepare(types.SimpleNamespace(uid=0, gid=0), types.SimpleNamespace(uid=0, gid=0))
        flower.write(places.context, json.dumps(f"of VM {vm_id}"))
        guest = types.SimpleNamespace(vm_id=vm_id, given={}, said={}, remark=("none", 0.0))
        context = {
            "FL_ATTEMPT": attempt,
            "FL_NODE_CONFIG": "",
            "FL_DIALLED_ADDRESS": "sl.example.org:9092",
            "FL_CERT_EXTRA_SAN": "DNS:localhost",
        }
        nobody = types.SimpleNamespace(uid=0, gid=0)
        return role(context, guest, types.SimpleNamespace(places=places, keys=nobody, apps=nobody))

    def clone(self, disk: str) -> str:
        shutil.copytree(self.root / disk, self.root / f"clone of {disk}", symlinks=True)
        return f"clone of {disk}"

    def test_a_supernode_on_a_cloned_disk_has_a_key_of_its_own_and_says_so(self):
        first = self.boot("disk", SuperNode, *FIRST)
        line = first.identity()
        self.assertEqual(first.guest.remark[0], "none")
        flower.write(first.trust_file, json.dumps("of the other federation"))
        second = self.boot(self.clone("disk"), SuperNode, "12", "fed-2/beta/0123456789ab/1")
        self.assertFalse(second.trust_file.exists())
        self.assertNotEqual(second.identity(), line)
        self.assertEqual(second.guest.remark[0], "disk-reused")

    def test_a_vm_that_boots_again_is_who_it_was(self):
        line = self.boot("disk", SuperNode, *FIRST).identity()
        again = self.boot("disk", SuperNode, *FIRST)
        self.assertEqual((again.identity(), again.guest.remark[0]), (line, "none"))

    def test_a_later_attempt_on_a_disk_that_was_kept_starts_anew_even_under_the_same_vm_id(self):
        line = self.boot("disk", SuperNode, *FIRST).identity()
        again = self.boot("disk", SuperNode, "7", "fed-1/beta/0123456789ab/2")
        self.assertNotEqual(again.identity(), line)
        self.assertEqual(again.guest.remark[0], "disk-reused")

    def test_a_superlink_on_a_cloned_disk_forgets_key_certificate_admissions_and_flowers_database(self):
        first = self.boot("disk", SuperLink, *FIRST)
        with mock.patch("superlink.tool", lambda *words, **more: tool(*(w.replace("3072", "2048") for w in words), **more)):
            first.request()
        key, places = first.key.read_text(), first.flower.places
        for path in (first.chain, first.ca, first.admission.database, first.admission.memory):
            path.write_text("of the first")
        (places.apps / "cache").mkdir()
        (places.apps / "cache" / "left by an app").touch()
        (places.apps / "link").symlink_to(places.root)
        second = self.boot(self.clone("disk"), SuperLink, "12", FIRST[1])
        kept = second.flower.places
        for folder in (kept.keys, kept.state, kept.apps):
            self.assertEqual(list(folder.iterdir()), [])
        self.assertEqual({path.name for path in kept.agent.iterdir()}, {"context.json", "owner"})
        self.assertEqual(json.loads(kept.context.read_text()), "of VM 12")
        self.assertEqual(first.key.read_text(), key, "The other one's disk is its own.")

    def test_a_tunnels_key_and_peers_are_forgotten_on_a_cloned_disk_and_kept_over_a_boot(self):
        def tunnel(disk: str, vm_id: str) -> Tunnel:
            node = self.boot(disk, SuperNode, vm_id, FIRST[1])
            context = {"FL_ROLE": "supernode", "FL_ATTEMPT": FIRST[1], "WG_MTU": "1420"}
            return Tunnel(context, node.guest, node.flower.places, node.flower.keys)

        first = tunnel("disk", "7")
        first.memory["rotation"] = 3
        first.remember()
        again = tunnel("disk", "7")
        self.assertEqual((again.key, again.memory), (first.key, first.memory))
        other = tunnel(self.clone("disk"), "12")
        self.assertNotEqual(other.key, first.key)
        self.assertEqual(other.memory["rotation"], 0)

    def test_flower_itself_and_the_logs_stay(self):
        self.boot("disk", SuperNode, *FIRST)
        places = Places(self.root / "disk")
        for path in (places.venv, places.logs):
            path.mkdir(exist_ok=True)
            (path / "kept").touch()
        self.boot("disk", SuperNode, "12", FIRST[1])
        self.assertTrue((places.venv / "kept").exists() and (places.logs / "kept").exists())

    def test_a_key_on_a_disk_that_says_of_nobody_whose_it_is_is_not_taken_over(self):
        line = self.boot("disk", SuperNode, *FIRST).identity()
        (self.root / "disk" / "agent" / "owner").unlink()
        again = self.boot("disk", SuperNode, *FIRST)
        self.assertNotEqual(again.identity(), line)
        self.assertEqual(again.guest.remark[0], "disk-reused")

    def test_one_that_dies_while_it_forgets_goes_on_forgetting_at_its_next_boot(self):
        line = self.boot("disk", SuperNode, *FIRST).identity()

        def dies(*_) -> None:
            raise KeyboardInterrupt

        with mock.patch("flower.write", dies), mock.patch.object(pathlib.Path, "unlink", dies):
            with self.assertRaises(KeyboardInterrupt):
                self.boot_only(SuperNode, "12")
        self.assertNotEqual(self.boot("disk", SuperNode, "12", FIRST[1]).identity(), line)

    def boot_only(self, role: type, vm_id: str) -> None:
        """As far as it needs no more than a disk that was prepared."""
        guest = types.SimpleNamespace(vm_id=vm_id, given={}, said={}, remark=("none", 0.0))
        context = {"FL_ATTEMPT": FIRST[1], "FL_NODE_CONFIG": ""}
        role(context, guest, types.SimpleNamespace(places=Places(self.root / "disk"), keys=None))


if __name__ == "__main__":
    unittest.main()
