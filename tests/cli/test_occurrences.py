"""`tocsin occurrences`: which expected runs came."""

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies

API = "/api/v1"
JOB = {"environment": "production", "name": "etl"}


def test_expected_runs_are_listed_and_unknown_ones_are_left_out_of_the_share(
    tocsin: Tocsin, replies: Replies
) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    due = {"start_by": "2026-03-02T01:15:00Z", "deadline_at": None}
    met = {"nominal_at": "2026-03-02T01:00:00Z", "status": "met", "run": "r2", **due}
    lost = {"nominal_at": "2026-03-01T01:00:00Z", "status": "unknown", "run": None, **due}
    kept = {"met": 1, "late": 0, "missed": 0, "skipped": 0, "unknown": 1, "percent": 100.0}
    replies.set("GET", f"{API}/jobs/production/etl/occurrences", {"items": [met, lost], "punctuality": kept})

    said = tocsin("occurrences", "etl")

    assert said.out.splitlines() == [
        "EXPECTED         STATUS   START BY         END BY  RUN",
        "2 Mar 02:00 CET  met      2 Mar 02:15 CET  –       r2",
        "1 Mar 02:00 CET  unknown  2 Mar 02:15 CET  –       –",
    ]
    assert said.err == "1 met, 1 unknown; 100 % in time, unknown ones left out\n"
    replies.set("GET", f"{API}/jobs/production/etl/occurrences", {"items": [], "punctuality": {}})
    assert "what became of it" in tocsin("occurrences", "etl").err
