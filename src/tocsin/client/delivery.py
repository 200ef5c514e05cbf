"""Empties a spool into the server: in order, in batches, and past the check-ins that it refuses."""

from collections import deque
from collections.abc import Callable

from tocsin import clock
from tocsin.client import wire
from tocsin.client.http1 import Answer, NoAnswer
from tocsin.client.spool import Spool, run_of
from tocsin.client.values import Value

MAX_BATCH = 500
_FIRST_BATCH = 50  # a server that is away should not cost the reading of hundreds of files
MAX_TOGETHER = 1_000  # as many as the server takes at once
MAX_BATCH_BYTES = 900 * 1024  # below the 1 MiB at which common proxies stop
_ACCEPTED = 202
_IS_ACCEPTED = b'"status":"accepted"'
_REJECTED = "rejected"  # whatever else the server says of a check-in, it has it
# What a check-in cannot do without; any other field is left out when the server does not take it.
_ESSENTIAL = (
    "job",
    "kind",
    "environment",
    "run",
    "seq",
    "at",
    "sent_at",
)
_REFUSED = (400, 413, 422)
_REASONS = {
    401: "it does not know the key (401); set TOCSIN_KEY or TOCSIN_KEY_FILE",
    403: "it forbids this key to check in (403)",
    404: "there is no Tocsin at this address (404)",
    429: "it asks to wait (429)",
    503: "it cannot record anything now (503)",
}

Post = Callable[[bytes], Answer | NoAnswer]


class Refusal(Value):
    """The latest check-in that the server refused: why, and in which file it is kept.

    Unless it `is_lost` to the server, it goes there without the part that was refused.
    """

    reason: str
    path: str
    is_lost: bool


class Result(Value):
    """What the server says of one check-in; `field` is what it does not like."""

    status: str
    field: str
    reason: str


class Outcome(Value):
    """What one pass over the spool came to; `fault` says why it ended early, and is empty if it did not."""

    delivered: int = 0
    rejected: int = 0
    refusal: Refusal | None = None
    fault: str = ""
    retry_after_seconds: float = 0.0


def deliver(spool: Spool, post: Post) -> Outcome:
    """Send what waits until nothing does or the server cannot take more; the caller holds the spool."""
    return _Pass(spool, post).run()


class _Pass:
    """One pass: the names already dealt with, the size of the next batch and the tally."""

    def __init__(self, spool: Spool, post: Post) -> None:
        self._spool = spool
        self._post = post
        self._settled: set[str] = set()
        self._size = min(_FIRST_BATCH, MAX_BATCH)
        self._is_wary = False  # once something on the way to the server wants smaller batches
        self._tally = Outcome()

    def run(self) -> Outcome:
        # What could not be deleted stays listed: `settled` keeps it from being sent for ever.
        while queue := deque(name for name in self._spool.names() if name not in self._settled):
            while queue:
                batch = self._take(queue)
                if batch and not self._send(batch):
                    return self._tally
                while queue and queue[0] in self._settled:
                    queue.popleft()
        return self._tally

    def _take(self, queue: deque[str]) -> dict[str, bytes]:
        """Read the next batch; it ends between two runs.

        The server judges a run after every request. Of one that was cut it would see the beginning alone, and
        alert because nothing was heard since. Where a run is too long, its newest check-in goes ahead.
        """
        batch: dict[str, bytes] = {}
        total, run = 0, ""
        for name in queue:
            is_full = len(batch) >= (MAX_TOGETHER if run_of(name) == run else self._size)
            if is_full or (len(batch) >= self._size and self._is_wary):
                break
            if name in self._settled or (body := self._read(name)) is None:
                continue
            total += len(body)
            if batch and total > MAX_BATCH_BYTES:
                break
            batch[name], run = body, run_of(name)
        return batch if self._is_wary else self._with_newest(batch, run, queue)

    def _with_newest(self, batch: dict[str, bytes], run: str, queue: deque[str]) -> dict[str, bytes]:
        newest = next((name for name in reversed(queue) if run_of(name) == run), "")
        body = self._read(newest) if newest and newest not in batch and newest not in self._settled else None
        if body is None:
            return batch
        room = MAX_BATCH_BYTES - len(body)
        while len(batch) > 1 and (len(batch) >= MAX_TOGETHER or sum(map(len, batch.values())) > room):
            batch.popitem()
        return {**batch, newest: body}

    def _read(self, name: str) -> bytes | None:
        body = self._spool.read(name)
        if body is not None and wire.looks_whole(body):
            return body
        self._settle(name)
        if body is not None:
            self._spool.set_aside(name)
        return None

    def _send(self, batch: dict[str, bytes]) -> bool:
        """Send a batch; False where the pass has to end."""
        sent_at = clock.now()
        answer = self._post(b"[" + b",".join(wire.stamp(body, sent_at) for body in batch.values()) + b"]")
        if isinstance(answer, NoAnswer):
            return self._no_answer(batch, answer)
        if answer.status == _ACCEPTED:
            return self._accepted(batch, answer)
        if answer.status in _REFUSED:
            return self._refused(batch, answer)
        return self._stop(
            _REASONS.get(answer.status, f"it answered {answer.status}"), answer.retry_after_seconds or 0.0
        )

    def _no_answer(self, batch: dict[str, bytes], answer: NoAnswer) -> bool:
        if answer.while_sending and len(batch) > 1:
            # A proxy that hangs up on a large body would otherwise hold back everything for ever.
            self._halve(batch)
            return True
        return self._stop(answer.reason)

    def _refused(self, batch: dict[str, bytes], answer: Answer) -> bool:
        """Halve the batch until the one bad check-in is alone, and move that aside."""
        if len(batch) > 1:
            self._halve(batch)
            return True
        ((name, body),) = batch.items()
        self._reject(name, body, _fault_of(answer))
        return True

    def _halve(self, batch: dict[str, bytes]) -> None:
        self._size, self._is_wary = len(batch) // 2, True

    def _accepted(self, batch: dict[str, bytes], answer: Answer) -> bool:
        results = _all_accepted(answer.body, len(batch)) or _results(answer.body)
        if results is None:
            return self._stop("it answered 202, but not as a Tocsin does")
        self._size = min(MAX_BATCH, self._size * 2)
        for index, (name, body) in enumerate(batch.items()):
            result = results.get(index)
            if result is None:
                return self._stop(f"its answer leaves out check-in {index} of {len(batch)}")
            if result.status == _REJECTED:
                self._reject(name, body, result)
            else:
                self._tally = self._tally._replace(delivered=self._tally.delivered + 1)
                self._settle(name)
                self._spool.remove(name)
        return True

    def _reject(self, name: str, body: bytes, result: Result) -> None:
        """Move a refused check-in aside; where one of its extras was the fault, send it without that."""
        import json

        note = {"rejected_at": clock.now().isoformat(), "reason": result.reason}
        line = json.dumps(note)[:-1].encode("ascii") + b', "check_in": ' + body.strip() + b"}\n"
        path = self._spool.set_down(line)
        without = _without(body, result.field.partition(".")[0])
        if without is None:
            self._settle(name)
            self._spool.remove(name)
        else:
            self._spool.replace(name, without)
        refusal = Refusal(result.reason, path, is_lost=without is None)
        lost = self._tally.rejected + (without is None)
        self._tally = self._tally._replace(rejected=lost, refusal=refusal)

    def _settle(self, name: str) -> None:
        self._settled.add(name)

    def _stop(self, fault: str, retry_after_seconds: float = 0.0) -> bool:
        self._tally = self._tally._replace(fault=fault, retry_after_seconds=retry_after_seconds)
        return False


def _all_accepted(body: bytes, count: int) -> dict[int, Result] | None:
    """Return the results where all is well, which is the rule, without loading what reads any JSON.

    Within a text of the server's its quotes would be escaped, so that nothing else looks like these words.
    """
    if not body.startswith(b'{"results":[') or body.count(_IS_ACCEPTED) != count:
        return None
    return dict.fromkeys(range(count), Result("accepted", "", "accepted"))


def _results(body: bytes) -> dict[int, Result] | None:
    """Return the results by index, or None if this is no answer of a Tocsin."""
    import json

    try:
        listed = json.loads(body)["results"]
        return {
            int(item["index"]): _result(str(item["status"]), item.get("error") or item) for item in listed
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _fault_of(answer: Answer) -> Result:
    """Return what the server says against the one check-in that was sent."""
    import json

    listed = _results(answer.body)
    if listed and 0 in listed:
        return listed[0]
    try:
        return _result(_REJECTED, json.loads(answer.body)["error"])
    except (ValueError, TypeError, KeyError, RecursionError):
        said = wire.text(answer.body.decode("utf-8", "replace"), 300)
        return Result(_REJECTED, "", f"{answer.status} {said}".strip())


def _result(status: str, error: object) -> Result:
    if not isinstance(error, dict):
        return Result(status, "", status)
    field, message = str(error.get("field") or ""), wire.text(error.get("message") or "no reason given", 300)
    return Result(status, field, f"{field}: {message}" if field and field not in message else message)


def _without(body: bytes, field: str) -> bytes | None:
    """Return a check-in without one of its extras, or None where the field is essential or not in it."""
    import json

    if not field or field in _ESSENTIAL:
        return None
    try:
        fields = json.loads(body)
        del fields[field]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return wire.encode(fields)
