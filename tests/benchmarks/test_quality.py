"""What checks of data cost beside other tools: measured as it was, and only where all find the same."""

import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks.quality.beside import FAILS, compared
from benchmarks.quality.contenders import Contender, Ran, Said, ours, run
from benchmarks.quality.orders import write
from benchmarks.quality.peers.asked import NAMES

SAID = Said(values=dict.fromkeys(NAMES, 0.5), passed={name: name != FAILS for name in NAMES})
RAN = Ran(code=0, cpu_seconds=1, seconds=1, peak_mib=100, output="{}")


def contender(name: str, said: Said, **differs: str) -> Contender:
    return Contender(name=name, command=lambda path: [str(path)], heard=lambda _: said, differs=differs)


BY_HAND = contender("DuckDB by hand", replace(SAID, passed=None))


def values(**others: float | None) -> dict[str, float | None]:
    return {**SAID.values, **others}


def test_what_a_process_takes_is_its_own_and_not_that_of_whoever_started_it() -> None:
    kept = b"x" * (300 * 2**20)
    none, much = (
        run([sys.executable, "-c", code]) for code in ("pass", "bytearray(100 * 2**20); sum(range(10**7))")
    )

    assert len(kept) / 2**20 > 200 > much.peak_mib > 100 > none.peak_mib > 1
    assert much.cpu_seconds > none.cpu_seconds > 0
    assert (none.code, none.is_killed) == (0, False)


def test_who_takes_too_long_is_killed_and_said_to_be() -> None:
    ran = run([sys.executable, "-c", "import time; time.sleep(60)"], most_seconds=1)

    assert ran.is_killed
    slow = contender("slow", SAID)
    assert compared([(BY_HAND, RAN), (slow, ran)]) == {"DuckDB by hand": "", "slow": "ended with -14"}


def test_who_tells_no_value_or_another_one_for_a_reason_is_told_with_it() -> None:
    quiet = contender("quiet", replace(SAID, values=dict.fromkeys(NAMES)))
    nan = contender("nan", replace(SAID, values=values(rows=0.6)), rows="counts otherwise")

    assert compared([(BY_HAND, RAN), (quiet, RAN), (nan, RAN)]) == {
        "DuckDB by hand": "",
        "quiet": "13 of 13 values not told, verdicts alone",
        "nan": "rows: counts otherwise",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        contender("value", replace(SAID, values=values(rows=0.6))),
        contender("verdict", replace(SAID, passed=dict.fromkeys(NAMES, True))),
        contender("reason that is none", SAID, rows="counts otherwise"),
    ],
    ids=lambda one: one.name,
)
def test_nothing_is_compared_where_somebody_finds_something_else(wrong: Contender) -> None:
    with pytest.raises(AssertionError, match=wrong.name):
        compared([(BY_HAND, RAN), (wrong, RAN)])


def test_orders_are_the_same_each_time_and_of_mixed_types(tmp_path: Path) -> None:
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    write(first, 20_000)
    write(second, 20_000)

    read = [duckdb.read_parquet(str(path)) for path in (first, second)]
    assert read[0].except_(read[1]).fetchall() == []
    assert len(read[0].columns) == 10
    assert {str(one) for one in read[0].types} == {
        "BIGINT", "VARCHAR", "DOUBLE", "INTEGER", "TIMESTAMP WITH TIME ZONE",
    }  # fmt: skip  # as they are called


def test_the_command_line_is_asked_as_people_ask_it(tmp_path: Path) -> None:
    write(tmp_path / "orders.parquet", 20_000)

    ran = run(ours().command(tmp_path / "orders.parquet"))

    said = ours().heard(ran.output)
    assert ran.code == 1
    assert tuple(said.values) == NAMES
    assert said.passed == SAID.passed
