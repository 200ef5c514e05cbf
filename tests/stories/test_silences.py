"""Silences mute; they never hide that something is wrong, or that it is over."""

from dataclasses import replace

from tests.stories.story import Story
from tests.stories.words import CheckInWords
from tocsin.alerts.group import Pace
from tocsin.jobs.checkin import CheckInKind


def test_a_silence_mutes_and_judging_goes_on(story: Story) -> None:
    story.at("01:00").silences("job=etl", until="04:00")
    story.at("02:00").fails("etl")

    assert story.heard == []
    assert story.open == [("etl", "job_failure", "critical")]
    assert ("02:00", "silenced") in story.history("etl")


def test_what_still_holds_when_a_silence_ends_is_told_then(story: Story) -> None:
    story.at("01:00").silences("job=etl", until="04:00")
    story.at("02:00").fails("etl")
    story.until("04:00")

    assert story.heard == [("04:00", "critical", "firing")]


def test_what_was_over_before_a_silence_ended_is_never_told(story: Story) -> None:
    story.at("01:00").silences("job=etl", until="04:00")
    story.at("02:00").fails("etl")
    story.at("03:00").succeeds("etl")

    assert story.silent_until("05:00")
    assert story.open == []


def test_a_silence_that_is_lifted_tells_at_once_what_it_kept_back(story: Story) -> None:
    story.at("01:00").silences("job=etl", until="04:00")
    story.at("02:00").fails("etl")
    story.at("02:30").lifts_the_silence()

    assert story.heard == [("02:30", "critical", "firing")]


def test_a_silence_that_is_extended_keeps_back_until_its_new_end(story: Story) -> None:
    story.at("01:00").silences("job=etl", until="04:00")
    story.at("02:00").fails("etl")
    story.at("03:59").extends_the_silence("06:00")
    assert story.silent_until("05:59")
    story.until("06:00")

    assert story.heard == [("06:00", "critical", "firing")]


def test_what_was_opened_at_the_receiver_is_closed_there_also_under_a_silence(story: Story) -> None:
    story.at("01:00").fails("etl")
    story.at("01:10").silences("job=etl", until="04:00")
    story.at("02:00").succeeds("etl")

    assert story.heard == [("01:00", "critical", "firing"), ("02:00", "critical", "resolved")]


def test_repeats_and_louder_news_are_muted_too(story: Story) -> None:
    story.job("report", deadline="08:00", warn=60, critical=30)

    story.at("07:10").silences("job=report", until="10:00")
    assert story.silent_until("09:59")
    story.until("10:00")

    assert story.heard[1:] == [("10:00", "page", "louder")]


def test_a_silence_matches_labels_severity_and_condition(story: Story) -> None:
    story.job("etl", labels=(("team", "data"),), deadline="08:00", warn=60, critical=30)

    story.at("01:00").silences("team=~da.* severity=warning condition=sla_breach", until="12:00")
    story.until("07:30")

    assert story.heard == [("07:30", "critical", "firing")]


def test_a_silence_of_the_future_begins_at_its_time(story: Story) -> None:
    story.at("01:00").silences("job=etl", since="03:00", until="04:00")
    story.at("02:00").fails("etl", run="a").succeeds("etl", run="b")
    story.at("03:30").fails("etl", run="c")
    story.until("03:59")

    assert [at for at, _, _ in story.heard] == ["02:00", "02:00"]


def test_a_silence_of_everything_is_refused(story: Story) -> None:
    assert story.at("01:00").silences("job=~.*", until="04:00").told.startswith("at least one matcher")


def test_of_two_silences_the_longer_one_counts(story: Story) -> None:
    story.at("01:00").silences("job=etl", until="03:00").silences("severity=critical", until="04:00")
    story.at("02:00").fails("etl")

    assert story.silent_until("03:59")
    story.until("04:00")
    assert story.heard == [("04:00", "critical", "firing")]


def storm(story: Story, *jobs: str) -> None:
    """Let jobs fail within seconds: the first is told at once, the others wait for each other."""
    for second, job in enumerate(("first", *jobs)):
        story.at(f"02:00:{second:02}").fails(job)


def test_a_silence_takes_its_alerts_out_of_the_group_in_which_they_wait(story: Story) -> None:
    storm(story, "etl_1", "etl_2", "etl_3", "etl_4", "load_1", "load_2")
    story.at("02:00:20").silences("job=~etl_.*", until="04:00")
    story.until("03:00")

    assert [h.message.job for h in story.messages] == ["first", "load_1", "load_2"]
    assert story.history("etl_1")[-1] == ("02:00:20", "silenced")


def test_a_group_of_which_everything_is_silenced_while_it_waits_tells_nothing(story: Story) -> None:
    storm(story, *(f"etl_{n}" for n in range(9)))
    story.at("02:00:20").silences("job=~etl_.*", until="04:00")

    assert story.silent_until("03:59")
    story.until("04:30")
    assert sum(h.message.job != "first" for h in story.messages) > 0


def test_a_silence_that_begins_while_a_group_waits_takes_its_alerts_out_then(story: Story) -> None:
    storm(story, *(f"etl_{n}" for n in range(9)))
    story.at("02:00:12").silences("job=~etl_[0-6]", since="02:00:25", until="04:00")
    story.until("03:00")

    assert [h.message.job for h in story.messages] == ["first", "etl_7", "etl_8"]


def test_a_window_of_maintenance_that_opens_while_a_group_waits_takes_its_alerts_out(story: Story) -> None:
    story.maintains("upgrade", 'job=~"etl_.*"', "02:01-04:00")
    for second in range(9):
        story.at(f"02:00:{second + 45}").fails(f"etl_{second}")
    story.until("03:00")

    assert [h.message.job for h in story.messages] == ["etl_0"]
    assert story.history("etl_1")[-1] == ("02:01", "maintenance")


def test_alerts_that_were_silenced_in_their_group_are_not_told_over_when_they_end(story: Story) -> None:
    storm(story, *(f"etl_{n}" for n in range(9)))
    moment = story.at("02:00:20").silences("job=~etl_.*", until="04:00")
    for n in range(9):
        moment.succeeds(f"etl_{n}")

    assert story.silent_until("05:00")


def many_groups(story: Story, count: int) -> None:
    """Let the first of each of many groups fail, which is told, and then two more of each, which wait."""
    story.route = replace(story.route, group_by=("team",))
    story.policy = replace(story.policy, pace=Pace(together_from=2))
    for team in range(count):
        for place in ("first", "other", "last"):
            story.job(f"{place}-{team}", labels=(("team", f"t{team}"),))
    for second, place in enumerate(("first", "other", "last")):
        moment = story.at(f"02:00:0{second}")
        moment.report_all(*(failed(f"{place}-{team}") for team in range(count)))


def failed(job: str) -> tuple[CheckInKind, str, CheckInWords]:
    return CheckInKind.FAIL, job, {}


def test_a_silence_takes_its_alerts_out_of_every_group_however_many_there_are(story: Story) -> None:
    many_groups(story, 250)
    story.at("02:00:20").silences("job=~other.*", until="04:00")
    told = len(story.messages)

    story.until("03:00")

    assert [h.message.job for h in story.messages[told:]] == ["1 more job"] * 250
    named = {dict(h.message.evidence)["jobs"] for h in story.messages[told:]}
    assert named == {f"last-{number}" for number in range(250)}
    assert story.history("other-249")[-1][1] == "silenced"
    assert story.clock_time(story.messages[-1].at) == "02:00:33"


def test_what_is_silenced_in_the_last_of_many_groups_is_told_when_that_has_ended(story: Story) -> None:
    many_groups(story, 210)
    story.at("02:00:20").silences("job=~other.*", until="04:00", since="02:00:25")
    story.until("03:59")
    told = len(story.messages)

    story.until("04:10")

    assert len(story.messages) - told == 210
    assert all(h.message.job.startswith("other-") for h in story.messages[told:])
