"""A custom destination of dlt, with eight load jobs at once and dlt's own requests, which try again."""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS"] = "5000"  # one job a file: without, all is one job
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
import dlt
from dlt.common.json import json as dlt_json
from dlt.sources.helpers.requests import Client

url, path = sys.argv[1:]
session = Client(request_max_attempts=10, request_backoff_factor=0.2).session


@dlt.destination(batch_size=500, loader_file_format="typed-jsonl", max_parallel_load_jobs=8)  # type: ignore[untyped-decorator]  # dlt is not where types are checked
def sink(items: list[object], _table: object) -> None:
    """Send one request."""
    session.post(url, data=dlt_json.dumpb(items), timeout=30).raise_for_status()


with tempfile.TemporaryDirectory() as folder, Path(path).open() as lines:
    pipeline = dlt.pipeline("peer", destination=sink, pipelines_dir=folder)
    pipeline.run(map(json.loads, lines), table_name="events")
print(0)
