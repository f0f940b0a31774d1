"""Flower on this VM: where its files are, which of two launchers runs it, and how its processes are made."""

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from context import Failure
from guest import Guest
from process import Process, User
from tools import tool, works

WHEELS = Path("/opt/florist/wheels")  # on an image that has no way to the package index
PIP = (  # Ubuntu's Python comes without it
    "https://files.pythonhosted.org/packages/07/25/ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/",
    "pip-26.3-py3-none-any.whl",
    "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
)
INSTALL_PATIENCE = 900  # seconds
MARKETPLACE = Path("/opt/flower")  # where its appliance keeps its own
DOCKER_PATIENCE = 60  # seconds
SECRET = ["--superexec-auth-secret-file", "/dev/stdin"]

log = logging.getLogger("florist")


class Places:
    """Root owns every folder that it writes into, so that no other user can lead it elsewhere with a link."""

    def __init__(self, root: Path):
        self.root = root
        self.program = root / "program"
        self.agent = root / "agent"  # root's alone: OneGate's token, what was taken so far
        self.context = self.agent / "context.json"
        self.keys = root / "keys"  # root's, readable for `keys`: identity, TLS key, certificates
        self.state = root / "state"  # of `keys`: Flower's database
        self.apps = root / "apps"  # of `apps`
        self.site = root / "site"  # sitecustomize.py, and what Flower's command line reads
        self.logs = root / "logs"
        self.venv = root / "venv"

    def prepare(self, keys: User, apps: User) -> None:
        for folder, mode, uid, gid in (
            (self.root, 0o711, 0, 0),
            (self.agent, 0o700, 0, 0),
            (self.keys, 0o750, 0, keys.gid),
            (self.state, 0o700, keys.uid, keys.gid),
            (self.apps, 0o700, apps.uid, apps.gid),
            (self.site, 0o755, 0, 0),
            (self.logs, 0o700, 0, 0),
        ):
            folder.mkdir(exist_ok=True)
            os.chown(folder, uid, gid)
            os.chmod(folder, mode)
        write(self.site / "sitecustomize.py", (self.program / "flower_options.py").read_text(), 0o644)

    def bind(self, guest: Guest, context: dict[str, str]) -> None:
        """A disk that was cloned or kept is another VM's or attempt's: of that nothing stays but Flower itself."""
        mark, owner = self.agent / "owner", f"{guest.vm_id} {context['FL_ATTEMPT']}"
        if mark.exists() and mark.read_text() == owner:
            return
        if mark.exists() or any(self.keys.glob("*")):
            log.warning("this disk was another VM's or attempt's; it starts anew, with new keys")
            guest.remark = "disk-reused", time.monotonic()
        for path in [path for folder in (self.keys, self.state, self.apps, self.agent) for path in folder.glob("*")]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in ("context.json", "lock", mark.name):
                path.unlink()
        write(mark, owner)


def write(path: Path, text: str, mode: int = 0o600, group: int = 0) -> None:
    """Whole or not at all, whenever this VM dies."""
    fresh = path.with_name(f".{path.name}")
    fresh.unlink(missing_ok=True)  # left by a death in between
    with open(fresh, "w") as file:
        os.fchown(file.fileno(), 0, group)
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


class VirtualEnvironment:
    """Flower from the Python package index, or from wheels on the image: either way the pinned files and no other."""

    def __init__(self, places: Places, version: str):
        self.places = places
        self.version = version

    def ready(self) -> bool:
        """Made by us to the end, or put there by whoever made the image."""
        made_here = (self.places.venv / "made-here").exists()
        done = any(self.places.venv.glob(f"lib/python3*/site-packages/flwr-{self.version}.dist-info"))
        return done and (not made_here or (self.places.venv / "complete").exists())

    def install(self, pause: Callable[[float], None]) -> None:
        pins = self.places.program / f"flower-{self.version}.txt"
        if not pins.exists():
            raise Failure("flower-version", f"Flower {self.version} is not on the image, and its files are not pinned.")
        wheels, python = self.places.agent / "wheels", f"{self.places.venv}/bin/python"
        for folder in (self.places.venv, wheels):
            shutil.rmtree(folder, ignore_errors=True)
        self.run([sys.executable, "-m", "venv", "--without-pip", str(self.places.venv)], pause)
        (self.places.venv / "made-here").touch()
        pip = [python, f"{self.pip()}/pip", "--disable-pip-version-check", "--no-cache-dir"]
        machine, version = os.uname().machine, f"3.{sys.version_info.minor}"
        platforms = [f"--platform={tag}_{machine}" for tag in ("manylinux2014", "manylinux_2_17", "manylinux_2_28")]
        source = ["--no-index", f"--find-links={WHEELS}"] if WHEELS.is_dir() else []
        exactly = ["--no-deps", "--only-binary=:all:", f"--python-version={version}", *platforms, *source]
        self.run([*pip, "download", *exactly, f"--dest={wheels}", f"--requirement={pins}"], pause)
        if f"# {version} {machine} {digest_of(wheels)}\n" not in pins.read_text():
            raise Failure("flower-missing", f"These files of Flower for Python {version}, {machine}, are not pinned.")
        self.run([*pip, "install", "--no-deps", "--no-index", *map(str, wheels.iterdir())], pause)
        shutil.rmtree(wheels)
        (self.places.venv / "complete").touch()

    def pip(self) -> Path:
        url, name, digest = PIP
        wheel = WHEELS / name
        if not wheel.exists():
            wheel = self.places.agent / name
            try:
                with urllib.request.urlopen(url + name, timeout=60) as answer:
                    wheel.write_bytes(answer.read())
            except Exception as error:  # also half an answer
                raise Failure("flower-missing", f"The Python package index cannot be reached: {error}") from error
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != digest:
            raise Failure("flower-missing", "The pip that came is not the pinned one.")
        return wheel

    def run(self, command: list[str], pause: Callable[[float], None]) -> None:
        until = time.monotonic() + INSTALL_PATIENCE
        with open(self.places.logs / "install.log", "ab") as words:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, umask=0o022)
        while child.poll() is None and time.monotonic() < until:
            pause(1)
        child.kill()
        if child.wait() != 0:
            raise Failure("flower-missing", "Flower could not be installed: logs/install.log says why.")

    def process(self, name: str, program: str, user: User, folder: Path, environment: dict[str, str]) -> Process:
        path = {"PATH": f"{self.places.venv}/bin:/usr/bin:/bin"}
        log_file = self.places.logs / f"{name}.log"
        return Process([f"{self.places.venv}/bin/{program}"], user, path | environment, folder, log_file)


class Containers:
    """The images that a marketplace VM carries, run with our flags; its own units are masked."""

    def __init__(self, places: Places, context: dict[str, str]):
        self.places = places
        self.is_superlink = context["FL_ROLE"] == "superlink"
        framework = context["ML_FRAMEWORK"]
        framework = "pytorch" if framework == "none" else framework  # the one that the marketplace bakes in
        image = "flwr/superlink" if self.is_superlink else f"flower-supernode-{framework}"
        self.image = f"{image}:{context['FLOWER_VERSION']}"

    def ready(self) -> bool:
        return works("docker", "image", "inspect", self.image)

    def wait(self, pause: Callable[[float], None]) -> None:
        """START_SCRIPT may run before Docker does; without its answer this would pass for a VM without images."""
        until = time.monotonic() + DOCKER_PATIENCE
        while not works("docker", "info") and time.monotonic() < until:
            pause(1)

    def install(self, pause: Callable[[float], None]) -> None:
        raise Failure("flower-missing", f"The container image {self.image} is not on this VM.")

    def take_over(self) -> None:
        """The appliance writes its unit anew at every boot, which goes nowhere once that is masked."""
        for name in ("flower-superlink", "flower-supernode"):
            works("systemctl", "stop", f"{name}.service")
            Path(f"/etc/systemd/system/{name}.service").unlink(missing_ok=True)  # else systemd refuses to mask it
            tool("systemctl", "mask", "--now", f"{name}.service")
            works("docker", "rm", "--force", name)
        if self.is_superlink and shutil.which("ufw"):
            tool("ufw", "allow", "9092/tcp")  # the appliance shuts all ports but that of ssh

    def process(self, name: str, program: str, user: User, folder: Path, environment: dict[str, str]) -> Process:
        # Docker's client is root's, what it starts is the user's. Data that an owner attaches is for apps alone.
        data = [Path("/mnt"), MARKETPLACE / "data"]
        readable = data if folder == self.places.apps else [self.places.keys]
        command = [
            *("docker", "run", "--rm", "--interactive", f"--name=florist-{name}", "--network=host"),
            *("--cap-drop=ALL", "--security-opt=no-new-privileges", f"--user={user.uid}:{user.gid}"),
            "--log-driver=none",  # what it says is in our own log, which is bounded
            *(f"--volume={path}:{path}:ro" for path in readable if path.is_dir()),
            # `site` is root's; Flower's command takes being forbidden to write there, but no read-only file system.
            *(f"--volume={path}:{path}" for path in (folder, self.places.site)),
            *(f"--workdir={folder}", f"--entrypoint={program}"),
            *(f"--env={key}={value}" for key, value in environment.items()),
            self.image,
        ]
        cleanup = ["docker", "rm", "--force", f"florist-{name}"]
        path = {"PATH": os.environ.get("PATH", os.defpath)}
        log_file = self.places.logs / f"{name}.log"
        return Process(command, User(0, 0), path, self.places.agent, log_file, cleanup=cleanup)


class Flower:
    def __init__(self, context: dict[str, str], places: Places, keys: User, apps: User):
        self.context = context
        self.places = places
        self.keys = keys
        self.apps = apps
        self.secret = os.urandom(32)  # between Flower's daemons and what starts apps

    def prepare(self, pause: Callable[[float], None]) -> None:
        containers = Containers(self.places, self.context)
        wanted, on_appliance = self.context["FL_LAUNCHER"], MARKETPLACE.is_dir()
        self.launcher: VirtualEnvironment | Containers
        self.launcher = VirtualEnvironment(self.places, self.context["FLOWER_VERSION"])
        if on_appliance or wanted == "containers":
            containers.wait(pause)
            containers.take_over()
        if wanted == "containers" or (wanted == "look" and containers.ready()):
            self.launcher = containers
        if not self.launcher.ready():
            log.info("installing Flower")
            self.launcher.install(pause)

    def daemon(self, program: str, *arguments: str, **more: str) -> Process:
        return self.process(program, self.keys, self.places.state, [*arguments, "--isolation=process", *SECRET], more)

    def superexec(self, plugin: str, api: str) -> Process:
        arguments = ["--insecure", "--appio-api-address", api, "--plugin-type", plugin, *SECRET]
        process = self.process("flower-superexec", self.apps, self.places.apps, arguments, {})
        process.sweep = self.apps
        return process

    def process(self, program: str, user: User, folder: Path, arguments: list[str], more: dict[str, str]) -> Process:
        environment = {
            "HOME": str(folder),
            "USER": "florist",  # a container image knows no name for the user, and frameworks ask for one
            "FLWR_HOME": str(folder / "flwr"),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "OPENSSL_CONF": os.devnull,
            "FLWR_TELEMETRY_ENABLED": "0",
            "FLWR_DISABLE_UPDATE_CHECK": "1",
            "PYTHONPATH": str(self.places.site),
            "PYTHONUNBUFFERED": "1",
            "FLORIST_KEEPALIVE_TIME": self.context["FL_GRPC_KEEPALIVE_TIME"],
            "FLORIST_KEEPALIVE_TIMEOUT": self.context["FL_GRPC_KEEPALIVE_TIMEOUT"],
        }
        process = self.launcher.process(program, program, user, folder, environment | more)
        process.command += arguments
        process.secret = self.secret
        return process

    def call(self, *arguments: str) -> dict:
        """One call of Flower's command line. Its errors come with exit code 0, inside the answer."""
        more = {"FLWR_HOME": str(self.places.site)}
        process = self.process("flwr", self.keys, self.places.state, [*arguments, "fed", "--format", "json"], more)
        process.start()
        process.wait(60)
        process.stop()
        words = process.words()
        try:
            return json.loads(words[words.index("{") :])
        except ValueError:
            return {"error-message": words[-500:]}


def digest_of(folder: Path) -> str:
    """What `sha256sum * | sha256sum` prints there."""
    files = sorted(folder.iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
