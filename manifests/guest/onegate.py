"""The one service this guest talks to: its zone's OneGate, and there only to the attributes of its own VM."""

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass

VALUE = re.compile(r"[A-Za-z0-9 ._:/+=-]*")
LARGEST_VALUE = 64 * 1024
LARGEST_ANSWER = 8 * 1024 * 1024
PATIENCE = 10  # seconds for one call


@dataclass(frozen=True)
class OneGate:
    endpoint: str
    token: str
    vm_id: int

    def read(self) -> dict[str, str]:
        """The attributes of this VM that are plain texts. Raises OSError or ValueError."""
        answer = json.loads(self.call("GET", None))
        template = answer["VM"]["USER_TEMPLATE"] if isinstance(answer, dict) else {}
        return {name: value for name, value in template.items() if isinstance(value, str)}

    def write(self, attributes: dict[str, str]) -> None:
        """Sets attributes in one update. Raises OSError or ValueError."""
        for name, value in attributes.items():
            if len(value) > LARGEST_VALUE or not VALUE.fullmatch(value):
                raise ValueError(f"{name} holds a value that OneGate would corrupt.")
        self.call("PUT", "\n".join(f"{name}={value}" for name, value in attributes.items()).encode())

    def call(self, method: str, body: bytes | None) -> bytes:
        headers = {"X-ONEGATE-TOKEN": self.token, "X-ONEGATE-VMID": str(self.vm_id)}
        request = urllib.request.Request(f"{self.endpoint}/vm", data=body, headers=headers, method=method)
        # OneGate is inside the zone: never through a proxy that somebody set for the outside.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return answer.read(LARGEST_ANSWER)
        except (urllib.error.URLError, TimeoutError) as error:
            # Without the request: its headers hold the token.
            raise OSError(f"OneGate {method}: {error}") from None
