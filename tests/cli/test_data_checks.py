"""How the checks of a job's data stand, as `tocsin jobs show` tells it."""

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tests.cli.test_commands import API, JOB
from tocsin.cli.data_checks import checks

ROWS = {
    "id": "rows",
    "metric": "row_count",
    "column": "",
    "key": "row_count",
    "threshold_min": 1000.0,
    "threshold_max": None,
    "severity": "critical",
    "anomaly": {"spreads": 3.5, "direction": "both", "least": 0.0},
}
NORMAL = {"ordinary": 1e4, "low": 9_410.0, "high": 10_600.0, "comparable_runs": 26, "method": "Mondays"}


def test_a_check_is_shown_with_its_verdict_and_what_is_normal(tocsin: Tocsin, replies: Replies) -> None:
    stands = {
        "id": "rows",
        "run": "r1",
        "verdict": "fail",
        "value": 3120.0,
        "said": "3,120; normal is 9,410–10,600 on Mondays (26 runs)",
        "normal": NORMAL,
        "values_learned": 80,
    }
    defined = {**JOB, "definition": {"timezone": "UTC", "checks": [ROWS]}}
    replies.set("GET", f"{API}/jobs/production/etl", {**defined, "checks": [stands]})

    said = tocsin("jobs", "show", "etl").out

    assert "row_count at least 1000 and within 3.5 normal spreads, else critical" in said
    assert "fail: 3,120; normal is 9,410–10,600 on Mondays (26 runs)" in said
    assert "9,410 to 10,600, from 26 comparable runs, Mondays" in said


def test_how_far_learning_is_and_nothing_of_an_older_server() -> None:
    learning = {"id": "rows", "verdict": None, "said": "", "normal": None, "values_learned": 4}

    assert checks({"checks": [ROWS]}, {"checks": [learning]})[1:] == [
        ("  last run", None),
        ("  normal", "learning, 4 values so far"),
    ]
    changing = {**ROWS, "anomaly": None, "change_min": "-20%", "change_max": 50.0}
    assert checks({"checks": [changing]}, {})[0] == (
        "check rows",
        "row_count at least 1000 and changed by at least -20% and changed by at most 50.0, else critical",
    )
    plain = {key: value for key, value in ROWS.items() if key != "anomaly"}
    assert checks({"checks": [plain]}, {}) == [
        ("check rows", "row_count at least 1000, else critical"),
        ("  last run", None),
        ("  normal", None),
    ]


def test_the_limits_of_a_warning_stand_beside_the_others_and_by_themselves() -> None:
    plain = {**ROWS, "anomaly": None, "warn_min": 2000.0, "warn_max": None}
    alone = {**plain, "threshold_min": None}

    assert checks({"checks": [plain, alone]}, {})[::3] == [
        ("check rows", "row_count at least 1000, else critical; at least 2000, else warning"),
        ("check rows", "row_count at least 2000, else warning"),
    ]
