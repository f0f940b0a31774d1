"""The image's own tools: openssl, ssh-keygen, nft, useradd, systemctl, docker. Never through a shell."""

import os
import subprocess

from context import Failure


class ToolFailure(Failure):
    """What the tool said."""

    def __init__(self, sentence: str):
        super().__init__("agent-error", sentence)


def tool(*command: str, given: bytes = b"") -> bytes:
    """What it printed. The image's openssl.cnf is for its own programs: it may add extensions or forbid our keys."""
    environment = os.environ | {"OPENSSL_CONF": os.devnull}
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=120, check=False, env=environment)
    except FileNotFoundError as error:
        raise Failure("tool-missing", f"{command[0]} is not installed on this image.") from error
    except subprocess.TimeoutExpired as error:
        raise ToolFailure(str(error)) from error
    if done.returncode != 0:
        raise ToolFailure(f"{command[0]}: {(done.stdout + done.stderr).decode(errors='replace')[-1000:]}")
    return done.stdout


def works(*command: str) -> bool:
    try:
        tool(*command)
    except Failure:
        return False
    return True
