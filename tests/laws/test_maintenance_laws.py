"""What maintenance windows say of an alert holds until the instant that they name."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.laws.test_timeinterval_laws import intervals, law
from tocsin.alerts.alert import Reason
from tocsin.alerts.maintenance import MaintenanceWindow, open_for, opens_after
from tocsin.alerts.matcher import Matcher
from tocsin.alerts.muting import muted
from tocsin.alerts.timeinterval import NamedInterval

LABELS = {"job": "etl"}
INSTANTS = st.integers(0, 6 * 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@st.composite
def windows(draw: st.DrawFn) -> tuple[MaintenanceWindow, ...]:
    times = draw(st.lists(intervals, min_size=1, max_size=3))
    jobs = [draw(st.sampled_from(["etl", "other"])) for _ in times]
    return tuple(
        MaintenanceWindow(
            name=str(n),
            matchers=(Matcher(name="job", operator="=", value=job),),
            times=NamedInterval(name=str(n), intervals=(one,)),
        )
        for n, (job, one) in enumerate(zip(jobs, times, strict=True))
    )


@law
@given(some_windows=windows(), now=INSTANTS, share=st.floats(0, 1, exclude_max=True))
def test_what_is_muted_stays_so_until_the_instant_that_is_named(
    some_windows: tuple[MaintenanceWindow, ...], now: datetime, share: float
) -> None:
    mute = muted((), some_windows, LABELS, now)
    if mute is None:
        return
    assert (mute.reason, mute.until_at > now) == (Reason.MAINTENANCE, True)
    between = now + min(mute.until_at - now, timedelta(days=3_000)) * share
    between = min(between, mute.until_at - timedelta(microseconds=1))
    assert muted((), some_windows, LABELS, between) is not None


@law
@given(some_windows=windows(), now=INSTANTS, share=st.floats(0, 1, exclude_max=True))
def test_what_is_not_muted_stays_so_until_a_window_opens(
    some_windows: tuple[MaintenanceWindow, ...], now: datetime, share: float
) -> None:
    if open_for(some_windows, LABELS, now) is not None:
        return
    opens_at = opens_after(some_windows, LABELS, now)
    end = now + timedelta(days=3_000) if opens_at is None else opens_at
    before = min(
        now + (end - now) * share, end - timedelta(microseconds=1)
    )  # a share next to 1 rounds up to it
    assert open_for(some_windows, LABELS, before) is None
