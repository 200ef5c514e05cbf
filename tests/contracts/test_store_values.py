"""Whatever may be kept comes back as it was, from every store; what may not be kept is refused whole."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.kept import (
    NOON,
    a_check_in,
    a_job,
    a_run,
    changed,
    committed,
    due,
    key,
    owed,
    registered,
)
from tests.contracts.strategies import TEXTS, values_of
from tocsin.alerts.alert import Alert, Entry
from tocsin.alerts.silence import Silence
from tocsin.errors import StoreRefused
from tocsin.jobs.checkin import CheckIn, Detail, Progress
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.jobs.state import JobState
from tocsin.store.base import Store, Writing
from tocsin.store.rows import Delivery, Notification, NotificationState, SetAside, Token, Watch

Spoil = Callable[[Writing], object]
NUMBERS = count()
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
fair = settings(
    max_examples=40,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@fair
@given(
    state=values_of(JobState),
    definition=values_of(Definition),
    due_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    paused=values_of(Job, TEXTS),
)
def test_any_watch(
    store: Store, state: JobState, definition: Definition, due_at: datetime | None, paused: Job
) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        definition = changed(definition, upstream=(*definition.upstream, "\0"))
        job = changed(
            watch.job, definition=definition, paused_at=paused.paused_at, paused_by=paused.paused_by
        )
        saved = Watch(job=job, state=state, due_at=due_at, judged_under=2**62, alerting=True)
        writing.save([saved])

    with store.reading() as reading:
        assert reading.job(key()) == saved
    with committed(store) as writing:
        assert writing.watches([key()]) == {key(): saved}


@fair
@given(job=values_of(Job, TEXTS))
def test_any_job(store: Store, job: Job) -> None:
    with committed(store) as writing:
        kept = writing.register([job])[job.key].job
        assert kept == changed(job, id=kept.id)
        writing.delete(kept.id)


@fair
@given(run=values_of(Run), name=TEXTS)
def test_any_run(store: Store, run: Run, name: str) -> None:
    run = changed(run, key=name)
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save_runs([(watch.job.id, run)])
        assert writing.runs([(watch.job.id, name)]) == {(watch.job.id, name): run}

    with store.reading() as reading:
        assert reading.run(watch.job.id, name) == run


@fair
@given(occurrence=values_of(Occurrence), check_in=values_of(CheckIn))
def test_any_occurrence_and_check_in(store: Store, occurrence: Occurrence, check_in: CheckIn) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save_occurrences([(watch.job.id, occurrence)])
        writing.append([(watch.job.id, check_in)])

    with store.reading() as reading:
        assert occurrence in reading.recent_occurrences([watch.job.id], 1000)[watch.job.id]
        assert reading.log(watch.job.id, before=None, limit=1)[0].check_in == check_in


@fair
@given(alert=values_of(Alert), entry=values_of(Entry), name=TEXTS)
def test_any_alert_and_entry(store: Store, alert: Alert, entry: Entry, name: str) -> None:
    alert = changed(alert, id=name, fingerprint=name, rule=f"{alert.rule}\0", condition="\0")
    entry = changed(entry, alert_id=name, who=f"{entry.who}\0")
    with committed(store) as writing:
        writing.save_alerts([alert])
        writing.record([entry])
        assert writing.alert(name) == alert

    with store.reading() as reading:
        assert reading.alert(name) == alert
        assert reading.history(name)[-1] == entry


@fair
@given(one=values_of(Notification, TEXTS), delivery=values_of(Delivery, TEXTS))
def test_any_notification_and_delivery(store: Store, one: Notification, delivery: Delivery) -> None:
    one = changed(one, key=f"{one.key}{next(NUMBERS)}", severity=one.severity % 5)
    if delivery.next_state is NotificationState.SENDING:
        delivery = changed(delivery, next_state=NotificationState.DEAD)
    with committed(store) as writing:
        writing.enqueue([one])
        writing.finish([delivery])

    with store.reading() as reading:
        assert one in reading.notifications(one.alert_id)
        assert delivery in reading.deliveries([delivery.key])


@fair
@given(silence=values_of(Silence), token=values_of(Token, TEXTS), item=values_of(SetAside, TEXTS), name=TEXTS)
def test_any_silence_token_and_rule_set_aside(
    store: Store, silence: Silence, token: Token, item: SetAside, name: str
) -> None:
    silence = changed(silence, id=name, ends_at=LATEST)
    item = changed(item, at=EARLIEST, until_at=LATEST)
    token = changed(token, id=f"{name}{token.id}", revoked_at=None)
    with committed(store) as writing:
        writing.save_silence(silence)
        writing.save_set_aside(item)
        writing.save_note(name, token.name)
        assert writing.note(name) == token.name
        if token.id not in {known.id for known in _tokens(store)}:
            writing.save_token(token)

    with store.reading() as reading:
        assert silence in reading.silences(ended_since=NOON)
        assert item in reading.set_aside(NOON)
        assert token.id in {known.id for known in reading.tokens()}


def _tokens(store: Store) -> list[Token]:
    with store.reading() as reading:
        return reading.tokens()


def test_extreme_instants_keep_their_microsecond_and_their_order(store: Store) -> None:
    with committed(store) as writing:
        first, middle, last = registered(writing, "first", "middle", "last")
        writing.save([due(last, LATEST), due(first, EARLIEST), due(middle, NOON)])
        assert [watch.due_at for watch in writing.due(LATEST, 10)] == [EARLIEST, NOON, LATEST]
        assert writing.next_due_at() == EARLIEST


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_refused_with_the_rest_of_its_transaction(
    store: Store, number: float
) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
    bad = changed(a_check_in(), progress=Progress(done=1, total=number), detail=Detail(error_message="null"))
    spoilt = changed(a_run(), heartbeat_every_seconds=number)
    spoils: list[Spoil] = [
        lambda w: w.append([(watch.job.id, bad)]),
        lambda w: w.save_runs([(watch.job.id, spoilt)]),
    ]
    for spoil in spoils:
        writing = store.writing()
        writing.begin()
        writing.save_note("beside", "it")
        with pytest.raises(StoreRefused, match="cannot be kept"):
            spoil(writing)
        writing.rollback()

    with committed(store) as writing:
        assert writing.note("beside") is None
        assert writing.watches([key()]) == {key(): watch}


@pytest.mark.parametrize("name", ["half \ud800 a pair"])
def test_a_text_that_cannot_be_written_is_refused(store: Store, name: str) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
    spoils: list[Spoil] = [
        lambda w: w.register([a_job(name)]),
        lambda w: w.append([(watch.job.id, changed(a_check_in(), run=name))]),
        lambda w: w.save_runs([(watch.job.id, a_run(name))]),
        lambda w: w.enqueue([changed(owed("a"), message=name)]),
    ]
    for spoil in spoils:
        writing = store.writing()
        writing.begin()
        with pytest.raises(StoreRefused):
            spoil(writing)
        writing.rollback()

    with store.reading() as reading:
        assert reading.counts().jobs == 1
