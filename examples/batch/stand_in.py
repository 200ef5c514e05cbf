"""Stands for Customer.io on this machine: `python stand_in.py --port 8466`.

It takes batches as the Data Pipelines API does in strict mode, at so many requests a second and no more, and
is as unreliable as a network is: some requests fail, and of some the answer is lost after their events were
taken. `GET /books` tells what it has.
"""

import argparse
import asyncio
import base64
from collections import Counter
from typing import Any

from aiohttp import web

from tocsin.clock import monotonic

EVERY_FAILED = 17
EVERY_LOST = 23
LATENCY_SECONDS = 0.04
BURST_SECONDS = 0.1
TOO_MANY = 429
WAIT = {"Retry-After": "1"}


class Books:
    """What has come: every event by its id, and how often; and by customer in which order."""

    def __init__(self, key: str, rate: float) -> None:
        self.authorization = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        self.rate = rate
        self.taken: Counter[str] = Counter()
        self.last: dict[str, str] = {}
        self.out_of_order = 0
        self.answers: Counter[int] = Counter()
        self._free_at = monotonic()

    def too_much(self) -> bool:
        """Return whether this request is over the rate."""
        now = monotonic()
        if self._free_at - now > BURST_SECONDS:
            return True
        self._free_at = max(self._free_at, now) + 1 / self.rate
        return False

    def take(self, calls: list[dict[str, Any]]) -> None:
        """Keep calls; one that came before is recognised by its messageId."""
        for call in calls:
            if not self.taken[call["messageId"]]:
                self.out_of_order += self.last.get(call["userId"], "") > call["timestamp"]
                self.last[call["userId"]] = call["timestamp"]
            self.taken[call["messageId"]] += 1


async def batch(request: web.Request) -> web.Response:
    """Answer one request, or break off."""
    books = request.app[BOOKS]
    calls = (await request.json())["batch"]
    await asyncio.sleep(LATENCY_SECONDS)
    status, said = answer(books, request, calls)
    books.answers[status] += 1
    if status == web.HTTPOk.status_code:
        books.take(calls)
        if books.answers[status] % EVERY_LOST == 0 and request.transport is not None:
            request.transport.abort()
    return web.json_response(said, status=status, headers=WAIT if status == TOO_MANY else {})


def answer(books: Books, request: web.Request, calls: list[dict[str, Any]]) -> tuple[int, dict[str, str]]:
    """Return status and body."""
    if request.headers.get("Authorization") != books.authorization:
        return 401, {"error": "the key is not known"}
    if books.too_much():
        return TOO_MANY, {"error": "too many requests"}
    if sum(books.answers.values()) % EVERY_FAILED == EVERY_FAILED - 1:
        return 503, {"error": "try again"}
    if any(call["event"] == "Reserved" for call in calls):
        return 400, {"error": "an event may not be called Reserved"}
    return 200, {}


async def look(request: web.Request) -> web.Response:
    """Tell what is in the books."""
    books = request.app[BOOKS]
    told = {
        "events": len(books.taken),
        "came twice": sum(1 for times in books.taken.values() if times > 1),
        "out of order": books.out_of_order,
        "answers": {str(status): count for status, count in sorted(books.answers.items())},
    }
    return web.json_response(told)


BOOKS = web.AppKey("books", Books)


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8466)
    parser.add_argument("--key", default="the-key")
    parser.add_argument("--rate", type=float, default=50, help="requests a second")
    chosen = parser.parse_args()
    app = web.Application(client_max_size=512_000)
    app[BOOKS] = Books(chosen.key, chosen.rate)
    app.add_routes([web.post("/v1/batch", batch), web.get("/books", look)])
    web.run_app(app, host="127.0.0.1", port=chosen.port, print=None)


if __name__ == "__main__":
    main()
