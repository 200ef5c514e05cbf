"""A pool of threads, requests, and urllib3's Retry, which knows Retry-After: what most people write."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

url, path = sys.argv[1:]
retry = Retry(total=10, backoff_factor=0.2, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None)
session = requests.Session()
session.mount("http://", HTTPAdapter(max_retries=retry, pool_maxsize=8))


def send(batch: list[dict[str, object]]) -> None:
    """Send one request."""
    session.post(url, json=batch, timeout=30).raise_for_status()


records = [json.loads(line) for line in Path(path).read_text().splitlines()]
batches = [records[at : at + 500] for at in range(0, len(records), 500)]
with ThreadPoolExecutor(8) as pool:
    futures = [(pool.submit(send, batch), batch) for batch in batches]
print(sum(len(batch) for future, batch in futures if future.exception()))
