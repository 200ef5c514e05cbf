"""What is seen once may pass; what is seen again in the same place is a trouble."""

from datetime import UTC, datetime, timedelta

from tocsin.engine.suspicion import MAX_SUSPECTS, TIMES_OF, Suspect, Suspicion
from tocsin.engine.troubles import MAX_EXAMPLES, Check

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVERYTHING = frozenset(Check)


def due(*ids: str) -> list[Suspect]:
    return [Suspect(check=Check.DUE_JOBS, id=one, example=f"job {one}") for one in ids]


def test_only_what_the_last_audit_has_seen_too_is_a_trouble() -> None:
    suspicion = Suspicion()

    assert suspicion.take(due("a", "b"), EVERYTHING, NOON) == ()
    (trouble,) = suspicion.take(due("b", "c"), EVERYTHING, NOON + MINUTE)
    assert (trouble.count, trouble.examples, trouble.since_at) == (1, ("job b",), NOON)
    assert suspicion.take([], EVERYTHING, NOON + 2 * MINUTE) == ()
    assert suspicion.take(due("b"), EVERYTHING, NOON + 3 * MINUTE) == ()


def test_a_backlog_that_moves_is_no_trouble_however_long_it_lasts() -> None:
    suspicion = Suspicion()

    found = [suspicion.take(due(f"{n}", f"{n + 1000}"), EVERYTHING, NOON + n * MINUTE) for n in range(100)]

    assert set(found) == {()}


def test_being_behind_is_a_trouble_only_when_it_lasts() -> None:
    suspicion, late = Suspicion(), [Suspect(check=Check.LATE)]
    times = TIMES_OF[Check.LATE]

    found = [len(suspicion.take(late, EVERYTHING, NOON + n * MINUTE)) for n in range(times)]

    assert found == [0] * (times - 1) + [1]


def test_what_was_not_looked_for_stays_as_it_was() -> None:
    suspicion = Suspicion()
    suspicion.take(due("a"), EVERYTHING, NOON)
    suspicion.take(due("a"), EVERYTHING, NOON)
    engine = frozenset({Check.STORE})

    for _ in range(3):
        (trouble,) = suspicion.take([Suspect(check=Check.STORE)], engine, NOON)[-1:]
        assert trouble.check is Check.DUE_JOBS
    assert suspicion.take([], EVERYTHING, NOON) == ()


def test_what_is_remembered_and_shown_is_bounded_and_counted() -> None:
    suspicion = Suspicion()
    many = due(*map(str, range(2 * MAX_SUSPECTS)))

    suspicion.take(many, EVERYTHING, NOON)
    (trouble,) = suspicion.take(many, EVERYTHING, NOON)

    assert (trouble.count, len(trouble.examples)) == (MAX_SUSPECTS, MAX_EXAMPLES)
    assert len(suspicion.suspects) == MAX_SUSPECTS


def test_the_same_thing_named_twice_in_one_audit_was_seen_once() -> None:
    suspicion = Suspicion()

    assert suspicion.take(due("a", "a", "a"), EVERYTHING, NOON) == ()
    assert suspicion.take(due("a", "a"), EVERYTHING, NOON)[0].count == 1
