"""One process of Flower under supervision: its own user, its own process group, its words in a bounded log."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

LARGEST_LOG = 5 * 1024 * 1024
TAIL = 16 * 1024
GRACE = 10  # seconds between SIGTERM and SIGKILL
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class User:
    uid: int
    gid: int


@dataclass
class Process:
    name: str
    command: list[str]
    user: User
    environment: dict[str, str]
    directory: Path
    log: Path
    secret: bytes  # handed over on standard input, so that it is in no file and no argument
    cleanup: list[str] = field(default_factory=list)  # a command that ends what a killed command may leave
    started_at: float = 0.0
    child: subprocess.Popen | None = None
    log_start: int = 0

    def start(self) -> None:
        self.rotate()
        reader, writer = os.pipe()
        try:
            os.fchown(reader, self.user.uid, self.user.gid)  # or /dev/stdin could not be opened by that user
            os.write(writer, self.secret)
        finally:
            os.close(writer)
        with open(reader, "rb") as given, open(self.log, "ab") as log:
            os.chmod(self.log, 0o600)
            self.log_start = log.tell()
            self.child = subprocess.Popen(
                self.command,
                stdin=given,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=self.environment,
                start_new_session=True,
                umask=0o077,
                user=self.user.uid,
                group=self.user.gid,
                extra_groups=[],
            )
        self.started_at = time.monotonic()

    def exit_code(self) -> int | None:
        """None while it runs, and before it was ever started."""
        return self.child.poll() if self.child else None

    def runs(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def age(self) -> float:
        return time.monotonic() - self.started_at

    def words(self) -> str:
        """The end of what it said since its last start."""
        try:
            with open(self.log, "rb") as log:
                end = log.seek(0, os.SEEK_END)
                log.seek(max(min(self.log_start, end), end - TAIL))
                return COLOUR.sub("", log.read().decode(errors="replace"))
        except FileNotFoundError:
            return ""

    def stop(self) -> None:
        """Ends the whole group: an app that outlives its parent could take over a later run."""
        if self.child is None:
            return
        self.signal_group(signal.SIGTERM)
        try:
            self.child.wait(GRACE)
        except subprocess.TimeoutExpired:
            pass
        self.signal_group(signal.SIGKILL)
        self.child.wait()
        if self.cleanup:
            subprocess.run(self.cleanup, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        self.child = None

    def signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            pass

    def rotate(self) -> None:
        """Copies and truncates: the process holds the file open and appends, so that it cannot be moved away."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            older = self.log.with_suffix(".older.log")
            older.write_bytes(self.log.read_bytes())
            os.truncate(self.log, 0)
            self.log_start = 0
