from prometheus_client.parser import text_string_to_metric_families

from tocsin.telemetry.sent import MAX_SERIES, Sent, rendered

HOSTILE = ('a"b', "a\\", 'x"} 1\nevil{a="b', "\\n", "{}", "مهمة", "ends with \\")


def sent(job: str = "orders", **values: float) -> Sent:
    return Sent(
        job=job, environment="production", values=tuple(values.items()), columns={"email_null_rate": "email"}
    )


def samples(*jobs: Sent) -> dict[tuple[str, ...], float]:
    (family,) = text_string_to_metric_families(rendered(jobs).decode())
    assert (family.name, family.type) == ("batch_job_metric", "gauge")
    labels = ("job_name", "environment", "metric", "column")
    return {tuple(one.labels[name] for name in labels): one.value for one in family.samples}


def test_each_number_is_a_gauge_by_job_name_and_column() -> None:
    assert samples(sent(row_count=3.0, email_null_rate=0.25), sent("other", row_count=1e300)) == {
        ("orders", "production", "row_count", ""): 3.0,
        ("orders", "production", "email_null_rate", "email"): 0.25,
        ("other", "production", "row_count", ""): 1e300,
    }


def test_names_that_want_to_be_more_than_a_label_are_read_back_as_they_are() -> None:
    jobs = [Sent(job=name, environment=name, values=((name, 1.0),), columns={name: name}) for name in HOSTILE]

    assert list(samples(*jobs)) == [(name, name, name, name) for name in HOSTILE]


def test_no_more_are_shown_than_a_scrape_can_bear() -> None:
    jobs = [sent(f"job {n}", **{f"m{k}": 1.0 for k in range(100)}) for n in range(MAX_SERIES // 100 + 3)]

    assert len(samples(*jobs)) == MAX_SERIES


def test_of_no_numbers_nothing_is_said() -> None:
    assert rendered([]) == b""
