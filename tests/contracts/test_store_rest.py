"""Silences, credentials, rules set aside, signs of life, blind windows and notes, in every store."""

from tests.contracts.kept import MINUTE, NOON, SECOND, changed, committed, key, registered
from tocsin.alerts.matcher import Matcher
from tocsin.alerts.silence import Silence
from tocsin.store.base import Store, Writing
from tocsin.store.rows import SetAside, Token


def a_silence(name: str, ends_in_seconds: int) -> Silence:
    return Silence(
        id=name,
        matchers=(Matcher(name="team", operator="=~", value='da"ta|ops'),),
        starts_at=NOON - MINUTE,
        ends_at=NOON + ends_in_seconds * SECOND,
        created_by="kim",
        created_at=NOON,
        comment="planned work",
    )


def a_token(name: str) -> Token:
    return Token(id=name, kind="user", name="kim", digest="00ff", created_at=NOON)


def test_silences_are_listed_until_they_end(store: Store) -> None:
    long, short, over = a_silence("long", 60), a_silence("short", 1), a_silence("over", 0)
    with committed(store) as writing:
        for one in (long, short, over):
            writing.save_silence(one)
        assert writing.silences(NOON) == (short, long)
        assert writing.silences(NOON + 60 * SECOND) == ()

    with store.reading() as reading:
        assert reading.silences(ended_since=NOON) == [short, long]
        assert reading.silences(ended_since=NOON - SECOND) == [over, short, long]


def test_a_silence_can_be_ended_early(writing: Writing) -> None:
    writing.save_silence(a_silence("one", 60))

    writing.save_silence(changed(a_silence("one", 0), expired_by="li"))

    assert writing.silences(NOON) == ()


def test_a_revoked_credential_opens_nothing(store: Store) -> None:
    with committed(store) as writing:
        writing.save_token(a_token("a"))
        writing.save_token(a_token("b"))
        assert writing.revoke_token("a", NOON)
        assert not writing.revoke_token("a", NOON + SECOND)
        assert not writing.revoke_token("none", NOON)

    with store.reading() as reading:
        assert reading.tokens() == [a_token("b")]


def test_a_rule_is_set_aside_until_its_time(store: Store) -> None:
    item = SetAside(rule="*", job_id=1, at=NOON, until_at=NOON + MINUTE, error="ZeroDivisionError()", count=2)
    with committed(store) as writing:
        writing.save_set_aside(changed(item, count=1, error="first"))
        writing.save_set_aside(item)
        writing.save_set_aside(changed(item, job_id=2, until_at=NOON))
        assert writing.set_aside(NOON) == (item,)
        assert writing.set_aside(NOON + MINUTE) == ()

    with store.reading() as reading:
        assert reading.set_aside(NOON) == [item]
        assert reading.set_aside(NOON + MINUTE) == []


def test_a_sign_of_life_returns_those_of_all_servers_before(store: Store) -> None:
    with committed(store) as writing:
        assert writing.alive("one", NOON) == {}
        assert writing.alive("two", NOON + MINUTE) == {"one": NOON}
        assert writing.alive("one", NOON + SECOND) == {"one": NOON, "two": NOON + MINUTE}
    with committed(store) as writing:
        writing.bury(["two", "three"])
        assert writing.alive("one", NOON) == {"one": NOON + SECOND}


def test_blind_windows_are_numbered_and_listed_by_their_end(writing: Writing) -> None:
    first = writing.save_blind(NOON - MINUTE, NOON, NOON + MINUTE)
    second = writing.save_blind(NOON, NOON + SECOND, NOON + MINUTE)

    assert (first.from_at, first.to_at, first.hold_until) == (NOON - MINUTE, NOON, NOON + MINUTE)
    assert first.id != second.id
    assert writing.blind(NOON) == (first, second)
    assert writing.blind(NOON + SECOND) == (second,)
    assert writing.blind(NOON + MINUTE) == ()


def test_what_is_unknown_of_a_job_is_listed_once_under_each_window(writing: Writing) -> None:
    b, a = registered(writing, "b", "a")
    for watch in (b, a):
        writing.save_unknown(1, watch.job.id, "whether it started", NOON)
    writing.save_unknown(1, a.job.id, "something else", NOON)
    writing.save_unknown(2, a.job.id, "whether it ended", NOON)

    assert writing.unknown(1, 10) == (2, [(key("a"), "whether it started"), (key("b"), "whether it started")])
    assert writing.unknown(1, 1) == (2, [(key("a"), "whether it started")])
    assert writing.unknown(3, 10) == (0, [])
    assert writing.unknown_jobs() == {a.job.id, b.job.id}
    assert writing.clear_unknown(a.job.id, NOON) == (1, 2)
    assert writing.clear_unknown(a.job.id, NOON) == ()
    assert writing.unknown(1, 10) == (1, [(key("b"), "whether it started")])
    assert writing.unknown_jobs() == {b.job.id}


def test_a_note_is_kept_by_its_name(store: Store) -> None:
    with committed(store) as writing:
        assert writing.note("version") is None
        writing.save_note("version", "1")
        writing.save_note("version", "2")
        writing.save_note("other", "")

    with committed(store) as writing:
        assert writing.note("version") == "2"
        assert writing.note("other") == ""


def test_the_number_of_jobs_is_counted_as_they_come_and_go(store: Store) -> None:
    with committed(store) as writing:
        a, *_ = registered(writing, "a", "b", "c")
        registered(writing, "a", "b")
    with committed(store) as writing:
        writing.delete(a.job.id)
        writing.delete(a.job.id)

    with store.reading() as reading:
        assert reading.counts().jobs == 2


def test_pruning_deletes_what_else_is_over(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        writing.save_silence(a_silence("over", 0))
        writing.save_silence(a_silence("active", 60))
        writing.save_set_aside(SetAside(rule="r", job_id=1, at=NOON, until_at=NOON, error="x"))
        writing.save_blind(NOON - MINUTE, NOON, NOON)
        young = writing.save_blind(NOON, NOON + MINUTE, NOON + MINUTE)
        writing.save_unknown(1, watch.job.id, "x", NOON)

        assert writing.prune(logs_before=NOON, runs_before=NOON + SECOND, limit=10) == 4
        assert writing.silences(NOON - MINUTE) == (a_silence("active", 60),)
        assert writing.blind(NOON - MINUTE) == (young,)
        assert writing.unknown_jobs() == frozenset()
