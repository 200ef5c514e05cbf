"""`tocsin jobs skip`, `unskip` and `excuse`: what is asked of the server."""

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tests.cli.test_commands import API, JOB
from tocsin.cli.exits import Exit


@pytest.mark.parametrize(
    ("said", "word", "body"),
    [
        (("skip", "etl", "--next"), "skip", {"at": None, "reason": ""}),
        (("skip", "etl", "--at", "2026-12-24", "--reason", "x"), "skip", {"at": "2026-12-24", "reason": "x"}),
        (("unskip", "etl", "--at", "2026-12-24 02:00"), "unskip", {"at": "2026-12-24 02:00"}),
        (("excuse", "etl", "--last"), "excuse", {"at": None, "reason": ""}),
    ],
)
def test_a_job_is_let_off(
    tocsin: Tocsin, replies: Replies, said: tuple[str, ...], word: str, body: dict[str, object]
) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    replies.set("POST", f"{API}/jobs/production/etl/{word}", {"message": "done so", "id": ""})

    assert tocsin("jobs", *said).out == "done so\n"
    assert replies.asked[-1].body == body


@pytest.mark.parametrize("said", [("skip", "etl"), ("excuse", "etl"), ("skip", "etl", "--next", "--at", "x")])
def test_which_run_is_let_off_must_be_said(tocsin: Tocsin, said: tuple[str, ...]) -> None:
    answer = tocsin("jobs", *said)

    assert answer.code == Exit.USAGE
    assert "say which run" in answer.err
