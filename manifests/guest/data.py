"""Data that the zone's owner attached: where Flower's apps find it, read-only whatever it is where it lies."""

import logging
import os
import subprocess
from pathlib import Path

from context import Failure
from process import User
from tools import tool, works

SHOWN_AT = Path("/mnt/data")
DISK = "disk"  # told in the place of a folder
SERIAL = "florist-data"  # of that disk, by which udev names it
DEVICES = Path("/dev/disk/by-id")
MARK = Path("/run/florist-data")  # what our mount shows, and how many are there with it; gone after a reboot, as that is
LOOK_PATIENCE = 20  # seconds

log = logging.getLogger("florist")


class Data:
    def __init__(self, told: str, apps: User, shown_at: Path = SHOWN_AT, mark: Path = MARK):
        self.told = told  # a folder of this VM, or DISK; empty where nothing is attached
        self.apps = apps
        self.shown_at = shown_at
        self.mark = mark
        self.reason: str | None = None  # why there is none

    def look(self) -> bool:
        """Attaches it where it is not, and says what is wrong with it; whether it was attached just now."""
        if not self.told:
            return False
        before, fresh = self.reason, False
        try:
            fresh = self.attach()
            self.reason = self.fault()
        except Failure as failure:
            self.reason = "data-unreadable" if failure.reason == "data-unreadable" else "data-missing"
            if self.reason != before:
                log.warning("data cannot be attached: %s", failure)
        if self.reason != before:
            log.info("data %s", self.reason or "there")
        return fresh

    def attach(self) -> bool:
        attached = self.attached()
        if attached == self.told:
            return False
        if attached:
            tool("umount", "--lazy", str(self.shown_at))
        source = device() if self.told == DISK else folder(self.told)
        if source is None:
            return False
        for place in (self.shown_at.parent, self.shown_at):
            if not place.exists():
                place.mkdir()
                place.chmod(0o755)
        # Over whatever is mounted there: the owner may name this very folder, or one below it.
        kinds = ("ro", "ro,norecovery") if self.told == DISK else ("bind,ro",)  # one that was not closed well, as it is
        if not any(works("mount", "-o", f"{kind},nosuid,nodev", str(source), str(self.shown_at)) for kind in kinds):
            raise Failure("data-missing", f"{source} cannot be mounted.")
        self.mark.write_text(f"{self.depth()} {self.told}")
        return True

    def attached(self) -> str:
        """The folder that our own mount shows, if that lies uppermost."""
        depth, _, told = (self.mark.read_text() if self.mark.exists() else "").partition(" ")
        return told if depth == str(self.depth()) else ""

    def depth(self) -> int:
        """How many mounts lie there one upon the other."""
        mounts = [line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        return mounts.count(str(self.shown_at))

    def fault(self) -> str | None:
        if self.attached() != self.told:
            return "data-missing"
        if self.apps_see_it():
            return None
        try:
            names = {*os.listdir(self.shown_at)} - {"lost+found"}
        except OSError:
            return "data-unreadable"
        return "data-unreadable" if names else "data-empty"

    def apps_see_it(self) -> bool:
        first = ("-mindepth", "1", "-maxdepth", "1", "!", "-name", "lost+found", "-readable", "-print", "-quit")
        command = ["find", str(self.shown_at), *first]
        as_apps = {"user": self.apps.uid, "group": self.apps.gid, "extra_groups": [], "cwd": "/"}
        try:
            done = subprocess.run(command, capture_output=True, timeout=LOOK_PATIENCE, check=False, **as_apps)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure("data-unreadable", f"Looking into the data: {error!r}") from error
        return done.returncode == 0 and bool(done.stdout)


def folder(told: str) -> Path | None:
    return Path(told) if Path(told).is_dir() else None


def device() -> Path | None:
    """The disk with our serial number; of one that is divided, its first part."""
    found = sorted(DEVICES.glob(f"*{SERIAL}*"))
    parts = [path for path in found if path.name.endswith("-part1")]
    return next(iter(parts or found), None)
