"""What the server costs when nothing happens: start, memory, CPU."""

import tempfile
import time

from benchmarks.processes import get, running
from benchmarks.report import Row, mid, spread


def measure(rounds: int, seconds: float) -> list[Row]:
    """Return start to first 202, memory after it, and the share of one core over some idle seconds."""
    starts, memory, cpu = [], [], []
    for _ in range(rounds):
        with (
            tempfile.TemporaryDirectory() as folder,
            running("ours", database=f"{folder}/t.db", cpu=None) as server,
        ):
            starts.append(server.seconds_to_first_202)
            # The API and the pages are loaded after the first 202, which is no idleness yet.
            get(server.port, "/api/v1/jobs")
            time.sleep(1)
            before, began = server.cpu_seconds, time.perf_counter()
            time.sleep(seconds)
            cpu.append((server.cpu_seconds - before) / (time.perf_counter() - began) * 100)
            memory.append(server.memory_mib)
    return [
        Row(name="server start to first 202", value=mid(starts), unit="s", at_most=1, detail=spread(starts)),
        Row(name="idle memory", value=mid(memory), unit="MiB", at_most=90, detail=spread(memory)),
        Row(name="idle CPU", value=mid(cpu), unit="%", at_most=0.5, detail=spread(cpu)),
    ]
