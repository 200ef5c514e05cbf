"""Checks that a check-in brings to a job that others have defined."""

from msgspec.structs import replace

from tocsin.jobs.checks import Check, Metric
from tocsin.jobs.defining import keeping_checks, with_checks
from tocsin.jobs.job import Definition, Rank

ROWS = Check(id="rows", metric=Metric.ROW_COUNT, least=1.0)
NULLS = Check(id="nulls", metric=Metric.NULL_RATE, column="email", most=0.1)
FILE = Definition(owner="the data team", rank=Rank.FILE)
BROUGHT = with_checks(FILE, (ROWS,))


def test_checks_are_brought_to_a_definition_that_has_none_and_the_rest_stays() -> None:
    assert BROUGHT.checks == (ROWS,)
    assert replace(BROUGHT, checks=(), checks_brought=False) == FILE


def test_what_was_brought_is_replaced_and_taken_back_by_what_is_brought() -> None:
    assert with_checks(BROUGHT, (NULLS,)).checks == (NULLS,)
    assert with_checks(BROUGHT, ()) == FILE


def test_checks_of_the_file_and_of_the_api_are_not_replaced() -> None:
    for rank in (Rank.API, Rank.FILE):
        own = Definition(checks=(NULLS,), rank=rank)
        assert with_checks(own, (ROWS,)) == own


def test_whoever_has_defined_nothing_has_checks_by_the_check_in() -> None:
    assert with_checks(Definition(), (ROWS,)) == Definition(checks=(ROWS,), rank=Rank.CHECK_IN)


def test_what_was_brought_outlives_a_new_file_that_says_nothing_of_checks() -> None:
    anew = replace(FILE, owner="the delays desk")

    assert keeping_checks(anew, BROUGHT) == with_checks(anew, (ROWS,))
    assert keeping_checks(anew, Definition(checks=(ROWS,), rank=Rank.CHECK_IN)) == with_checks(anew, (ROWS,))


def test_a_new_file_with_checks_replaces_what_was_brought_and_takes_back_what_the_old_one_said() -> None:
    own = replace(FILE, checks=(NULLS,))

    assert keeping_checks(own, BROUGHT) == own
    assert keeping_checks(FILE, own) == FILE
