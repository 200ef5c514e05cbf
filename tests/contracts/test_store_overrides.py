"""Every store keeps overrides of on-call schedules alike."""

from hypothesis import given

from tests.contracts.kept import MINUTE, NOON, SECOND, changed, committed
from tests.contracts.strategies import TEXTS, values_of
from tests.contracts.test_store_values import LATEST, fair
from tocsin.oncall.override import Override
from tocsin.store.base import Store, Writing


def an_override(name: str, ends_in_seconds: int) -> Override:
    return Override(
        id=name,
        schedule="payments",
        responder="bob",
        starts_at=NOON - MINUTE,
        ends_at=NOON + ends_in_seconds * SECOND,
        created_by="kim",
        created_at=NOON,
        comment="dentist",
        swap="s1",
    )


def test_overrides_are_listed_until_they_end(store: Store) -> None:
    long, short, over = an_override("long", 60), an_override("short", 1), an_override("over", 0)
    with committed(store) as writing:
        for one in (long, short, over):
            writing.save_override(one)
        assert writing.overrides(NOON) == (short, long)
        assert writing.overrides(NOON + 60 * SECOND) == ()

    with store.reading() as reading:
        assert reading.overrides(ended_since=NOON) == [short, long]
        assert reading.overrides(ended_since=NOON - SECOND) == [over, short, long]


def test_an_override_that_is_saved_again_is_changed(writing: Writing) -> None:
    writing.save_override(an_override("one", 60))

    writing.save_override(changed(an_override("one", 0), removed_by="li"))

    assert writing.overrides(NOON) == ()


def test_overrides_that_ended_long_ago_are_deleted(writing: Writing) -> None:
    writing.save_override(an_override("over", 0))
    writing.save_override(an_override("active", 60))

    assert writing.prune(logs_before=NOON, runs_before=NOON + SECOND, limit=10) == 1
    assert writing.overrides(NOON - MINUTE) == (an_override("active", 60),)


@fair
@given(override=values_of(Override), name=TEXTS)
def test_any_override(store: Store, override: Override, name: str) -> None:
    override = changed(override, id=name, ends_at=LATEST)
    with committed(store) as writing:
        writing.save_override(override)

    with store.reading() as reading:
        assert override in reading.overrides(ended_since=NOON)
