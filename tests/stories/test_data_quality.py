"""What a run says of the data that it wrote, and what its job has promised of it (A9)."""

from msgspec.structs import replace

from tests.stories.story import Story
from tocsin.jobs.checks import Check, Metric
from tocsin.rules.finding import Why

ROWS = Check(id="orders_row_count", metric=Metric.ROW_COUNT, least=1000.0, severity="critical")
EMAIL = Check(id="email", metric=Metric.NULL_RATE, column="customer_email", most=0.05, severity="warning")
AMOUNT = Check(
    id="amount", metric=Metric.VALUE_RANGE, column="order_amount", least=0.0, most=1e5, severity="critical"
)
USER = Check(id="user", metric=Metric.UNIQUENESS, column="user_id", least=1.0, severity="critical")
GOOD: dict[str, float | str] = {
    "row_count": 5000.0,
    "customer_email_null_rate": 0.01,
    "order_amount_value_range": 812.5,
    "user_id_uniqueness": 1.0,
}


def orders(story: Story) -> None:
    """Let the job of the mission be promised to write good data."""
    story.job("orders", checks=(ROWS, EMAIL, AMOUNT, USER))


def test_data_that_passes_its_checks_says_nothing(story: Story) -> None:
    orders(story)

    story.at("02:00").succeeds("orders", metrics=GOOD)

    assert story.silent_until("23:00")


def test_one_alert_lists_the_failed_checks_with_the_worst_severity_and_the_next_good_run_ends_it(
    story: Story,
) -> None:
    orders(story)

    story.at("02:00").succeeds("orders", run="a", metrics={**GOOD, "customer_email_null_rate": 0.2})
    assert story.heard == [("02:00", "warning", "firing")]
    assert "check email failed: 0.2 (20 %), at most 0.05 (5 %)" in story.last.title

    story.at("03:00").succeeds(
        "orders", run="b", metrics={**GOOD, "customer_email_null_rate": 0.2, "row_count": 3.0}
    )
    assert story.heard[-1] == ("03:00", "critical", "louder")
    assert story.last.evidence[:3] == (
        ("orders_row_count", "fail: 3; at least 1,000"),
        ("email", "warn: 0.2 (20 %); at most 0.05 (5 %)"),
        ("amount", "pass: 812.5; from 0 to 100,000"),
    )
    assert ("checks", "1 fail, 1 warn, 2 pass") in story.last.evidence
    assert ("failed runs", "2 in a row since 2026-03-10 02:00 UTC") in story.last.evidence

    story.at("04:00").fails("orders", run="c")
    assert ("orders", "data_quality", "critical") in story.open
    story.at("05:00").succeeds("orders", run="d", metrics=GOOD)
    assert story.open == []


def test_a_metric_that_is_missing_or_no_number_is_a_failed_check(story: Story) -> None:
    orders(story)

    story.at("02:00").succeeds("orders", run="a", metrics={"row_count": "nan"})

    assert story.heard == [("02:00", "critical", "firing")]
    assert ("orders_row_count", "error: nan is not a finite number; at least 1,000") in story.last.evidence
    assert ("checks", "1 error, 3 no data") in story.last.evidence


def test_a_good_run_that_measures_nothing_is_an_alert_that_says_just_that(story: Story) -> None:
    orders(story)

    story.at("02:00").succeeds("orders", run="a")

    assert story.heard == [("02:00", "critical", "firing")]
    assert (
        story.last.title == "ended well, but none of its 4 checks was carried out: it sent no metric for them"
    )
    assert story.alerts()[-1].why is Why.NOTHING_CHECKED
    assert "whether its data is good" in str(story.last)

    story.at("03:00").succeeds("orders", run="b", metrics={**GOOD, "row_count": 3.0})
    assert story.alerts()[-1].why is Why.CHECK_FAILED


def test_data_of_which_there_is_nothing_to_measure_is_told_with_the_reason(story: Story) -> None:
    story.job("orders", checks=(EMAIL,))

    story.at("02:00").succeeds("orders", run="a", notes={EMAIL.key: "there are no rows"})

    assert story.last.title == "ended well, but check email has no data: there are no rows"
    assert story.alerts()[-1].why is Why.CHECK_FAILED


def test_nothing_checked_is_never_less_than_a_warning(story: Story) -> None:
    story.job("orders", checks=(replace(ROWS, severity="info"),))

    story.at("02:00").succeeds("orders", run="a", metrics={"rows": 5000.0})

    assert story.heard == [("02:00", "warning", "firing")]
    assert story.last.title == "ended well, but its one check was not carried out: it sent no metric for it"


def test_metrics_that_come_bit_by_bit_are_taken_together(story: Story) -> None:
    orders(story)
    rows = {"row_count": 5000.0}
    story.at("02:00").starts("orders", run="a").beats(
        "orders", run="a", metrics={**rows, "user_id_uniqueness": 0.5}
    )

    story.at("02:10").succeeds("orders", run="a", metrics={k: v for k, v in GOOD.items() if k not in rows})

    assert story.open == []


def test_each_partition_is_judged_by_its_own_newest_run(story: Story) -> None:
    orders(story)
    bad = {**GOOD, "row_count": 1.0}
    story.at("02:00").succeeds("orders", run="a", partition="eu", metrics=bad)

    story.at("03:00").succeeds("orders", run="b", partition="us", metrics=GOOD)
    assert [job for job, *_ in story.open] == ["orders"]
    assert ("partition", "eu") in story.alerts()[-1].evidence

    story.at("04:00").succeeds("orders", run="c", partition="eu", metrics=GOOD)
    assert story.open == []


def test_of_very_many_partitions_none_that_failed_is_forgotten(story: Story) -> None:
    orders(story)
    bad = {**GOOD, "row_count": 1.0}
    names = [f"p{n:02}" for n in range(30)]
    for name in names:
        story.at("02:00").succeeds("orders", partition=name, metrics=bad)
    for name in names[10:]:
        story.at("03:00").succeeds("orders", partition=name, metrics=GOOD)
    assert [condition for _, condition, _ in story.open] == ["data_quality"]

    for name in names[:10]:
        story.at("04:00").succeeds("orders", partition=name, metrics=GOOD)
    assert story.open == []


def test_a_backfill_judges_no_data_and_so_many_in_a_row_are_tolerated(story: Story) -> None:
    orders(story)
    story.rule("data_quality", in_a_row=2, severity="page")
    bad = {**GOOD, "row_count": 1.0}

    story.at("02:00").succeeds("orders", run="a", metrics=bad)
    story.at("02:30").succeeds("orders", run="x", backfill=True, metrics=bad)
    assert story.heard == []

    story.at("03:00").succeeds("orders", run="b", metrics=bad)
    assert story.heard == [("03:00", "page", "firing")]


def test_another_limit_is_judged_by_what_is_known_of_the_last_run(story: Story) -> None:
    orders(story)
    story.at("02:00").succeeds("orders", run="a", metrics={**GOOD, "row_count": 900.0})
    assert story.open == [("orders", "data_quality", "critical")]

    story.at("03:00")
    story.job("orders", checks=(Check(id="orders_row_count", metric=Metric.ROW_COUNT, least=500.0),))
    story.reloads()
    story.until("03:05")

    assert story.open == []
