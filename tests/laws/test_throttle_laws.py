"""What holds of the throttle, whenever something was told."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alerts.words import alert
from tocsin.alerts.alert import Told
from tocsin.alerts.throttle import Throttle, throttled_until

law = settings(derandomize=True, database=None, deadline=None, max_examples=200)
START = datetime(2026, 3, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
minutes = st.lists(st.integers(0, 90), max_size=30).map(sorted)
throttles = st.builds(
    Throttle,
    window=st.integers(1, 30).map(lambda n: n * MINUTE),
    limit=st.integers(2, 8),
    cool_down_for=st.integers(1, 60).map(lambda n: n * MINUTE),
)


@law
@given(told=minutes, throttle=throttles, now=st.integers(0, 150))
def test_it_says_what_counting_by_hand_says(told: list[int], throttle: Throttle, now: int) -> None:
    at = [START + minute * MINUTE for minute in told]
    found = throttled_until([alert(told=Told(at=tuple(at)))], throttle, START + now * MINUTE)

    ends = [
        last + throttle.cool_down_for
        for last in at
        for place in [at.index(last) + at.count(last) - 1]
        if sum(last - throttle.window < one for one in at[: place + 1]) >= throttle.limit
    ]
    by_hand = max(ends, default=START)
    assert found == (by_hand if by_hand > START + now * MINUTE else None)


@law
@given(told=minutes, throttle=throttles, now=st.integers(0, 150), share=st.floats(0, 1, exclude_max=True))
def test_what_it_says_holds_until_the_instant_that_it_names(
    told: list[int], throttle: Throttle, now: int, share: float
) -> None:
    alerts = [alert(told=Told(at=tuple(START + minute * MINUTE for minute in told)))]
    instant = START + now * MINUTE
    until = throttled_until(alerts, throttle, instant)
    if until is None:
        return
    assert instant < until <= instant + throttle.memory + 90 * MINUTE
    assert throttled_until(alerts, throttle, instant + (until - instant) * share) == until
    assert throttled_until(alerts, throttle, until) is None
