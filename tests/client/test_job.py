import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import tocsin
from tests.client.listener import Listener
from tocsin import clock
from tocsin.client import guard, pulse


def told(server: Listener, count: int) -> list[dict[str, Any]]:
    server.wait_until(lambda listener: len(listener.taken) >= count)
    return server.taken


def test_a_run_is_reported_from_start_to_success(default: Listener) -> None:
    with tocsin.job(
        "daily_etl", labels={"team": "data"}, partition="eu", definition={"schedule": "0 2 * * *"}
    ) as run:
        run.progress(500, 1000)
        run.records(ok=998)
        run.records(ok=1, failed=1)
        run.metric("row_count", 999)
        run.metadata(source="s3", day=1)
        with run.step("load"):
            pass

    start, end = told(default, 2)
    assert (start["kind"], start["seq"], start["definition"]) == ("start", 1, {"schedule": "0 2 * * *"})
    assert (end["kind"], end["seq"], end["run"]) == ("success", 2, run.id)
    for one in (start, end):
        assert (one["job"], one["environment"], one["run"]) == ("daily_etl", "production", run.id)
        assert (one["labels"], one["partition"]) == ({"team": "data"}, "eu")
        assert one["context"]["host"] == os.uname().nodename
    assert "definition" not in end
    assert end["progress"] == {"done": 500, "total": 1000}
    assert end["records"] == {"ok": 999, "failed": 1}
    assert end["metrics"] == {"row_count": 999.0}
    (step,) = end["metadata"].pop("steps")
    assert end["metadata"] == {"source": "s3", "day": 1}
    assert (step["name"], step["ok"]) == ("load", True)
    assert end["resources"]["max_rss_bytes"] > 1_000_000
    assert start["at"] <= end["at"] <= end["sent_at"]


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("planted")


def test_an_exception_is_reported_and_goes_on_unchanged(default: Listener) -> None:
    planted = ValueError("row 17 is no number")

    def explode() -> None:
        raise planted

    with (
        pytest.raises(ValueError, match="row 17") as caught,
        tocsin.job("daily_etl") as run,
        run.step("parse"),
    ):
        explode()

    assert caught.value is planted
    end = told(default, 2)[-1]
    assert end["kind"] == "fail"
    assert end["error"] == {"type": "ValueError", "message": "row 17 is no number"}
    assert end["log_tail"].startswith("Traceback")
    assert "in explode" in end["log_tail"]
    assert end["metadata"]["steps"][0]["ok"] is False


@pytest.mark.parametrize(
    ("error", "kind", "extra"),
    [
        (SystemExit(0), "success", {}),
        (SystemExit(None), "success", {}),
        (SystemExit(3), "fail", {"exit_code": 3}),
        (SystemExit(-1), "fail", {"exit_code": 255}),
        (SystemExit("usage: …"), "fail", {"exit_code": 1}),
        (KeyboardInterrupt(), "fail", {"signal": int(signal.SIGINT)}),
        (asyncio.CancelledError(), "fail", {}),
        (ExceptionGroup("two", [ValueError("a"), ValueError("b")]), "fail", {}),
    ],
)
def test_every_way_out_is_told_for_what_it_is(
    default: Listener, error: BaseException, kind: str, extra: dict[str, object]
) -> None:
    with pytest.raises(type(error)), tocsin.job("daily_etl"):
        raise error

    end = told(default, 2)[-1]
    assert end["kind"] == kind
    assert {name: end.get(name) for name in extra} == extra
    assert (end.get("error") or {}).get("type") == (None if kind == "success" else type(error).__name__)


def test_a_run_may_say_itself_how_it_ended(default: Listener) -> None:
    with tocsin.job("a") as run:
        run.skip("no new files")
    with tocsin.job("b") as run:
        run.fail("2 of 3 shops are missing")

    def skip_and_fail() -> None:
        with tocsin.job("c") as run:
            run.skip("no new files")
            raise KeyError

    with pytest.raises(KeyError):
        skip_and_fail()

    told(default, 6)
    assert default.kinds("a") == ["start", "skip"]
    assert default.last("skip")["metadata"] == {"skip_reason": "no new files"}
    assert default.kinds("b") == default.kinds("c") == ["start", "fail"]
    failed = [one["error"] for one in default.taken if one["kind"] == "fail"]
    assert failed == [
        {"type": "failed", "message": "2 of 3 shops are missing"},
        {"type": "KeyError", "message": ""},
    ]


def test_a_decorated_function_reports_every_call(default: Listener) -> None:
    @tocsin.job("daily_etl")
    def add(one: int, *, other: int) -> int:
        """Add up."""
        run = tocsin.current_run()
        assert run is not None
        run.records(ok=1)
        return one + other

    assert add(1, other=2) == 3
    assert add(3, other=4) == 7
    assert (add.__name__, add.__doc__) == ("add", "Add up.")
    assert tocsin.current_run() is None
    told(default, 4)
    assert default.kinds() == ["start", "success"] * 2
    assert len({one["run"] for one in default.taken}) == 2
    assert default.taken[1]["records"] == default.taken[3]["records"] == {"ok": 1, "failed": 0}


def test_a_coroutine_is_reported_until_it_ends(default: Listener) -> None:
    @tocsin.job("nightly")
    async def work(name: str, *, fails: bool) -> str:
        run = tocsin.current_run()
        await asyncio.sleep(0)
        assert tocsin.current_run() is run
        assert run is not None
        run.metadata(name=name)
        if fails:
            raise ValueError(name)
        return name

    async def several() -> list[object]:
        calls = (work("a", fails=False), work("b", fails=True), work("c", fails=False))
        return list(await asyncio.gather(*calls, return_exceptions=True))

    a, b, c = asyncio.run(several())

    assert (a, str(b), c) == ("a", "b", "c")
    told(default, 6)
    ends = {one["metadata"]["name"]: one["kind"] for one in default.taken if one["kind"] != "start"}
    assert ends == {"a": "success", "b": "fail", "c": "success"}


def test_a_generator_is_reported_until_it_is_used_up_or_left(default: Listener) -> None:
    @tocsin.job("rows")
    def rows(count: int) -> Iterator[int]:
        run = tocsin.current_run()
        assert run is not None
        run.metadata(count=count)
        yield from range(count)

    one, other = rows(2), rows(3)
    assert [next(one), next(other), next(one), next(other)] == [0, 0, 1, 1]
    assert list(one) == []
    other.close()  # type: ignore[attr-defined]  # it is declared as an iterator, as most generators are
    with pytest.raises(TypeError, match="asynchronous generator"):

        @tocsin.job("rows")
        async def endless() -> AsyncIterator[int]:
            yield 1

    told(default, 4)
    assert sorted(default.kinds()) == ["start", "start", "success", "success"]
    ends = sorted((one for one in default.taken if one["kind"] == "success"), key=lambda end: end["at"])
    assert [end["metadata"]["count"] for end in ends] == [2, 3]


def test_jobs_may_be_nested_and_run_in_threads(default: Listener) -> None:
    shared = tocsin.job("part")
    inside = threading.Barrier(4)

    def work() -> None:
        with shared as run:
            run.metadata(run=run.id)
            inside.wait(10)

    with tocsin.job("whole"):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    told(default, 10)
    ends = [one for one in default.taken if one["job"] == "part" and one["kind"] == "success"]
    assert len(ends) == 4
    assert all(one["metadata"]["run"] == one["run"] for one in ends)
    assert default.kinds("whole") == ["start", "success"]


def test_the_pulse_carries_the_latest_progress(default: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    with tocsin.job("daily_etl", heartbeat_seconds=0.05) as run:
        run.progress(7, 10)
        default.wait_until(lambda listener: listener.kinds().count("heartbeat") >= 2)
        run.progress(9, 10)
        default.wait_until(
            lambda listener: listener.last("heartbeat").get("progress") == {"done": 9, "total": 10}
        )

    told(default, 4)
    seqs = [one["seq"] for one in default.taken]
    assert seqs == list(range(1, len(seqs) + 1))
    assert "cpu_seconds" in default.last("heartbeat")["resources"]


def test_progress_is_told_soon_but_not_for_every_call(
    default: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[float] = []
    beating = threading.Event()

    def beat() -> None:
        beats.append(clock.monotonic())
        beating.set()

    heart = pulse.Pulse(beat, every_seconds=3600, soon_seconds=0.2)
    began = clock.monotonic()
    heart.start()
    while clock.monotonic() < began + 0.9:
        heart.hurry()
    heart.stop()

    assert beating.is_set()
    assert 3 <= len(beats) <= 4
    assert beats[0] - began >= 0.2


def test_progress_that_was_told_is_not_told_again() -> None:
    beats = [threading.Event(), threading.Event()]
    heart = pulse.Pulse(
        lambda: next(beat for beat in beats if not beat.is_set()).set(), every_seconds=0, soon_seconds=0.05
    )
    heart.start()
    heart.hurry()

    assert beats[0].wait(10)
    assert not beats[1].wait(0.3)
    heart.hurry()
    assert beats[1].wait(10)
    heart.stop()


def test_reporting_progress_costs_a_microsecond_not_a_request(default: Listener) -> None:
    with tocsin.job("daily_etl") as run:
        began = clock.monotonic()
        for number in range(100_000):
            run.progress(number, 100_000)
        took = clock.monotonic() - began

    assert took < 1.0
    told(default, 2)
    assert default.last("success")["progress"] == {"done": 99_999, "total": 100_000}


def test_nothing_that_is_put_in_makes_the_job_fail(
    default: Listener, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_said", set())
    monkeypatch.setattr("sys.argv", [Unspeakable(), 5])
    odd: Any = object()
    with tocsin.job("daily_etl", nominal_at="soon", labels={"a": odd}, heartbeat_seconds=float("nan")) as run:
        run.progress(-1)
        run.progress(float("nan"), float("inf"))
        run.records(ok=odd)
        run.records(failed=-5)
        run.metric("rows", odd)
        run.metric("rows", float("nan"))
        run.metadata(x=odd, y={"z": float("inf")})
        run.skip(odd)
        run.heartbeat()

    told(default, 3)
    assert default.kinds() == ["start", "heartbeat", "skip"]
    assert "progress" not in default.last("skip")
    assert default.last("skip")["records"] == {"ok": 0, "failed": 0}
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 4
    assert all(line.startswith("tocsin: ") for line in said)


def test_after_its_end_a_run_says_nothing_more(default: Listener) -> None:
    with tocsin.job("daily_etl") as run:
        pass
    run.heartbeat()
    run.end(ValueError("again"))
    with tocsin.job("other"):
        pass

    told(default, 4)
    assert default.kinds("daily_etl") == ["start", "success"]


def test_attempts_and_the_occurrence_are_passed_on(default: Listener) -> None:
    with (
        pytest.raises(OSError, match="disk"),
        tocsin.job(
            "daily_etl",
            environment="staging",
            nominal_at="2026-03-01T02:00:00+01:00",
            backfill=True,
            attempt=1,
            max_attempts=3,
        ),
    ):
        raise OSError("disk")

    for one in told(default, 2):
        assert (one["attempt"], one["max_attempts"]) == (1, 3)
        assert (one["environment"], one["backfill"]) == ("staging", True)
        assert one["nominal_at"] == "2026-03-01T01:00:00+00:00"
    assert default.taken[-1]["kind"] == "fail"


def test_two_processes_may_report_attempts_under_one_run_id(default: Listener) -> None:
    for attempt in (1, 2):
        with tocsin.job("daily_etl", run="manual__2026-03-01", attempt=attempt, max_attempts=2):
            pass

    told(default, 4)
    assert default.kinds() == ["start", "success"] * 2
    seqs = [one["seq"] for one in default.taken]
    assert seqs == sorted(set(seqs))
    assert all(one["run"] == "manual__2026-03-01" for one in default.taken)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_speak_for_its_parents_run(default: Listener) -> None:
    with tocsin.job("daily_etl") as run:
        child = os.fork()
        if child == 0:
            try:
                run.progress(1)
                run.records(ok=1)
                run.heartbeat()
                run.end(None)
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    told(default, 2)
    assert default.kinds() == ["start", "success"]
    assert "records" not in default.last("success")
