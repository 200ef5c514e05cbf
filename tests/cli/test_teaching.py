"""`tocsin jobs teach`, and what `tocsin runs` tells of it."""

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tests.cli.test_commands import API, JOB
from tocsin.cli.exits import Exit


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("expected", "expected"),
        ("excluded", "excluded"),
        ("new-normal", "new_normal"),
        ("ordinary", "ordinary"),
    ],
)
def test_what_a_run_tells_is_said(tocsin: Tocsin, replies: Replies, word: str, meaning: str) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    replies.set("POST", f"{API}/jobs/production/etl/teach", {"message": "done so", "id": "r1"})

    assert tocsin("jobs", "teach", "etl", "r1", word, "--note", "full load").out == "done so\n"
    assert replies.asked[-1].body == {"run": "r1", "meaning": meaning, "note": "full load"}


def test_another_word_is_refused_with_those_there_are(tocsin: Tocsin) -> None:
    answer = tocsin("jobs", "teach", "etl", "r1", "fine")

    assert answer.code == Exit.USAGE
    assert "new-normal" in answer.err


def test_what_was_said_of_a_run_stands_under_it(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", f"{API}/jobs/production/etl", JOB)
    remark = {"meaning": "new_normal", "who": "ann", "at": "2026-03-02T01:00:00Z", "note": "twice the data"}
    run = {"run": "r1", "status": "success", "remark": remark}
    replies.set("GET", f"{API}/jobs/production/etl/runs", {"items": [run], "next": None})

    assert tocsin("runs", "etl").out.splitlines()[-1].strip() == "new normal, says ann: twice the data"
