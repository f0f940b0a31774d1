"""The image's own openssl, for what Python's standard library cannot do: keys, requests, chains."""

import subprocess


class OpensslError(Exception):
    """What openssl said."""


def openssl(*arguments: str, given: bytes | None = None) -> str:
    return openssl_bytes(*arguments, given=given).decode()


def openssl_bytes(*arguments: str, given: bytes | None = None) -> bytes:
    source = {"input": given} if given is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run(["openssl", *arguments], capture_output=True, timeout=120, check=False, **source)
    if done.returncode != 0:
        raise OpensslError((done.stdout + done.stderr).decode(errors="replace"))
    return done.stdout
