"""What foreign code in a guest must not be able to do, tried one by one; each line says how that ended."""

import json
import pathlib
import pwd
import urllib.request
from collections.abc import Callable

import grpc
from flwr.proto.appio_pb2 import PullPendingTasksRequest
from flwr.proto.clientappio_pb2_grpc import ClientAppIoStub

FLORIST = pathlib.Path("/var/lib/florist")


def probe(onegate: str) -> None:
    """`onegate` is the URL of OneGate in this zone."""
    found = {
        "user": pwd.getpwuid(pathlib.Path("/proc/self").stat().st_uid).pw_name,
        "identity key": ended(lambda: (FLORIST / "keys" / "identity").read_text()),
        "agent's files": ended(lambda: (FLORIST / "agent" / "context.json").read_text()),
        "agent's folder": ended(lambda: list((FLORIST / "agent").iterdir())),
        "Flower's database": ended(lambda: list((FLORIST / "state").iterdir())),
        "token": ended(lambda: pathlib.Path("/run/one-context/token.txt").read_text()),
        "token in the environment file": ended(lambda: pathlib.Path("/run/one-context/one_env").read_text()),
        "environment of another user": foreign_environments(),
        "OneGate": ended(lambda: urllib.request.urlopen(f"{onegate}/vm", timeout=3)),
        "internal API": internal_api(),
    }
    print("PROBE", json.dumps(found), flush=True)


def ended(action: Callable[[], object]) -> str:
    try:
        action()
    except OSError as error:
        return type(getattr(error, "reason", error)).__name__
    return "succeeded"


def foreign_environments() -> str:
    own = pathlib.Path("/proc/self").stat().st_uid
    others = [file for file in pathlib.Path("/proc").glob("[0-9]*/environ") if owner_of(file) not in (own, None)]
    return "succeeded" if any(ended(file.read_bytes) == "succeeded" for file in others) else "PermissionError"


def owner_of(file: pathlib.Path) -> int | None:
    try:
        return file.stat().st_uid
    except OSError:
        return None


def internal_api() -> str:
    with grpc.insecure_channel("127.0.0.1:9094") as channel:
        try:
            ClientAppIoStub(channel).PullPendingTasks(PullPendingTasksRequest(), timeout=5)
        except grpc.RpcError as error:
            return error.code().name
    return "succeeded"
