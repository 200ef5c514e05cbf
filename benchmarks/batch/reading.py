"""How fast sources are read and passed over, and in how much memory: one process for each reading."""

import csv
import gzip
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from benchmarks.report import Row, mid, spread

FEW: Final = 10_000
MANY: Final = 1_000_000
READ_PER_SECOND: Final = 300_000
SKIP_TIMES: Final = 3
MEMORY_TIMES: Final = 1.15
# A program with nothing but the toolkit in it. What getrusage says of memory would begin with that of the
# process that started this one.
READ: Final = """
import json, sys, time
from tocsin.batch.sources.base import source_of
source = source_of(sys.argv[1])
before = time.process_time()
count = sum(1 for _ in source.records(int(sys.argv[2])))
seconds = time.process_time() - before
most = next(line for line in open("/proc/self/status") if "VmHWM" in line)
print(json.dumps([seconds, count, int(most.split()[1]) * 1024]))
"""
FORMS: Final = ("jsonl", "jsonl.gz", "jsonl.zst", "csv", "parquet")


def events(count: int) -> Iterator[dict[str, Any]]:
    """Return records of 300 bytes as JSON."""
    chance = random.Random(5)
    for number in range(count):
        yield {
            "id": number,
            "user": f"user-{chance.randrange(10**6):07d}",
            "event": "order_completed",
            "at": "2026-11-22T08:00:00Z",
            "total": round(chance.random() * 100, 2),
            "paid": True,
            "note": f"{chance.getrandbits(680):0170x}",
        }


def _write(path: Path, count: int) -> None:
    if path.suffix == ".parquet":
        _write_parquet(path, count)
    elif path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, next(events(1)).keys())
            writer.writeheader()
            writer.writerows(events(count))
    else:
        openers = {".gz": partial(gzip.open, compresslevel=1), ".zst": zstandard.open}
        with cast("Any", openers.get(path.suffix, open))(path, "wb") as file:
            for event in events(count):
                file.write(json.dumps(event).encode() + b"\n")


def _write_parquet(path: Path, count: int) -> None:
    schema = pa.Table.from_pylist(list(events(1))).schema
    rest = events(count)
    with pq.ParquetWriter(path, schema) as writer:
        while group := list(islice(rest, FEW)):
            writer.write_table(pa.Table.from_pylist(group, schema))


def _reading(path: Path, start: int = 0) -> tuple[float, int, int]:
    words = [sys.executable, "-c", READ, str(path), str(start)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    seconds, count, memory = json.loads(done.stdout)
    return seconds, count, memory


def measure(rounds: int) -> list[Row]:
    """Return the figures of each form of file, with a million records."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            few, many = Path(folder, f"few.{form}"), Path(folder, f"many.{form}")
            _write(few, FEW)
            _write(many, MANY)
            rows += _figures(form, few, many, rounds)
            many.unlink()
    return rows


def _figures(form: str, few: Path, many: Path, rounds: int) -> list[Row]:
    read, passed, memory = [], [], []
    for _ in range(rounds):
        seconds, count, most = _reading(many)
        left = _reading(many, MANY - 1)
        if (count, left[1]) != (MANY, 1):
            raise RuntimeError(f"{form}: {count} and {left[1]} records were read")
        read.append(MANY / seconds)
        passed.append(MANY / left[0])
        memory.append(most / _reading(few)[2])
    lines = form == "jsonl"
    times = [fast / slow for fast, slow in zip(passed, read, strict=True)]
    return [
        Row(
            name=f"sources: {form}, read",
            value=mid(read),
            unit="records/s of CPU",
            at_least=READ_PER_SECOND if lines else None,
            detail=spread(read),
        ),
        Row(
            name=f"sources: {form}, passed over",
            value=mid(times),
            unit="times reading",
            at_least=SKIP_TIMES if lines else None,
            detail=f"{spread(passed)} records/s",
        ),
        Row(
            name=f"sources: {form}, memory of {MANY:,} against {FEW:,}",
            value=mid(memory),
            unit="times",
            at_most=MEMORY_TIMES,
            detail=spread(memory),
        ),
    ]
