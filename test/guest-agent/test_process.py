"""Supervising one process, with real processes."""

import os
import pathlib
import tempfile
import time
import unittest
from unittest import mock

import process
from process import Process, User

OWN = User(os.getuid(), os.getgid())


def until(holds) -> None:
    deadline = time.monotonic() + 300
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError("Waited in vain.")
        time.sleep(0.02)


@unittest.skipUnless(os.geteuid() == 0, "only root gives a process another user's groups")
class Supervised(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def process(self, script: str, **more) -> Process:
        command = ["/bin/sh", "-c", script]
        made = Process(command, OWN, {"PATH": os.environ["PATH"]}, self.folder, self.folder / "log", **more)
        self.addCleanup(made.stop)
        return made

    def test_its_words_are_those_since_its_last_start_without_colours(self):
        one = self.process("printf '\\033[31mred\\033[0m %s\\n' \"$$\"")
        one.start()
        one.wait(300)
        first = one.words()
        self.assertRegex(first, r"\Ared \d+\n\Z")
        one.stop()
        one.start()
        one.wait(300)
        self.assertNotIn(first, one.words())

    def test_a_secret_comes_through_a_pipe_and_stands_in_no_argument_and_no_variable(self):
        one = self.process("cat; tr '\\0' ' ' < /proc/$$/cmdline; tr '\\0' ' ' < /proc/$$/environ", secret=b"s3cret\n")
        one.start()
        one.wait(300)
        self.assertEqual(one.words().count("s3cret"), 1)

    def test_it_ends_with_all_that_it_started_also_when_that_does_not_want_to(self):
        one = self.process("trap '' TERM; sleep 1000 & echo $!; wait; while :; do sleep 1; done")
        one.start()
        until(one.words)
        child = int(one.words())
        with mock.patch.object(process, "GRACE", 0.2):
            self.assertEqual(one.stop(), -9)
        until(lambda: not os.path.exists(f"/proc/{child}"))

    def test_its_exit_code_is_told_and_failures_in_a_row_are_counted(self):
        one = self.process("exit 3")
        for failures in (1, 2):
            one.start()
            one.wait(300)
            self.assertEqual((one.stop(), one.failures), (3, failures))
        with mock.patch.object(process, "STEADY", -1):
            one.start()
            one.wait(300)
            one.stop()
        self.assertEqual(one.failures, 0)

    def test_its_log_stays_bounded_while_it_writes_on(self):
        one = self.process("while :; do echo a line of some length; sleep 0.001; done")
        with mock.patch.object(process, "LARGEST_LOG", 2000):
            one.start()
            for _ in range(3):
                until(lambda: one.log.stat().st_size > 2000)
                one.rotate()
                self.assertLess(one.log.stat().st_size, 2000)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["log", "log.older"])
        until(lambda: "a line of some length" in one.words())

    def test_of_a_log_that_grew_too_fast_only_the_end_is_kept(self):
        log = self.folder / "log"
        log.write_text("x" * 5000 + "the end")
        with mock.patch.object(process, "LARGEST_LOG", 100):
            self.assertTrue(process.rotate(log))
            self.assertFalse(process.rotate(log))
        self.assertEqual((log.stat().st_size, len((self.folder / "log.older").read_text())), (0, 100))
        self.assertTrue((self.folder / "log.older").read_text().endswith("the end"))

    def test_a_log_that_is_small_is_left_alone(self):
        one = self.process("echo once")
        one.start()
        one.wait(300)
        one.rotate()
        self.assertEqual(one.words(), "once\n")


if __name__ == "__main__":
    unittest.main()
