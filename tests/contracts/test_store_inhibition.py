"""What mutes what, and which job needs which, the same in both stores."""

import sqlite3

import psycopg
from msgspec.structs import replace

from tests.contracts.kept import Place, a_job, committed, key, registered
from tocsin.alerts.inhibition import Bond, Side, key_of_job
from tocsin.jobs.job import Definition, Job
from tocsin.store.base import Store, Writing
from tocsin.store.relations import job_of_ends


def a_bond(alert_id: str, of_key: str = "k", side: Side = Side.TARGET) -> Bond:
    return Bond(key=of_key, side=side, alert_id=alert_id, job_id=7, job="etl")


def needy(name: str, *upstream: str, environment: str = "production") -> Job:
    return replace(a_job(name, environment), definition=Definition(upstream=upstream))


def needing(writing: Writing, name: str, limit: int = 10) -> list[str]:
    return [watch.job.name for watch in writing.needing(key(name), limit)]


def test_bonds_are_found_by_key_and_side_in_pages(store: Store) -> None:
    bonds = [a_bond("c"), a_bond("a"), a_bond("b"), a_bond("d", side=Side.SOURCE), a_bond("e", "other")]
    with committed(store) as writing:
        writing.bind("abcde", bonds)

    with committed(store) as writing:
        assert writing.bonds("k", Side.TARGET, after="", limit=2) == [a_bond("a"), a_bond("b")]
        assert writing.bonds("k", Side.TARGET, after="b", limit=2) == [a_bond("c")]
        assert writing.bonds("k", Side.SOURCE, after="", limit=2) == [a_bond("d", side=Side.SOURCE)]
        assert writing.bonds("k", Side.BOTH, after="", limit=2) == []


def test_new_bonds_take_the_place_of_all_that_an_alert_had(store: Store) -> None:
    with committed(store) as writing:
        writing.bind(["a", "b"], [a_bond("a"), a_bond("a", "other"), a_bond("b")])
        writing.bind(["a"], [a_bond("a", "third")])

    with committed(store) as writing:
        assert writing.bonds("k", Side.TARGET, after="", limit=9) == [a_bond("b")]
        assert writing.bonds("other", Side.TARGET, after="", limit=9) == []
        assert writing.bonds("third", Side.TARGET, after="", limit=9) == [a_bond("a", "third")]


def test_those_who_need_a_job_are_woken_under_its_name_and_nobody_for_a_job_that_none_needs(
    store: Store,
) -> None:
    with committed(store) as writing:
        writing.register([needy("mart", "load")])
        assert writing.wake_needing([key("load"), key("alone"), key("load", "staging"), key("a\0b")]) == 1
        writing.wake_needing([key("load")])

    with committed(store) as writing:
        ((woken, after),) = writing.wakes(10)
        assert (job_of_ends(woken), after) == (key("load"), "")
        writing.wake_on(woken, after, None)
        assert writing.wakes(10) == []
        assert job_of_ends(key_of_job("production", "load")) is None


def test_only_keys_with_targets_are_woken_and_each_once(store: Store) -> None:
    with committed(store) as writing:
        writing.bind(["a", "b", "s"], [a_bond("a"), a_bond("b"), a_bond("s", "alone", Side.SOURCE)])
        assert writing.wake(["alone", "k", "nobody"]) == 1
        writing.wake(["k"])

    with committed(store) as writing:
        assert writing.wakes(10) == [("k", "")]
        writing.wake_on("k", "", "a")
        assert writing.wakes(10) == [("k", "a")]
        writing.wake_on("k", "a", None)
        assert writing.wakes(10) == []


def test_what_is_woken_anew_meanwhile_is_begun_anew(store: Store) -> None:
    with committed(store) as writing:
        writing.bind(["a"], [a_bond("a")])
        writing.wake(["k"])
        writing.wake_on("k", "", "a")
        writing.wake(["k"])
        writing.wake_on("k", "a", None)
        assert writing.wakes(10) == [("k", "")]


def test_jobs_are_found_by_what_they_need(store: Store) -> None:
    with committed(store) as writing:
        assert not writing.has_needs()
        writing.register([needy("load", "extract"), needy("report", "load", "extract"), a_job("alone")])
        writing.register([needy("report", "extract", environment="staging")])
        assert writing.has_needs()

    with committed(store) as writing:
        assert needing(writing, "extract") == ["load", "report"]
        assert needing(writing, "load") == ["report"]
        assert needing(writing, "extract", limit=1) == ["load"]
        assert needing(writing, "alone") == []


def test_what_a_job_needs_changes_with_its_definition_and_goes_with_it(store: Store) -> None:
    with committed(store) as writing:
        writing.register([needy("load", "extract"), needy("report", "extract")])

    with committed(store) as writing:
        watch = writing.watches([key("load")])[key("load")]
        changed = replace(watch.job, definition=Definition(upstream=("other", "third")))
        writing.save([replace(watch, job=changed)])
        assert needing(writing, "extract") == ["report"]
        assert needing(writing, "other") == ["load"]

    with committed(store) as writing:
        (watch,) = writing.watches([key("report")]).values()
        writing.rename(watch.job.id, "renamed")
        assert needing(writing, "extract") == ["renamed"]
        writing.delete(watch.job.id)
        assert needing(writing, "extract") == []


def test_registering_a_job_that_is_there_leaves_what_it_needs(store: Store) -> None:
    with committed(store) as writing:
        writing.register([needy("load", "extract")])
        writing.register([needy("load", "other")])

    with committed(store) as writing:
        assert needing(writing, "extract") == ["load"]
        assert needing(writing, "other") == []


def test_a_job_can_be_looked_at_without_being_taken(store: Store) -> None:
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
        assert writing.peek(key("etl")) == watch
        assert writing.peek(key("nobody")) is None


def test_what_jobs_of_an_older_schema_need_is_found_after_the_upgrade(place: Place) -> None:
    store = place.open()
    with committed(store) as writing:
        writing.register([needy("report", "load", "extract"), a_job("alone")])
    store.close()
    _back_to_the_schema_before(place)

    store = place.open()
    with committed(store) as writing:
        assert needing(writing, "extract") == needing(writing, "load") == ["report"]
    store.close()


def _back_to_the_schema_before(place: Place) -> None:
    later = (
        "DROP TABLE needs",
        "DROP TABLE inhibition_bonds",
        "DROP TABLE inhibition_wakes",
        "DROP INDEX notifications_of_target",
        "DROP INDEX occurrences_unknown",
        "ALTER TABLE occurrences DROP COLUMN is_unknown",
        "DROP INDEX unknown_now",
        "DROP INDEX unknown_in_time",
        "ALTER TABLE unknown DROP COLUMN known_at",
        "DROP TABLE histories",
        "ALTER TABLE memories DROP COLUMN learned",
        "DROP INDEX alerts_alike",
        "ALTER TABLE alerts DROP COLUMN error_id",
    )
    if place.kind == "sqlite":
        file = sqlite3.connect(place.url)
        for what in later:
            file.execute(what)
        file.execute("PRAGMA user_version = 7")
        file.close()
        return
    with psycopg.connect(place.url) as connection:
        for what in later:
            connection.execute(what.encode())
        connection.execute("DELETE FROM schema_version WHERE number > 7")
