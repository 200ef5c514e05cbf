"""Who wants to hear once a day hears once a day: of everything, the worst first."""

from tests.stories.story import Story


def test_a_day_in_one_letter(story: Story) -> None:
    story.begins("2026-03-10", zone="Europe/Berlin")
    story.routes(("severity=warning", "desk"))
    story.rule("job_failure", severity="warning")
    story.receivers["desk"].digest_at = "08:00"

    story.at("02:00").fails("etl", run="a")
    story.at("03:00").fails("sales", run="b")
    story.at("04:00").succeeds("sales", run="c")
    assert story.silent_until("07:59")
    story.until("08:01")

    [letter] = story.messages
    assert story.heard_by("desk") == [("08:00", "warning", "summary")]
    assert letter.message.title == "had 2 alerts, 1 still open"
    assert letter.message.text.splitlines() == [
        "WARNING etl: failed (since 2026-03-10 02:00 CET, nobody has it)",
        "WARNING sales: failed (over since 2026-03-10 04:00 CET)",
    ]
    assert ("still open", "1") in letter.message.evidence


def test_the_next_one_begins_where_the_last_one_ended(story: Story) -> None:
    story.receivers["team"].digest_at = "08:00"

    story.at("02:00").fails("etl", run="a")
    story.at("03:00").succeeds("etl", run="b")
    story.until("Wed 08:01")

    assert story.titles == ["had 1 alert, 0 still open", "had no alerts"]
    assert story.last.text == "Nothing was wrong."


def test_one_that_fell_into_an_absence_is_made_up_for_by_one(story: Story) -> None:
    story.receivers["team"].digest_at = "08:00"

    story.at("02:00").fails("etl")
    story.down("07:00", "Fri 07:00")
    story.until("Fri 07:30")

    assert [at for at, _, kind in story.heard if kind == "summary"] == ["Fri 07:15"]


def test_of_what_goes_to_others_it_says_nothing(story: Story) -> None:
    story.routes(("job=secret", "others"))
    story.receivers["team"].digest_at = "08:00"

    story.at("02:00").fails("secret")
    story.at("02:00").fails("etl")
    story.until("08:01")

    assert "secret" not in story.messages[-1].message.text
    assert "etl" in story.messages[-1].message.text
    assert story.heard_by("others")[0] == ("02:00", "critical", "firing")


def test_through_the_change_of_the_clock_it_comes_at_the_hour_of_the_wall(story: Story) -> None:
    story.begins("2026-03-28", zone="Europe/Berlin")
    story.receivers["team"].digest_at = "08:00"

    story.until("Mon 09:00")

    assert [at for at, _, _ in story.heard] == ["08:00", "Sun 08:00", "Mon 08:00"]


def test_who_is_told_at_once_hears_at_once_beside_who_is_told_daily(story: Story) -> None:
    story.receiver("desk").digest_at = "08:00"
    story.routes(("job=etl", "chat"), default="desk")

    story.at("02:00").fails("etl")
    story.at("02:00").fails("sales")
    story.until("08:01")

    assert story.heard_by("chat")[0] == ("02:00", "critical", "firing")
    assert "sales" in story.messages[-1].message.text
    assert ("02:00", "told") in story.history("sales")


def test_what_is_told_daily_is_not_told_to_be_over_at_once(story: Story) -> None:
    story.receivers["team"].digest_at = "08:00"

    story.at("02:00").fails("etl", run="a")
    story.at("02:10").acknowledges("ann")
    story.at("03:00").succeeds("etl", run="b")

    assert story.silent_until("07:59")


def test_an_alert_stands_in_it_behind_all_those_that_others_have(story: Story) -> None:
    story.receiver("letters").digest_at = "08:00"
    story.routes(("job=quiet", "letters"))
    for number in range(520):
        story.at("02:00").fails(f"job-{number:04}")
    story.at("03:00").succeeds("quiet", records=0)

    story.until("08:01")

    (letter,) = (h.message for h in story.messages if h.target == "letters")
    assert letter.title == "had 1 alert, 1 still open"
    assert letter.text.startswith("WARNING quiet: ")
