"""Ping addresses, as Healthchecks users know them: what one says, and what it is answered.

Protocol: https://healthchecks.io/docs/http_api/ with the differences listed in the reference of the API.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, unquote_to_bytes

from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT, CheckIn, CheckInKind, Detail
from tocsin.web.names import MAX_NAME, kept_tail, name_fault

BODY_LIMIT: Final = 10_000
MAX_QUERY: Final = 2_000
MAX_FIELDS: Final = 20
LARGEST_EXIT_CODE: Final = 255
ROOT: Final = b"/ping/"

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_SIGNALS: Final = {
    "start": CheckInKind.START,
    "fail": CheckInKind.FAIL,
    "log": CheckInKind.LOG,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """What a ping address says."""

    key: str
    job: str
    kind: CheckInKind
    exit_code: int | None = None
    run: str | None = None
    environment: str = DEFAULT_ENVIRONMENT
    create: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPing:
    """An address that is no ping: the status and the words that Healthchecks clients know."""

    status: int
    text: str


_NOT_FOUND: Final = NoPing(status=404, text="not found")
_BAD_FORM: Final = NoPing(status=400, text="invalid url format")


def read_ping(raw_path: bytes, query: bytes) -> Ping | NoPing:
    """Return what a ping address says; it is split before it is decoded, so that a name may hold a slash."""
    parts = raw_path.removeprefix(ROOT).split(b"/")
    if len(parts) not in (2, 3) or not all(parts) or len(query) > MAX_QUERY:
        return _NOT_FOUND
    try:
        key, job, *signal = (unquote_to_bytes(part).decode() for part in parts)
    except UnicodeDecodeError:
        return _BAD_FORM
    kind, exit_code = _signal(signal[0]) if signal else (CheckInKind.SUCCESS, None)
    if kind is None:
        return _BAD_FORM if exit_code else _NOT_FOUND
    try:
        asked = parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return _BAD_FORM
    run = asked.get("rid", [None])[0]
    environment = asked.get("environment", [DEFAULT_ENVIRONMENT])[0]
    for name in (job, environment, run):
        if name is not None and (not 0 < len(name) <= MAX_NAME or name_fault(name)):
            return NoPing(status=400, text="invalid run id format") if name is run else _BAD_FORM
    return Ping(
        key=key,
        job=job,
        kind=kind,
        exit_code=exit_code,
        run=run,
        environment=environment,
        create=asked.get("create", [""])[0] == "1",
    )


def _signal(text: str) -> tuple[CheckInKind | None, int | None]:
    """Return the kind and exit code; no kind means not found, or with an exit code that it is too large."""
    if _NUMBER.fullmatch(text) is None:
        return _SIGNALS.get(text), None
    code = int(text)
    if code > LARGEST_EXIT_CODE:
        return None, code
    return (CheckInKind.FAIL if code else CheckInKind.SUCCESS), code


def check_in_of(ping: Ping, body: bytes, received_at: datetime) -> CheckIn:
    """Return the check-in that a ping is; of its body the last 10 kB are kept."""
    log_tail = kept_tail(body[-BODY_LIMIT:].decode(errors="replace"), BODY_LIMIT)
    return CheckIn(
        job=ping.job,
        kind=ping.kind,
        at=received_at,
        received_at=received_at,
        environment=ping.environment,
        run=ping.run,
        detail=Detail(exit_code=ping.exit_code, log_tail=log_tail)
        if log_tail or ping.exit_code is not None
        else None,
    )
