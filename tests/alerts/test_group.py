"""When alerts are told together, and what they share."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.alerts import words
from tocsin.alerts.alert import Alert, Pooled
from tocsin.alerts.causes import MAX_CAUSES, Cause, causes_of
from tocsin.alerts.group import Group, Pace, shared_cause
from tocsin.alerts.membership import MAX_NAMED, Admitted, admit, end, take
from tocsin.alerts.turning import Said, next_at, turn
from tocsin.rules.finding import Severity

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
PACE = Pace()
REPEAT = timedelta(hours=4)


def empty(**changes: object) -> Group:
    group = Group(id="g", key="k", receiver="team", labels=(), opened_at=NOON, severity=Severity.CRITICAL)
    return replace(group, **changes)


def alert(number: int, severity: Severity = Severity.CRITICAL, **more: object) -> Alert:
    return words.alert(id=f"a{number}", job_id=number, job=f"job-{number}", severity=severity, **more)


def pooled(batch: int = 0) -> Pooled:
    return Pooled(group="g", receiver="team", batch=batch, severity=Severity.CRITICAL, step=0)


def cause(kind: str, what: str, count: int) -> Cause:
    return Cause(kind=kind, what=what, count=count)


def with_waiting(count: int, at: datetime = NOON) -> Group:
    group = empty(told=(at,))
    for number in range(count):
        group, admitted = admit(group, alert(number), at)
        assert admitted is Admitted.POOLED
    return group


def test_what_comes_long_after_is_a_first_one_again() -> None:
    group, admitted = admit(empty(told=(NOON,)), alert(1), NOON + PACE.interval)

    assert admitted is Admitted.AT_ONCE
    assert group.told == (NOON + PACE.interval,)


def test_no_more_are_named_than_fit_into_a_message() -> None:
    group = with_waiting(30)

    assert (len(group.named), group.waiting, group.total) == (MAX_NAMED, 30, 30)
    assert turn(group, NOON + MINUTE).added == 30


def test_a_storm_that_does_not_end_is_told_when_the_interval_is_over() -> None:
    group = with_waiting(1)
    at = NOON
    while at < NOON + timedelta(minutes=10):
        at += 10 * SECOND
        group, _ = admit(replace(group, told=(at,)), alert(2), at)

    assert next_at(group) == NOON + PACE.interval


def test_after_one_message_the_next_waits_for_the_interval() -> None:
    group = turn(with_waiting(9), NOON + 30 * SECOND).group

    group, _ = admit(group, alert(50), NOON + 40 * SECOND)

    assert next_at(group) == NOON + 30 * SECOND + PACE.interval


def test_few_are_released_and_many_are_told_as_one() -> None:
    few = turn(with_waiting(3), NOON + 30 * SECOND)
    many = turn(with_waiting(4), NOON + 30 * SECOND)

    assert (few.said, few.release, few.group.total) == (None, (0, 1, 2), 0)
    assert (many.said, many.added, many.group.open, many.release) == (Said.TOGETHER, 4, 4, ())


def test_what_was_released_is_told_once() -> None:
    group = turn(with_waiting(2), NOON + 30 * SECOND).group

    group, first = admit(group, alert(0), NOON + 31 * SECOND)
    group, again = admit(group, alert(0), NOON + 32 * SECOND)

    assert (first, again) == (Admitted.AT_ONCE, Admitted.POOLED)


def test_who_leaves_before_the_message_is_not_counted_in_it() -> None:
    group = end(with_waiting(9), alert(3), pooled())

    assert turn(group, NOON + 30 * SECOND).added == 8
    assert "a3" not in {member.alert_id for member in group.named}


def test_the_end_is_told_when_the_last_is_over() -> None:
    group = turn(with_waiting(5), NOON + 30 * SECOND).group
    for number in range(5):
        assert turn(group, NOON + MINUTE).said is None
        group = end(group, alert(number), pooled())

    over = turn(group, NOON + MINUTE)

    assert (over.said, over.group.over, over.group.closed_at, over.ask_again_at) == (
        Said.OVER,
        5,
        NOON + MINUTE,
        None,
    )


def test_it_is_repeated_until_everything_is_in_hand() -> None:
    group = turn(with_waiting(5), NOON).group
    group = turn(replace(group), NOON + MINUTE).group
    told_at = group.together_at
    assert told_at is not None
    assert turn(group, told_at + REPEAT).said is Said.REPEAT

    for number in range(5):
        group, still = take(group, alert(number), pooled())
        assert still is not None
        assert still.is_taken

    said = turn(group, told_at + REPEAT)
    assert said.said is Said.IN_HAND
    assert turn(said.group, told_at + 2 * REPEAT).said is None
    assert turn(group, told_at + REPEAT).group.closed_at is None


def test_a_group_of_which_nothing_is_owed_is_forgotten() -> None:
    group, _ = admit(empty(), alert(1), NOON)

    assert next_at(group) == NOON + PACE.interval
    assert turn(group, NOON + PACE.interval).group.closed_at == NOON + PACE.interval


def test_a_cause_is_named_only_when_most_share_it() -> None:
    group = empty(
        total=10, causes=(Cause(kind="host", what="h1", count=5), Cause(kind="error", what="x", count=4))
    )

    assert shared_cause(group) is None
    shared = shared_cause(replace(group, causes=(*group.causes, cause("label team", "data", 9))))
    assert shared is not None
    assert shared.what == "data"


def test_what_the_group_was_made_by_is_no_cause() -> None:
    group = empty(labels=(("team", "data"),), total=9, causes=(cause("label team", "data", 9),))

    assert shared_cause(group) is None


@given(st.lists(st.integers(0, 200), min_size=1, max_size=400))
def test_what_many_share_is_found_in_bounded_room(hosts: list[int]) -> None:
    group = empty(told=(NOON,))
    for number, host in enumerate(hosts):
        group, _ = admit(group, alert(number, evidence=(("host", f"h{host}"),)), NOON)

    counts = {cause.what: cause.count for cause in group.causes}
    assert len(group.causes) <= MAX_CAUSES
    for host in set(hosts):
        if hosts.count(host) > len(hosts) * len(causes_of(alert(1, evidence=(("host", "x"),)))) / MAX_CAUSES:
            assert counts[f"h{host}"] >= hosts.count(host)


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(list(Severity))), max_size=40))
def test_every_alert_is_told_at_once_or_counted_and_the_group_always_knows_when(
    comings: list[tuple[int, Severity]],
) -> None:
    group, now, at_once, told = empty(), NOON, 0, 0
    for number, (after, severity) in enumerate(comings):
        now += after * SECOND
        while (due_at := next_at(group)) is not None and due_at <= now and group.closed_at is None:
            step = turn(group, due_at)
            told += step.added + len(step.release)
            group = step.group if step.group.closed_at is None else empty()
            for job_id in step.release:
                group, admitted = admit(group, alert(job_id), due_at)
                assert admitted is Admitted.AT_ONCE
        group, admitted = admit(group, alert(number, severity), now)
        at_once += admitted is Admitted.AT_ONCE
    assert at_once + told + group.waiting == len(comings)
    assert not group.waiting or next_at(group) is not None
