"""Holds what an app sent to Slack against the models of Slack's own SDK: JSON lines of blocks or views in, complaints out."""

import json
import sys
import warnings

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

# Of a kind of block that it does not know the SDK warns; here that is a complaint.
warnings.simplefilter("error")


def complaint(sent: dict) -> str | None:
    try:
        if "view" in sent:
            View(**sent["view"]).to_dict()
        for block in sent.get("blocks", sent.get("view", {}).get("blocks", [])):
            parsed = Block.parse(block)
            if parsed is None:
                return f"a block that the SDK does not know: {block.get('type')}"
            parsed.to_dict()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


for number, line in enumerate(sys.stdin):
    found = complaint(json.loads(line))
    if found is not None:
        print(f"{number} {found}")
