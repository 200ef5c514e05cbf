"""A run is shown on a terminal and reported to Tocsin while it is under way."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch.sinks_that_fail import BookSink, refuses_poison
from tests.batch.stories import QUICK, numbers
from tests.client.listener import Listener, listening
from tocsin.batch import Kind, Pipeline, Refused
from tocsin.batch.bar import Bar, span, told
from tocsin.batch.ledger import Ledger
from tocsin.batch.moment import Meter, Moment
from tocsin.batch.tally import Share, Tally
from tocsin.client.client import Client
from tocsin.client.job import Job


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def client_of(server: Listener, tmp_path: Path) -> Client:
    return Client(server.url, spool=str(tmp_path / "spool"))


def test_a_run_of_a_pipeline_is_a_run_of_a_job_with_its_records_and_numbers(
    state: Path, tmp_path: Path, server: Listener
) -> None:
    client = client_of(server, tmp_path)
    pipeline = Pipeline("sync", BookSink(refuses_poison), state=state, config=QUICK, client=client)

    pipeline.run([*numbers(99), {"x": "poison"}])

    client.finish()
    server.wait_until(lambda one: "success" in one.kinds("sync"))
    end = server.last("success")
    assert server.kinds("sync")[0] == "start"
    assert end["records"] == {"ok": 99, "failed": 1}
    assert end["progress"] == {"done": 100, "total": 100}
    assert end["metrics"]["dead_letters"] == 1
    assert end["metrics"]["error_rate_percent"] == 1


def test_a_run_that_fails_is_reported_as_failed_with_its_reason(
    state: Path, tmp_path: Path, server: Listener
) -> None:
    client = client_of(server, tmp_path)
    locked = BookSink(lambda _batch, _number: Refused(Kind.UNAUTHORIZED, "401: wrong key"))

    Pipeline("sync", locked, state=state, config=QUICK, client=client).run(numbers(10))

    client.finish()
    server.wait_until(lambda one: "fail" in one.kinds("sync"))
    assert "401: wrong key" in server.last("fail")["error"]["message"]


def test_inside_a_reported_run_a_pipeline_is_a_part_of_it(
    state: Path, tmp_path: Path, server: Listener
) -> None:
    client = client_of(server, tmp_path)

    with Job("nightly", client=client):
        Pipeline("sync", BookSink(), state=state, config=QUICK).run(numbers(40))

    client.finish()
    server.wait_until(lambda one: "success" in one.kinds("nightly"))
    assert server.kinds("sync") == []
    assert server.last("success")["records"] == {"ok": 40, "failed": 0}


def test_nothing_is_reported_where_no_server_is_named(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TOCSIN_URL", raising=False)
    monkeypatch.setenv("TOCSIN_SPOOL", str(tmp_path / "spool"))

    Pipeline("sync", BookSink(), state=state, config=QUICK).run(numbers(3))

    assert not (tmp_path / "spool").exists()
    assert capsys.readouterr() == ("", "")


def test_a_resumed_run_reports_only_what_it_has_delivered_itself(
    state: Path, tmp_path: Path, server: Listener
) -> None:
    client = client_of(server, tmp_path)
    sink = BookSink(lambda _batch, number: Refused(Kind.UNAUTHORIZED, "401") if number == 5 else None)
    pipeline = Pipeline("sync", sink, state=state, config=QUICK, client=client)
    first = pipeline.run(numbers(1_000))

    pipeline.run(numbers(1_000), resume=True)

    client.finish()
    server.wait_until(lambda one: "success" in one.kinds("sync"))
    assert server.last("success")["records"] == {"ok": 1_000 - first.delivered, "failed": 0}


def test_a_moment_says_how_far_how_fast_and_what_limits_it() -> None:
    ledger, tally = Ledger(), Tally()
    meter = Meter(ledger, tally, began_at=100.0)
    meter.moment(100.0, total=1_000, share_read=None, in_flight=0, allowed=None)
    ledger.read, ledger.delivered, ledger.dead = 600, 490, 10
    tally.wait(Share.RATE, 9.0)
    tally.wait(Share.SOURCE, 1.0)

    moment = meter.moment(110.0, total=1_000, share_read=None, in_flight=3, allowed=20.0)

    assert (moment.share_done, moment.records_per_second, moment.seconds_left) == (0.5, 50.0, 10.0)
    assert moment.limited_by is Share.RATE
    assert told(moment) == "500 of 1,000, 50/s, 10 dead, 10 s left, limited by the allowed rate"


def test_without_a_number_of_records_the_bytes_that_were_read_say_how_far_it_is() -> None:
    ledger = Ledger(read=100, delivered=50)
    meter = Meter(ledger, Tally(), began_at=0.0)

    assert meter.moment(1.0, total=None, share_read=0.5, in_flight=0, allowed=None).share_done == 0.25
    assert meter.moment(2.0, total=None, share_read=None, in_flight=0, allowed=None).share_done is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(42, "42 s"), (89.6, "90 s"), (180, "3 min"), (9_000, "2.5 h")]
)
def test_a_span_is_told_as_people_say_it(seconds: float, said: str) -> None:
    assert span(seconds) == said


def shown(moment: Moment, told: str = "", *, failed: bool = False) -> str:
    stream = io.StringIO()
    with Bar("sync", stream) as bar:
        bar.look(moment)
        bar.end(moment, told, failed=failed)
    return stream.getvalue().strip()


def at_ten_of(total: int, *, trouble: str = "", share: Share | None = None) -> Moment:
    tally = Tally()
    meter = Meter(Ledger(read=10, delivered=8, dead=2), tally, 0.0)
    meter.moment(1.0, total=total, share_read=None, in_flight=0, allowed=None)
    if share is not None:
        tally.wait(share, 1.0)
    return meter.moment(2.0, total=total, share_read=None, in_flight=0, allowed=None, trouble=trouble)


def test_the_bar_of_a_run_that_is_complete_ends_with_its_numbers() -> None:
    last = shown(at_ten_of(10), "sync: completed: 8 delivered").splitlines()[-1]

    assert last.startswith("sync ")
    assert last.rstrip().endswith("10 of 10, 0/s, 2 dead")


def test_below_the_bar_of_a_run_that_is_not_complete_stands_why_in_full() -> None:
    why = f"sync: failed: the sink answered {'and answered ' * 20}[/red] [bold]"

    assert shown(at_ten_of(20), why, failed=True).splitlines()[-1] == why


def test_a_sink_that_is_away_is_shown_with_what_it_said_last() -> None:
    moment = at_ten_of(20, trouble="HTTP 503: [/maintenance] until noon", share=Share.OUTAGE)

    assert told(moment).endswith("the sink is away: HTTP 503: [/maintenance] until noon")
    with Bar("sync", io.StringIO()) as bar:
        bar.look(moment)


def test_what_was_said_last_is_not_shown_of_a_sink_that_answers_again() -> None:
    assert "503" not in told(at_ten_of(20, trouble="HTTP 503", share=Share.RATE))
