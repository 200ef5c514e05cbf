"""Dask: batches as futures on two workers of four threads, requests with urllib3's Retry, and tries again."""

import json
import sys
from pathlib import Path

import requests
from distributed import Client, wait
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

URL, PATH = sys.argv[1:]


def send(batch: list[dict[str, object]], url: str) -> None:
    """Send one request."""
    retry = Retry(10, backoff_factor=0.2, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=retry))
        session.post(url, json=batch, timeout=30).raise_for_status()


if __name__ == "__main__":
    records = [json.loads(line) for line in Path(PATH).read_text().splitlines()]
    batches = [records[at : at + 500] for at in range(0, len(records), 500)]
    with Client(n_workers=2, threads_per_worker=4, dashboard_address=None) as client:
        futures = client.map(send, batches, url=URL, retries=3)
        wait(futures)
        failed = [future.status == "error" for future in futures]
        print(sum(len(batch) for batch, has_failed in zip(batches, failed, strict=True) if has_failed))
