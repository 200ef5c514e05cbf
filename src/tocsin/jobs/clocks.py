"""The clocks of the hosts that a job runs on: what its check-ins tell of them, and what that makes of theirs.

A job whose hosts have the right time remembers nothing of them.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.run import Run
from tocsin.jobs.skew import HostClock, Sent, first_heard, heard_again, moved
from tocsin.jobs.state import JobState

MAX_CLOCKS: Final = 8
FORGOTTEN_AFTER: Final = timedelta(days=1)
HOST: Final = "host"


def is_worth_a_look(state: JobState, check_in: CheckIn) -> bool:
    """Whether a check-in tells of a clock that is wrong, or was: the quick answer for nearly every one."""
    if state.clocks:
        return True
    sent = check_in.sent
    return sent is not None and sent.lag_seconds != 0


def by_our_clock(state: JobState, check_in: CheckIn, run: Run | None) -> tuple[JobState, CheckIn]:
    """Return what is known of the clocks after a check-in, and the check-in with its instant by ours.

    `run` is the one that it speaks of, where one is known: its host is the check-in's where that names none.
    """
    host, received_at, sent = _host_of(check_in, run), check_in.received_at, check_in.sent
    before = next((clock for clock in state.clocks if clock.host == host), None)
    after = before
    if sent is not None:
        if before is not None:
            after = heard_again(before, sent.lag_seconds, received_at)
        elif sent.lag_seconds:
            is_new = state.last_seen_at is None
            after = first_heard(host, sent.lag_seconds, received_at, is_new=is_new)
    others = [c for c in state.clocks if c.host != host and received_at - c.heard_at <= FORGOTTEN_AFTER]
    if after is None:
        return _with_clocks(state, tuple(others)), check_in
    kept = others if after.is_right else sorted((*others, after), key=_heard_at)[-MAX_CLOCKS:]
    return _with_clocks(state, tuple(kept)), _moved(check_in, sent, before, after)


def _host_of(check_in: CheckIn, run: Run | None) -> str:
    for detail in (check_in.detail, None if run is None else run.detail):
        for name, value in () if detail is None else detail.context:
            if name == HOST:
                return value
    return ""


def _heard_at(clock: HostClock) -> datetime:
    return clock.heard_at


def _with_clocks(state: JobState, clocks: tuple[HostClock, ...]) -> JobState:
    return state if clocks == state.clocks else replace(state, clocks=clocks)


def _moved(check_in: CheckIn, sent: Sent | None, before: HostClock | None, after: HostClock) -> CheckIn:
    """Return a check-in with its instant by our clock; one that came without an instant has ours."""
    at, received_at = check_in.at, check_in.received_at
    if sent is None and at == received_at:
        return check_in
    moved_at = moved(at, sent, before=before, after=after, received_at=received_at)
    if moved_at == at:
        return check_in
    if sent is not None:
        by_seconds = sent.shifted_seconds + (moved_at - at).total_seconds()
        sent = replace(sent, shifted_seconds=by_seconds)
    return replace(check_in, at=moved_at, sent=sent)
