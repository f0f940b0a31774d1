"""Flower on this VM: where its files are, which of the two launchers runs it, and how its processes are made."""

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

from context import Context, Failure
from guard import require
from process import Process, User

WHEELS = Path("/opt/florist/wheels")  # on an image without a way to the package index
PIP = (
    "https://files.pythonhosted.org/packages/07/25/ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/"
    "pip-26.3-py3-none-any.whl",
    "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
)
INSTALL_PATIENCE = 900  # seconds
CALL_PATIENCE = 60
OWN_UNITS = ("flower-superlink.service", "flower-supernode.service")  # of the marketplace images

log = logging.getLogger("florist")


class Places:
    """Root owns every folder it writes into, so that no other user can lead it elsewhere with a link."""

    def __init__(self, root: Path):
        self.root = root
        self.program = root / "program"
        self.agent = root / "agent"  # root only: OneGate's token, the certificate request, what was taken so far
        self.context = self.agent / "context.json"
        self.keys = root / "keys"  # root's, readable for the user `keys`: identity, TLS key, certificates
        self.state = root / "state"  # of the user `keys`: Flower's database
        self.apps = root / "apps"  # of the user `apps`
        self.site = root / "site"
        self.cli = root / "cli"  # what Flower's command line reads
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
            (self.cli, 0o755, 0, 0),
            (self.logs, 0o700, 0, 0),
        ):
            folder.mkdir(parents=True, exist_ok=True)
            os.chown(folder, uid, gid)
            os.chmod(folder, mode)
        write(self.site / "sitecustomize.py", (self.program / "flower_options.py").read_text(), 0o644)


def write(path: Path, text: str, mode: int = 0o600, group: int = 0) -> None:
    """Whole or not at all, whenever this VM dies."""
    fresh = path.with_name(f".{path.name}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        os.fchown(file.fileno(), 0, group)
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


class VirtualEnvironment:
    """Flower from the Python package index, or from wheels on the image: in both cases the pinned files and no other."""

    def __init__(self, context: Context, places: Places):
        self.version = context.version
        self.places = places

    def ready(self) -> bool:
        packages = self.places.venv.glob(f"lib/python3*/site-packages/flwr-{self.version}.dist-info")
        complete = self.places.venv.is_symlink() or (self.places.venv / "complete").exists()
        return complete and any(packages)

    def install(self, pause: Callable[[float], None]) -> None:
        pins = self.places.program / f"flower-{self.version}.txt"
        if not pins.exists():
            raise Failure("flower-version", f"Flower {self.version} is not on the image, and its files are not pinned.")
        log.info("installing Flower %s", self.version)
        wheels, python = self.places.agent / "wheels", str(self.places.venv / "bin" / "python")
        for folder in (self.places.venv, wheels):
            shutil.rmtree(folder, ignore_errors=True)
        self.run([sys.executable, "-m", "venv", "--without-pip", str(self.places.venv)], pause)
        pip = [python, f"{self.pip()}/pip", "--disable-pip-version-check", "--quiet"]
        machine, version = os.uname().machine, f"3.{sys.version_info.minor}"
        platforms = [f"--platform={tag}_{machine}" for tag in ("manylinux2014", "manylinux_2_17", "manylinux_2_28")]
        source = ["--no-index", f"--find-links={WHEELS}"] if WHEELS.is_dir() else []
        download = ["download", "--no-deps", "--only-binary=:all:", *platforms, "--python-version", version, *source]
        self.run([*pip, *download, "--dest", str(wheels), "--requirement", str(pins)], pause)
        if f"# {version} {machine} {digest_of(wheels)}\n" not in pins.read_text():
            raise Failure("flower-missing", f"The files of Flower for Python {version} on {machine} are not those pinned.")
        local = ["--no-index", "--no-deps", f"--find-links={wheels}"]
        self.run([*pip, "install", "--no-cache-dir", *local, "--requirement", str(pins)], pause)
        (self.places.venv / "complete").touch()
        shutil.rmtree(wheels)

    def pip(self) -> Path:
        """Ubuntu's Python comes without pip."""
        url, digest = PIP
        wheel = WHEELS / url.rpartition("/")[2]
        if not wheel.exists():
            wheel = self.places.agent / wheel.name
            try:
                with urllib.request.urlopen(url, timeout=60) as answer:
                    wheel.write_bytes(answer.read())
            except OSError as error:
                raise Failure("flower-missing", f"The Python package index cannot be reached: {error}") from error
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != digest:
            raise Failure("flower-missing", "The pip that came is not the one that is pinned.")
        return wheel

    def run(self, command: list[str], pause: Callable[[float], None]) -> None:
        output = self.places.logs / "install.log"
        with open(output, "ab") as sink:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, umask=0o022)
        until = time.monotonic() + INSTALL_PATIENCE
        while child.poll() is None and time.monotonic() < until:
            pause(1)
        if child.poll() is None:
            child.kill()
        if child.wait() != 0:
            raise Failure("flower-missing", f"Flower could not be installed: {output.read_text()[-500:]}")

    def command(self, name: str, program: str, user: User, directory: Path, environment: dict[str, str]) -> list[str]:
        return [str(self.places.venv / "bin" / program)]

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {"PATH": f"{self.places.venv}/bin:/usr/bin:/bin", **environment}

    def cleanup(self, name: str) -> list[str]:
        return []


class Containers:
    """The images that a marketplace VM carries, run with our flags; its own units are masked."""

    def __init__(self, context: Context, places: Places):
        self.version = context.version
        self.places = places
        self.on_superlink = context.role == "superlink"
        variant = "flwr/supernode" if context.framework == "none" else f"flower-supernode-{context.framework}"
        self.image = f"{'flwr/superlink' if self.on_superlink else variant}:{context.version}"

    def ready(self) -> bool:
        return shutil.which("docker") is not None and succeeds(["docker", "image", "inspect", self.image])

    def install(self, pause: Callable[[float], None]) -> None:
        raise Failure("flower-missing", f"The container image {self.image} is not on this VM.")

    def mask_own_units(self) -> None:
        for unit in OWN_UNITS:
            if succeeds(["systemctl", "cat", unit]):
                succeeds(["systemctl", "stop", unit])
                succeeds(["systemctl", "mask", unit])

    def command(self, name: str, program: str, user: User, directory: Path, environment: dict[str, str]) -> list[str]:
        settings = [f"--env={key}={value}" for key, value in environment.items()]
        shared = [self.places.keys, self.places.cli, *([Path("/mnt")] if Path("/mnt").is_dir() else [])]
        mounts = [f"--volume={path}:{path}:ro" for path in (self.places.site, *shared)]
        return [
            *("docker", "run", "--rm", "--interactive", f"--name=florist-{name}", "--network=host"),
            *("--cap-drop=ALL", "--security-opt=no-new-privileges", f"--user={user.uid}:{user.gid}"),
            *(f"--workdir={directory}", f"--volume={directory}:{directory}", *mounts, *settings),
            *(f"--entrypoint={program}", self.image),
        ]

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.places.agent)}

    def cleanup(self, name: str) -> list[str]:
        return ["docker", "rm", "--force", f"florist-{name}"]


def digest_of(folder: Path) -> str:
    """What `LC_ALL=C sha256sum * | sha256sum` prints there."""
    files = sorted(folder.iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def succeeds(command: list[str]) -> bool:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=CALL_PATIENCE, check=False)
    return done.returncode == 0


class Flower:
    def __init__(self, context: Context, places: Places, keys: User, apps: User):
        self.context = context
        self.places = places
        self.keys = keys
        self.apps = apps
        self.secret = os.urandom(32)
        self.launcher = self.choose()

    def choose(self) -> VirtualEnvironment | Containers:
        containers = Containers(self.context, self.places)
        wanted = self.context.launcher or ("containers" if containers.ready() else "venv")
        return containers if wanted == "containers" else VirtualEnvironment(self.context, self.places)

    def prepare(self, pause: Callable[[float], None]) -> None:
        if isinstance(self.launcher, Containers):
            require("docker")
            self.launcher.mask_own_units()
        if not self.launcher.ready():
            self.launcher.install(pause)

    def process(self, name: str, program: str, user: User, arguments: list[str], **settings: str) -> Process:
        directory = self.places.state if user == self.keys else self.places.apps
        environment = self.settings(directory) | settings
        cleanup = self.launcher.cleanup(name)
        if cleanup:
            succeeds(cleanup)  # left over by an agent that was killed
        return Process(
            name=name,
            command=self.launcher.command(name, program, user, directory, environment) + arguments,
            # A container's runtime runs as root, and the container as the user.
            user=user if isinstance(self.launcher, VirtualEnvironment) else User(0, 0),
            environment=self.launcher.environment(environment),
            directory=directory,
            log=self.places.logs / f"{name}.log",
            secret=self.secret,
            cleanup=cleanup,
        )

    def superexec(self, plugin: str, api: str) -> Process:
        arguments = ["--insecure", "--appio-api-address", api, "--plugin-type", plugin]
        return self.process(
            "superexec", "flower-superexec", self.apps, [*arguments, "--superexec-auth-secret-file", "/dev/stdin"]
        )

    def settings(self, directory: Path) -> dict[str, str]:
        return {
            "HOME": str(directory),
            "FLWR_HOME": str(directory / "flwr"),
            "TMPDIR": str(directory),
            "LANG": "C.UTF-8",
            "FLWR_TELEMETRY_ENABLED": "0",
            "FLWR_DISABLE_UPDATE_CHECK": "1",
            "PYTHONPATH": str(self.places.site),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "FLORIST_KEEPALIVE_TIME": str(self.context.keepalive_time),
            "FLORIST_KEEPALIVE_TIMEOUT": str(self.context.keepalive_timeout),
        }

    def connect(self, connection: str) -> None:
        """Where Flower's command line finds this SuperLink."""
        write(self.places.cli / "config.toml", connection, 0o644)

    def call(self, arguments: list[str]) -> dict:
        """One call of Flower's command line at this SuperLink. Its errors come with exit code 0, inside the answer."""
        arguments = [*arguments, "fed", "--format", "json"]
        process = self.process("flwr", "flwr", self.keys, arguments, FLWR_HOME=str(self.places.cli))
        answer = subprocess.run(
            process.command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=process.directory,
            env=process.environment,
            user=process.user.uid,
            group=process.user.gid,
            extra_groups=[],
            timeout=CALL_PATIENCE,
            check=False,
        )
        text = answer.stdout.decode(errors="replace")
        try:
            found = json.loads(text[text.index("{") :])
        except ValueError:
            return {"success": False, "error-message": answer.stderr.decode(errors="replace")[-300:]}
        return found if isinstance(found, dict) else {}
