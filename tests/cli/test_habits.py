"""`tocsin habits`: how runs of a job usually go."""

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tests.cli.test_commands import API, JOB

HABIT = {
    "of": "02:00 on business days",
    "good": 26,
    "bad": 1,
    "seconds": 905.0,
    "delay_seconds": 3.25,
    "records": 12_345,
    "per_second": 13.64,
    "failed_share": 0.0012,
}


def test_each_kind_of_day_or_hour_is_a_line(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    unsaid = {**dict.fromkeys(HABIT), "of": "02:00 on weekends", "good": 0, "bad": 2}
    replies.set("GET", f"{API}/jobs/production/etl/habits", {"items": [HABIT, unsaid], "next": None})

    assert [line.split() for line in tocsin("habits", "etl").out.splitlines()[1:]] == [
        ["02:00", "on", "business", "days", "26", "1", "15m", "05s", "3.2s", "12,345", "13.64", "0.12%"],
        ["02:00", "on", "weekends", "0", "2", "–", "–", "–", "–", "–"],
    ]


def test_before_anything_was_learned_that_is_said(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    replies.set("GET", f"{API}/jobs/production/etl/habits", {"items": [], "next": None})

    assert "nothing has been learned" in tocsin("habits", "etl").err
