"""Segment's client with eight threads; what its full queue turns away is offered again until it is taken."""

import json
import sys
import time
from pathlib import Path

from segment.analytics.client import Client

url, path = sys.argv[1:]
failed = 0


def lost(_error: Exception, batch: list[object]) -> None:
    """Count what the client says it has given up."""
    global failed  # noqa: PLW0603 -- a script of one screen
    failed += len(batch)


client = Client("key", host=url, upload_size=500, max_queue_size=10_000, thread=8, on_error=lost)
with Path(path).open() as lines:
    for one in map(json.loads, lines):
        fields = {"message_id": one["messageId"], "properties": one["properties"]}
        while not client.track(one["userId"], one["event"], **fields)[0]:
            time.sleep(0.01)
client.shutdown()
print(failed)
