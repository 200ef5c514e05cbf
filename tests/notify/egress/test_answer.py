from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.notify.channel import Outcome
from tocsin.notify.egress.answer import outcome_of_status, wait_of
from tocsin.notify.retry import WAIT_LIMIT

AT = datetime(2026, 3, 30, 5, 30, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 201, 202, 204, 299), Outcome.ACCEPTED),
        ((408, 425, 429, 500, 502, 503, 504, 599), Outcome.TRY_AGAIN),
        ((301, 302, 304, 307, 308), Outcome.REFUSED),
        ((400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 499), Outcome.REFUSED),
        ((100, 101, 600, 999), Outcome.REFUSED),
    ],
)
def test_what_a_status_means(statuses: tuple[int, ...], outcome: Outcome) -> None:
    assert {outcome_of_status(status) for status in statuses} == {outcome}


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("", None),
        ("120", timedelta(seconds=120)),
        (" 120 ", timedelta(seconds=120)),
        ("0", timedelta(0)),
        ("0.35", timedelta(seconds=0.35)),
        ("86400", WAIT_LIMIT),
        ("99999999999999999999", None),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("Mon, 30 Mar 2026 05:31:02 GMT", timedelta(seconds=60)),
        ("Monday, 30-Mar-26 05:31:02 GMT", timedelta(seconds=60)),
        ("Mon, 30 Mar 2026 07:31:02 +0200", timedelta(seconds=60)),
        ("Mon, 30 Mar 2026 05:00:00 GMT", timedelta(0)),
        ("Mon, 30 Mar 2099 05:31:02 GMT", WAIT_LIMIT),
        ("Mon, 99 Mar 2026 05:31:02 GMT", None),
    ],
)
def test_the_wait_is_read_in_seconds_and_as_a_date_and_never_exceeds_an_hour(
    header: str | None, wait: timedelta | None
) -> None:
    assert wait_of(header, AT) == wait


@given(st.text())
def test_no_header_does_harm(header: str) -> None:
    wait = wait_of(header, AT)

    assert wait is None or timedelta(0) <= wait <= WAIT_LIMIT
