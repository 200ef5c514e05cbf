"""Somebody takes a storm in hand: who tracks that is told, once, when it holds of all of it."""

import pytest

from tests.stories.story import Story
from tocsin.alerts.alert import Alert, AlertState
from tocsin.engine import in_hand, whole_groups
from tocsin.engine.commands import AcknowledgeGroup, Done, ResolveGroup
from tocsin.engine.recalling import EVER
from tocsin.engine.work import Order
from tocsin.oncall.escalation import Level
from tocsin.store.past import Place


def a_storm(story: Story, jobs: int = 10) -> None:
    story.receiver("pager").tracks = True
    story.routes(("severity=critical", "pager", "continue"), ("severity=critical", "team"))
    for number in range(jobs):
        story.at("02:00").fails(f"job-{number}")
    story.until("02:05")


def of_many(story: Story, target: str) -> list[tuple[str, str, str]]:
    heard = zip(story.messages, story.heard, strict=True)
    return [
        (at, kind, one.message.text)
        for one, (at, _, kind) in heard
        if one.target == target and one.message.tells_of_many
    ]


def test_who_tracks_it_is_told_once_when_all_of_a_storm_is_in_hand(story: Story) -> None:
    a_storm(story)
    story.at("02:10").acknowledges_all("ann")
    story.until("05:00")

    assert of_many(story, "pager")[1:] == [("02:10", "acknowledged", "ann has all of it in hand.")]
    assert [kind for _, kind, _ in of_many(story, "team")] == ["firing"]
    assert story.messages[-1].message.alert_id == story.messages[2].message.alert_id


def test_taking_the_group_is_the_same(story: Story) -> None:
    story.receiver("team").tracks = True
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    story.at("02:10").acknowledges_the_group("ann")
    story.until("05:00")

    assert [kind for _, kind, _ in of_many(story, "team")] == ["firing", "acknowledged"]


def test_while_one_is_in_nobodys_hand_it_is_not_said(story: Story) -> None:
    a_storm(story)
    story.at("02:10").fails("job-late").acknowledges_the_group("ann")
    story.until("02:20")
    before = len(of_many(story, "pager"))
    for number in range(5):
        story.at("02:30").fails(f"other-{number}")
    story.until("02:40")

    told = of_many(story, "pager")[before:]
    assert [kind for _, kind, _ in told] == ["firing"]
    story.at("02:50").acknowledges_all("bob")
    assert [kind for _, kind, _ in of_many(story, "pager")[before:]] == ["firing", "acknowledged"]


def test_the_end_is_told_afterwards_all_the_same(story: Story) -> None:
    a_storm(story)
    story.at("02:10").acknowledges_all("ann")
    for number in range(10):
        story.at("03:00").succeeds(f"job-{number}")

    assert [kind for _, kind, _ in of_many(story, "pager")] == ["firing", "acknowledged", "resolved"]
    assert [kind for _, kind, _ in of_many(story, "team")] == ["firing", "resolved"]


def test_after_a_crash_it_is_said_once(story: Story) -> None:
    a_storm(story)
    story.at("02:10").acknowledges_all("ann")
    story.down("02:10", "02:11")
    story.until("05:00")

    assert [kind for _, kind, _ in of_many(story, "pager")] == ["firing", "acknowledged"]


SLICE = 4
MEMBERS = 29


def a_storm_in_slices(story: Story, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let thirty jobs fail, of which a command takes four at a time; return the id of their group."""
    monkeypatch.setattr(whole_groups, "SLICE", SLICE)
    for number in range(MEMBERS + 1):
        story.at("02:00").fails(f"job-{number:02}")
    story.until("02:05")
    with story.server.store.reading() as reading:
        (group,) = reading.groups(10)
    return group.id


def members(story: Story, group_id: str) -> list[Alert]:
    with story.server.store.reading() as reading:
        return reading.alerts_of_group(group_id, after="", limit=100)


def states(story: Story, group_id: str) -> list[AlertState]:
    return [alert.state for alert in members(story, group_id)]


@pytest.mark.parametrize("is_over", [False, True], ids=["in hand", "over"])
def test_what_was_said_of_a_storm_is_done_to_its_end_though_the_server_dies_meanwhile(
    story: Story, monkeypatch: pytest.MonkeyPatch, *, is_over: bool
) -> None:
    group_id = a_storm_in_slices(story, monkeypatch)
    made = ResolveGroup if is_over else AcknowledgeGroup
    wanted = AlertState.RESOLVED if is_over else AlertState.ACKNOWLEDGED
    story.at("02:10")
    answers: list[object] = []
    story.server.writer.submit(
        Order(command=made(group_id=group_id, who="ann", goes_on=True), reply=answers.append)
    )
    story.server.writer.turn(0.0)
    done = states(story, group_id).count(wanted)
    assert SLICE <= done < MEMBERS

    story.server.die()
    story.server.boot(story.configuration)

    assert states(story, group_id) == [wanted] * MEMBERS
    assert {
        alert.resolved_by if is_over else alert.acknowledged_by for alert in members(story, group_id)
    } == {"ann"}
    with story.server.store.reading() as reading:
        assert reading.note(whole_groups.NOTE) == "[]"
        assert [entry.reason.value for entry in reading.history(members(story, group_id)[-1].id)][-1] == (
            "resolved_by_hand" if is_over else "acknowledged"
        )


def test_what_is_said_again_of_a_storm_or_twice_at_once_is_done_once(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    group_id = a_storm_in_slices(story, monkeypatch)
    story.at("02:10")
    for _ in range(3):
        command = AcknowledgeGroup(group_id=group_id, who="ann", goes_on=True)
        story.server.writer.submit(Order(command=command, reply=lambda _: None))
    story.server.work()

    for alert in members(story, group_id):
        with story.server.store.reading() as reading:
            reasons = [entry.reason.value for entry in reading.history(alert.id)]
        assert reasons.count("acknowledged") == 1


def test_what_was_opened_after_somebody_had_spoken_is_not_in_their_hand(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    group_id = a_storm_in_slices(story, monkeypatch)
    story.at("02:10")
    command = AcknowledgeGroup(group_id=group_id, who="ann", goes_on=True)
    story.server.writer.submit(Order(command=command, reply=lambda _: None))
    story.server.writer.turn(0.0)
    story.server.die()
    monkeypatch.setattr(whole_groups, "go_on", lambda _: False)
    monkeypatch.setattr("tocsin.engine.rounds.go_on", lambda _: False)
    story.server.boot(story.configuration)
    for number in range(10):
        story.at("02:11").fails(f"late-{number}")
    story.until("02:20")
    story.server.die()
    monkeypatch.undo()
    story.server.boot(story.configuration)

    late = [alert for alert in members(story, group_id) if alert.job.startswith("late")]
    assert {alert.state for alert in late} == {AlertState.FIRING}
    early = [alert for alert in members(story, group_id) if alert.job.startswith("job")]
    assert {alert.state for alert in early} == {AlertState.ACKNOWLEDGED}


def test_a_word_about_a_group_that_cannot_be_carried_out_holds_up_no_other(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    group_id = a_storm_in_slices(story, monkeypatch)
    story.at("02:10")
    plain = in_hand.acknowledge_one

    def stumbles(draft: object, alert: Alert, command: object) -> object:
        if story.server.writer.depth == 0 and alert.id == members(story, group_id)[-1].id:
            raise AttributeError("planted")
        return plain(draft, alert, command)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(whole_groups, "acknowledge_one", stumbles)
    story.server.order(AcknowledgeGroup(group_id=group_id, who="ann", goes_on=True))

    with story.server.store.reading() as reading:
        assert reading.note(whole_groups.NOTE) == "[]"
    assert states(story, group_id).count(AlertState.FIRING) == MEMBERS % SLICE
    assert story.server.writer.fault == ""


def a_storm_of_which_some_still_wait(story: Story) -> str:
    """Let ten fail that are told, and fifty that wait; return the id of their group."""
    story.escalates(
        Level(name="on-call", targets=("ann",), timeout_minutes=15),
        Level(name="manager", targets=("bob",), timeout_minutes=15),
    )
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    for number in range(50):
        story.at("02:02").fails(f"late-{number}")
    with story.server.store.reading() as reading:
        (group,) = reading.groups(10)
    return group.id


def states_of(story: Story, name: str) -> set[AlertState]:
    return {alert.state for alert in story.alerts() if alert.job.startswith(name)}


def test_who_takes_a_storm_in_hand_takes_what_was_told_of_and_hears_of_the_others(story: Story) -> None:
    group_id = a_storm_of_which_some_still_wait(story)
    done = story.server.order(AcknowledgeGroup(group_id=group_id, who="dan"))
    assert isinstance(done, Done)
    assert done.count == 10
    assert states_of(story, "late") == {AlertState.FIRING}
    story.until("02:20:35")

    told = [(at, kind) for at, kind, _ in of_many(story, "ann")]
    assert told == [("02:00:30", "firing"), ("02:05:30", "firing")]
    assert [(at, kind) for at, kind, _ in of_many(story, "bob")] == [("02:20:30", "escalated")]
    assert states_of(story, "job") == {AlertState.ACKNOWLEDGED}


def test_who_ends_a_storm_ends_what_was_told_of_alone(story: Story) -> None:
    group_id = a_storm_of_which_some_still_wait(story)
    done = story.server.order(ResolveGroup(group_id=group_id, who="dan"))
    assert isinstance(done, Done)
    assert done.count == 9
    story.until("02:06")

    assert states_of(story, "late") == {AlertState.FIRING}
    assert [(at, kind) for at, kind, _ in of_many(story, "team")] == [
        ("02:00:30", "firing"),
        ("02:05:30", "firing"),
    ]


def test_what_was_told_before_a_job_failed_is_not_its_own(story: Story) -> None:
    a_storm_of_which_some_still_wait(story)
    story.until("02:03")
    with story.server.store.reading() as reading:
        before = reading.owed(
            EVER, Place(at=story.instant("23:00")), job_id=story.watch("late-3").job.id, limit=9
        )
    story.until("02:06")
    with story.server.store.reading() as reading:
        after = reading.owed(
            EVER, Place(at=story.instant("23:00")), job_id=story.watch("late-3").job.id, limit=9
        )

    assert before == []
    assert {one.notification.target for one in after} == {"team"}
