"""What concerns all jobs, when several servers change it: nobody judges by what another has changed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from tests.contracts.kept import MINUTE, NOON, SECOND, committed, due, key, registered
from tests.contracts.several import Servers, done, transaction, wait_until_blocked
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.silence import Silence
from tocsin.errors import StoreContended
from tocsin.oncall.override import Override
from tocsin.store.base import Store, Writing

CHANGES: dict[str, Callable[[Writing], object]] = {
    "a silence": lambda writing: writing.save_silence(a_silence()),
    "an override": lambda writing: writing.save_override(an_override()),
    "a blind window": lambda writing: writing.save_blind(NOON, NOON + SECOND, NOON + MINUTE),
    "an unknown job": lambda writing: writing.save_unknown(1, 1, "it", NOON),
}


def an_override() -> Override:
    return Override(
        id="o",
        schedule="payments",
        responder="bob",
        starts_at=NOON,
        ends_at=NOON + MINUTE,
        created_by="kim",
        created_at=NOON,
    )


def a_silence(ends_at: datetime = NOON + MINUTE) -> Silence:
    matcher = read_matcher("job=etl")
    return Silence(
        id="s", matchers=(matcher,), starts_at=NOON, ends_at=ends_at, created_by="kim", created_at=NOON
    )


def judge(store: Store, *, anew: bool = False) -> None:
    """Keep an opinion about etl, as after a look at what all jobs share."""
    with committed(store) as writing:
        if anew:
            writing.take_up_shared()
        (watch,) = writing.watches([key()]).values()
        writing.save([due(watch, NOON if watch.due_at is None else watch.due_at + SECOND)])


@pytest.mark.parametrize("change", list(CHANGES.values()), ids=list(CHANGES))
def test_what_was_decided_before_another_server_changed_it_is_to_be_decided_anew(
    servers: Servers, change: Callable[[Writing], object]
) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        registered(writing, "etl")
    judge(one, anew=True)
    judge(two, anew=True)
    with committed(two) as writing:
        change(writing)

    with pytest.raises(StoreContended, match="another server has changed what all jobs share"):
        judge(one)
    judge(one, anew=True)
    judge(one)
    judge(two)


def test_who_waited_for_the_job_that_a_silence_had_kept_back_decides_anew(
    servers: Servers, pool: ThreadPoolExecutor, empty_schema: str
) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        registered(writing, "etl")
    judge(one, anew=True)
    judge(two, anew=True)

    with transaction(two) as expiring:
        expiring.save_silence(a_silence(ends_at=NOON))
        expiring.mark_due([watch.job.id for watch in expiring.watches([key()]).values()], NOON)
        judging = pool.submit(judge, one)
        wait_until_blocked(empty_schema)
        expiring.commit()

    with pytest.raises(StoreContended):
        done(judging)


def test_two_that_change_it_without_end_keep_nobody_from_getting_on(servers: Servers) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        registered(writing, "etl")
    judge(one, anew=True)

    def change() -> None:
        with committed(two) as writing:
            writing.save_silence(a_silence())

    change()
    with pytest.raises(StoreContended):
        judge(one)
    with committed(one) as writing:
        writing.take_up_shared()
        change()
        (watch,) = writing.watches([key()]).values()
        writing.save([due(watch, NOON + MINUTE)])
    with pytest.raises(StoreContended):
        judge(one)


def test_a_store_alone_is_never_asked_to_decide_anew(store: Store) -> None:
    with committed(store) as writing:
        registered(writing, "etl")
    judge(store, anew=True)
    for change in CHANGES.values():
        with committed(store) as writing:
            change(writing)
        judge(store)


def test_a_change_that_was_forgotten_disturbs_nobody(servers: Servers) -> None:
    one, two = servers(), servers()
    with committed(one) as writing:
        registered(writing, "etl")
    judge(one, anew=True)
    with transaction(two) as forgotten:
        forgotten.save_silence(a_silence())
    judge(two)

    judge(one)
