"""One job with several schedules: other hours or other promises on other days."""

from tests.stories.story import Story


def test_a_deadline_is_earlier_on_business_days_than_at_weekends(story: Story) -> None:
    story.begins("2026-04-02", zone="Europe/Berlin")  # the Thursday before Easter
    story.job(
        "report",
        deadline="06:00",
        business_days_only=True,
        country="DE",
        also=({"deadline": "09:00", "business_days_only": False, "closed_days_only": True},),
    )

    story.until("06:00")
    story.at("06:10").succeeds("report")
    assert story.heard[-2:] == [("06:00", "critical", "louder"), ("06:10", "critical", "resolved")]

    assert story.silent_until("Fri 08:29")  # Good Friday
    story.until("Fri 08:30")
    assert story.heard[-1] == ("Fri 08:30", "warning", "firing")
    story.at("Fri 08:50").succeeds("report")
    for day in ("Sat", "Sun", "Mon"):  # Easter Monday
        assert story.silent_until(f"{day} 08:29")
        story.at(f"{day} 08:29").succeeds("report")
    story.until("Tue 05:30")
    assert story.heard[-1] == ("Tue 05:30", "warning", "firing")
    assert story.occurrences("report") == [
        ("00:00", "late"),
        ("Fri 00:00", "met"),
        ("Sat 00:00", "met"),
        ("Sun 00:00", "met"),
        ("Mon 00:00", "met"),
    ]


def test_each_of_several_hours_is_watched_with_its_own_grace(story: Story) -> None:
    story.job("sync", schedule="0 6 * * *", grace=5, also=({"schedule": "30 18 * * *", "grace": 60},))

    story.at("06:01").succeeds("sync")
    assert story.silent_until("19:29")
    story.until("19:30")
    assert story.heard == [("19:30", "critical", "firing")]
    story.at("19:40").succeeds("sync")
    story.until("Wed 06:05")
    assert story.heard[-1] == ("Wed 06:05", "critical", "firing")
    assert story.occurrences("sync") == [("06:00", "met"), ("18:30", "late"), ("Wed 06:00", "missed")]


def test_an_instant_that_two_schedules_name_is_expected_once(story: Story) -> None:
    story.job("sync", schedule="0 6 * * *", also=({"schedule": "0 */3 * * *"},))

    for hour in ("00", "03", "06", "09"):
        story.at(f"{hour}:01").succeeds("sync")

    assert story.silent_until("12:04")
    assert [at for at, _ in story.occurrences("sync")] == ["00:00", "03:00", "06:00", "09:00"]
    assert {what for _, what in story.occurrences("sync")} == {"met"}


def test_another_schedule_that_is_added_is_expected_from_then_on(story: Story) -> None:
    story.job("sync", schedule="0 6 * * *")
    story.at("06:01").succeeds("sync")
    story.job("sync", schedule="0 6 * * *", also=({"schedule": "0 12 * * *"},))
    story.at("07:00")
    story.reloads()

    story.until("12:05")

    assert story.heard == [("12:05", "critical", "firing")]
    assert story.occurrences("sync") == [("06:00", "met"), ("12:00", "missed")]
