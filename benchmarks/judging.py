"""Check-ins judged by every condition under a thousand rules, beside those judged by the spine's five."""

import json
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from benchmarks.processes import ACCEPTED, Server, load, post, running
from benchmarks.report import Row, mid, spread
from tocsin.jobs.history import MAX_BYTES, Point, packed
from tocsin.rules.judge import CONDITIONS

JOBS = 100_000
RULES = 1_000
SPINE = ("job_failure", "missing_run", "sla_breach", "stalled", "no_data")
CHUNK = 1_000
# Without a limit of its own such a rule is refused: it could never speak.
NEED_A_LIMIT = ("throughput",)


def measure(rounds: int, seconds: float) -> list[Row]:
    """Return what is left of the spine's own pace, both with so many jobs, loaded in turn."""
    figures: dict[str, list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers: dict[str, Server] = {}
        for which, text in (("spine", _spine()), ("all", _all_conditions())):
            config = Path(folder) / f"{which}.yaml"
            config.write_text(text)
            database = str(Path(folder) / f"{which}.db")
            server = stack.enter_context(running("ours", database=database, config=str(config)))
            _register(server.port)
            servers[which] = server
        for _ in range(rounds):
            for which, server in servers.items():
                figures[which].append(load(server, seconds=seconds, batch=1, jobs=JOBS))
    spine, every = figures["spine"], figures["all"]
    shares = [a["per_second"] / b["per_second"] for a, b in zip(every, spine, strict=True)]
    return [
        Row(
            name=f"All conditions, {RULES:,} rules, {JOBS:,} jobs: share of the spine's pace",
            value=mid(shares),
            unit="",
            at_least=0.8,
            detail=f"{spread([f['per_second'] for f in every])}/s of "
            f"{spread([f['per_second'] for f in spine])}/s; server CPU "
            f"{spread([f['cpu_us'] for f in every])} of {spread([f['cpu_us'] for f in spine])} µs",
        ),
        Row(
            name="History of a job, at most",
            value=len(packed(Point(at=second, seconds=60.0, records=9) for second in range(10_000))) / 1024,
            unit="KiB",
            at_most=MAX_BYTES / 1024,
        ),
    ]


def _spine() -> str:
    rules = [{"name": name, "condition": name} for name in SPINE]
    return json.dumps({"default_rules": False, "rules": rules})


def _all_conditions() -> str:
    """Return a configuration by which each job is watched once by every condition that needs no promise."""
    conditions = [name for name in CONDITIONS if name not in NEED_A_LIMIT]
    groups = RULES // len(conditions)
    rules = [
        {"name": f"{name} {group}", "condition": name, "job_pattern": _every(groups, group)}
        for group in range(groups)
        for name in conditions
    ]
    return json.dumps({"default_rules": False, "rules": rules})


def _every(step: int, first: int) -> str:
    """Return a pattern of the jobs whose last three digits are `first`, or whole steps after it."""
    return f"job_[0-9]*({'|'.join(f'{end:03d}' for end in range(first, 1_000, step))})$"


def _register(port: int) -> None:
    definition = {"schedule": "0 2 * * *", "timezone": "Europe/Berlin"}
    for start in range(0, JOBS, CHUNK):
        check_ins = [
            {"job": f"job_{number}", "kind": "success", "run": "first", "definition": definition}
            for number in range(start, start + CHUNK)
        ]
        if post(port, json.dumps(check_ins).encode()) != ACCEPTED:
            raise RuntimeError("the server did not take the jobs of the load")
