"""Data that an owner attached: a folder shown read-only to the user that runs apps, and what is said when it is not."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from data import Data
from process import User

APPS = User(65533, 65533)
INSIDE = "FLORIST_TEST_MOUNTS"


@unittest.skipUnless(os.geteuid() == 0, "only root mounts, and looks as another user")
class InMountsOfTheirOwn(unittest.TestCase):
    def test_data_is_shown(self):
        """What these tests mount ends with them, however they end."""
        program = ["unshare", "--mount", "--propagation=private", sys.executable, "-m", "unittest", "test_data"]
        environment = os.environ | {INSIDE: "YES", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(program, cwd=pathlib.Path(__file__).parent, env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"Ran 1\d tests")


class Attached(unittest.TestCase):
    def setUp(self) -> None:
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.root.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.shown_at = self.root / "mnt" / "data"
        self.addCleanup(self.take_away)
        self.scans = self.root / "scans"
        self.fill(self.scans)

    def fill(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        (folder / "one.csv").write_text("1")
        (folder / "one.csv").chmod(0o644)

    def take_away(self) -> None:
        while self.mounts():
            subprocess.run(["umount", self.shown_at], check=True)

    def data(self, told: pathlib.Path | str) -> Data:
        return Data(str(told), APPS, self.shown_at, self.root / "mark")

    def mounts(self) -> int:
        return pathlib.Path("/proc/self/mounts").read_text().count(f" {self.shown_at} ")

    def test_a_folder_is_shown_and_nobody_writes_to_it_there(self):
        data = self.data(self.scans)
        self.assertTrue(data.look())
        self.assertIsNone(data.reason)
        self.assertEqual((self.shown_at / "one.csv").read_text(), "1")
        with self.assertRaises(OSError):
            (self.shown_at / "two.csv").write_text("2")
        (self.scans / "two.csv").write_text("2")  # its owner goes on writing where it lies
        self.assertTrue((self.shown_at / "two.csv").exists())

    def test_it_is_attached_once_also_by_an_agent_that_starts_again(self):
        self.data(self.scans).look()
        again = self.data(self.scans)
        self.assertFalse(again.look())
        self.assertIsNone(again.reason)
        self.assertEqual(self.mounts(), 1)

    def test_another_folder_takes_the_place_of_the_first(self):
        self.data(self.scans).look()
        other = self.root / "other"
        self.fill(other)
        (other / "three.csv").write_text("3")
        self.assertTrue(self.data(other).look())
        self.assertEqual(((self.shown_at / "three.csv").read_text(), self.mounts()), ("3", 1))

    def test_the_folder_may_be_the_very_one_where_it_is_shown_or_one_below(self):
        for told in (self.shown_at, self.shown_at / "year"):
            with self.subTest(told=told):
                self.fill(told)
                data = self.data(told)
                self.assertTrue(data.look())
                self.assertFalse(self.data(told).look())
                self.assertIsNone(data.reason)
                with self.assertRaises(OSError):
                    (self.shown_at / "two.csv").write_text("2")
                subprocess.run(["umount", self.shown_at], check=True)

    def test_a_folder_that_is_not_there_is_said_and_attached_once_it_is(self):
        data = self.data(self.root / "later")
        self.assertFalse(data.look())
        self.assertEqual(data.reason, "data-missing")
        self.fill(self.root / "later")
        self.assertTrue(data.look())
        self.assertIsNone(data.reason)

    def disk(self, name: str) -> pathlib.Path:
        image = self.root / "image"
        subprocess.run(["truncate", "--size=2M", image], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-d", self.scans, image], check=True)
        (self.root / "by-id").mkdir(exist_ok=True)
        (self.root / "by-id" / name).symlink_to(image)
        return image

    def test_a_disk_is_known_by_its_serial_number_and_shown_once_it_is_there(self):
        for name in ("virtio-florist-data", "scsi-0QEMU_QEMU_HARDDISK_florist-data-part1"):
            with self.subTest(name=name), mock.patch("data.DEVICES", self.root / "by-id"):
                data = self.data("disk")
                data.look()
                self.assertEqual(data.reason, "data-missing")
                self.disk("virtio-another")
                self.assertFalse(data.look())
                shutil.rmtree(self.root / "by-id")
                image = self.disk(name)
                if name.endswith("part1"):
                    image.with_name("by-id").joinpath(name.removesuffix("-part1")).symlink_to("/dev/null")
                self.assertTrue(data.look())
                self.assertIsNone(data.reason)
                with self.assertRaises(OSError):
                    (self.shown_at / "two.csv").write_text("2")
                self.take_away()
                shutil.rmtree(self.root / "by-id")

    def test_a_disk_without_a_file_system_is_said(self):
        with mock.patch("data.DEVICES", self.root / "by-id"):
            self.disk("virtio-florist-data").write_bytes(bytes(2**20))
            data = self.data("disk")
            self.assertFalse(data.look())
            self.assertEqual(data.reason, "data-missing")

    def test_a_file_is_no_folder(self):
        data = self.data(self.scans / "one.csv")
        data.look()
        self.assertEqual(data.reason, "data-missing")

    def test_what_somebody_took_away_is_attached_again(self):
        data = self.data(self.scans)
        data.look()
        subprocess.run(["umount", self.shown_at], check=True)
        self.assertTrue(data.look())
        self.assertIsNone(data.reason)

    def test_what_is_mounted_over_it_later_is_covered_again(self):
        data = self.data(self.shown_at)
        self.fill(self.shown_at)
        data.look()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.shown_at], check=True)
        (self.shown_at / "late.csv").write_text("4")
        (self.shown_at / "late.csv").chmod(0o644)
        self.assertTrue(data.look())
        self.assertIsNone(data.reason)
        self.assertTrue((self.shown_at / "late.csv").exists())
        with self.assertRaises(OSError):
            (self.shown_at / "two.csv").write_text("2")

    def test_an_empty_folder_is_said_until_there_is_something_and_lost_and_found_is_nothing(self):
        (self.scans / "one.csv").unlink()
        (self.scans / "lost+found").mkdir()
        data = self.data(self.scans)
        data.look()
        self.assertEqual(data.reason, "data-empty")
        self.fill(self.scans)
        self.assertFalse(data.look())
        self.assertIsNone(data.reason)

    def test_what_the_user_of_apps_may_not_read_is_said(self):
        data = self.data(self.scans)
        for folder, file in ((0o700, 0o644), (0o755, 0o600), (0o744, 0o644)):
            with self.subTest(folder=oct(folder), file=oct(file)):
                self.scans.chmod(folder)
                (self.scans / "one.csv").chmod(file)
                data.look()
                self.assertEqual(data.reason, "data-unreadable")

    def test_a_mount_that_is_refused_is_said_and_does_not_end_the_agent(self):
        with mock.patch("data.works", return_value=False):
            data = self.data(self.scans)
            self.assertFalse(data.look())
        self.assertEqual(data.reason, "data-missing")


def load_tests(loader: unittest.TestLoader, *_: object) -> unittest.TestSuite:
    return loader.loadTestsFromTestCase(Attached if INSIDE in os.environ else InMountsOfTheirOwn)
