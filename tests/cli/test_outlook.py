"""When a run will probably end, as `tocsin jobs show` tells it."""

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tests.cli.test_commands import API, JOB


def test_when_a_run_will_probably_end_is_shown_with_the_job(tocsin: Tocsin, replies: Replies) -> None:
    outlook = {
        "run": None,
        "nominal_at": "2026-03-03T01:00:00Z",
        "expected_finish_at": "2026-03-03T01:15:00Z",
        "low_at": "2026-03-03T01:12:00Z",
        "high_at": "2026-03-03T01:20:00Z",
        "limit_at": "2026-03-03T01:18:00Z",
        "miss_probability": 0.24,
        "comparable_runs": 26,
        "method": "Tuesdays",
        "waits_for": "load",
    }
    replies.set("GET", f"{API}/jobs/production/etl", {**JOB, "outlook": outlook})

    said = tocsin("jobs", "show", "etl").out

    assert "3 Mar 02:15 CET, the next run" in said
    assert "3 Mar 02:12 CET to 3 Mar 02:20 CET" in said
    assert "24%, after 3 Mar 02:18 CET" in said
    assert "26 comparable runs, Tuesdays" in said
    assert "load" in said
