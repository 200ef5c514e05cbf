"""A run is skipped, expected again and excused through the API."""

from datetime import timedelta

import pytest

from tests.web.served import Served, fresh
from tocsin.clock import now

DAY = timedelta(days=1)


def path_of(name: str, word: str) -> str:
    return f"/api/v1/jobs/production/{name}/{word}"


@pytest.fixture
def job(served: Served) -> str:
    """A job that is expected once a day, twelve hours from now."""
    name = fresh()
    at = now() + timedelta(hours=12)
    body = {"schedule": f"{at.minute} {at.hour} * * *", "timezone": "UTC"}
    assert served.ask("PUT", path_of(name, "definition"), body).status == 200
    return name


def test_the_next_run_is_skipped_shown_and_expected_again(served: Served, job: str) -> None:
    said = served.ask("POST", path_of(job, "skip"), {"reason": "no delivery\u0000"})
    assert (said.status, said.json["message"].partition(":")[0]) == (200, "skipped")
    shown = served.ask("GET", f"/api/v1/jobs/production/{job}").json
    (skip,) = shown["skips"]
    assert (skip["status"], skip["let_off"]["reason"]) == ("skipped", "no delivery\u2400")
    assert shown["expected"]["nominal_at"] > skip["nominal_at"]

    again = served.ask("POST", path_of(job, "skip"), {"at": skip["nominal_at"]})
    assert (again.status, "skipped already" in again.json["message"]) == (200, True)
    back = served.ask("POST", path_of(job, "unskip"), {"at": skip["nominal_at"]})
    assert (back.status, "expected again" in back.json["message"]) == (200, True)
    shown = served.ask("GET", f"/api/v1/jobs/production/{job}").json
    assert shown["skips"] == []
    assert shown["expected"]["nominal_at"] == skip["nominal_at"]


@pytest.mark.parametrize(
    ("word", "body", "status"),
    [
        ("skip", {"at": "yesterday"}, 422),
        ("skip", {"at": "2026-13-01"}, 422),
        ("skip", {"at": "1999-01-01"}, 422),
        ("skip", {"at": 5}, 422),
        ("skip", {"when": "2027-01-01"}, 422),
        ("skip", {"reason": "x" * 501}, 422),
        ("unskip", {}, 422),
        ("skip", {"at": "2189-01-01"}, 422),
        ("excuse", {}, 409),
        ("excuse", {"at": "2026-01-01"}, 404),
    ],
)
def test_what_cannot_be_done_is_refused(
    served: Served, job: str, word: str, body: dict[str, object], status: int
) -> None:
    answer = served.ask("POST", path_of(job, word), body)

    assert answer.status == status
    assert answer.json["error"]["message"]


def test_a_job_that_does_not_exist_cannot_be_let_off(served: Served) -> None:
    for word in ("skip", "excuse"):
        assert served.ask("POST", path_of("no-such-job", word), {}).status == 404
        assert served.ask("POST", path_of("no-such-job", word), {"at": "2026-12-24"}).status == 404
