"""One process of Flower under supervision: its own user, its own group of processes, its words in a bounded log."""

import contextlib
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tools import works

LARGEST_LOG = 5 * 1024 * 1024
GRACE = 10  # seconds between SIGTERM and SIGKILL
STEADY = 60  # seconds of running after which failures are forgotten


@dataclass(frozen=True)
class User:
    uid: int
    gid: int


@dataclass
class Process:
    command: list[str]
    user: User
    environment: dict[str, str]
    folder: Path
    log: Path
    secret: bytes = b""
    cleanup: list[str] = field(default_factory=list)  # ends what a killed command may leave
    sweep: User | None = None  # whose processes all end with this one
    child: subprocess.Popen | None = None
    started: float = 0.0
    log_start: int = 0
    failures: int = 0  # in a row

    def start(self) -> None:
        if self.cleanup:
            works(*self.cleanup)
        # The secret goes through a pipe: it is in no file, no argument, and gone once it is read.
        reader, writer = os.pipe()
        os.fchown(reader, self.user.uid, self.user.gid)  # or that user could not open /dev/stdin
        os.write(writer, self.secret)
        os.close(writer)
        with open(reader, "rb") as given, open(self.log, "ab") as log:
            self.log_start = log.tell()
            self.child = subprocess.Popen(
                self.command,
                stdin=given,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment,
                start_new_session=True,
                umask=0o077,
                user=self.user.uid,
                group=self.user.gid,
                extra_groups=[],
            )
        self.started = time.monotonic()

    def wait(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self.child:
                self.child.wait(seconds)

    def runs(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def words(self) -> str:
        """The end of what it said since its last start."""
        with open(self.log, "rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(min(self.log_start, end), end - 16 * 1024))
            return re.sub(r"\x1b\[[0-9;]*m", "", log.read().decode(errors="replace"))

    def stop(self) -> int | None:
        """Ends the whole group, for an app that outlives its parent could take over a later run; its exit code."""
        if self.child is None:
            return None
        end_group(self.child, signal.SIGTERM)
        self.wait(GRACE)
        end_group(self.child, signal.SIGKILL)
        code = self.child.wait()
        if self.cleanup:
            works(*self.cleanup)
        if self.sweep:
            end_processes(self.sweep)
        self.child = None
        self.failures = 0 if time.monotonic() - self.started > STEADY else self.failures + 1
        return code

    def rotate(self) -> None:
        if rotate(self.log):
            self.log_start = 0


def rotate(log: Path) -> bool:
    """Copies the end and truncates: whoever writes keeps the file open, so that it cannot be moved away."""
    if not log.exists() or log.stat().st_size <= LARGEST_LOG:
        return False
    with open(log, "rb") as words:
        words.seek(-LARGEST_LOG, os.SEEK_END)
        log.with_suffix(".older").write_bytes(words.read(LARGEST_LOG))
    os.truncate(log, 0)
    return True


def end_group(leader: subprocess.Popen, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, number)


def end_processes(owner: User) -> None:
    """Kills whatever a user still runs: an app may have left its group, or outlived an agent that was killed."""
    for _ in range(50):
        left = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if belongs(pid, owner)]
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def belongs(pid: int, owner: User) -> bool:
    try:
        with open(f"/proc/{pid}/status") as status:
            ours = f"\nUid:\t{owner.uid}\t" in status.read()
        # Guests that share a kernel share user numbers too, but no network.
        return ours and os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
    except OSError:  # it has ended meanwhile
        return False
