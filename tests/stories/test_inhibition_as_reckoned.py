"""What the engine mutes as alerts come and go is what the rules say of all that are open then.

That the rules say what Alertmanager's say is held to the real one in tests/contracts.
"""

import random
from collections.abc import Iterator

import pytest

from tests.alerts.reckoning import Source, inhibited
from tests.stories.story import Story
from tocsin.engine.voicing import labels_of

JOBS = 24
TEAMS = ("data", "web", "")
TIERS = ("host", "load", "report")
RULES = (
    ("tier=host", "tier=~load|report", ("team",)),
    ("tier=load", "tier=report", ("team", "zone")),
    ("team=data", "team=~.*", ("zone",)),
)
# With the others, in a circle.
BACK = ("tier=report", "tier=host", ("team", "zone"))


def as_reckoned(story: Story) -> set[str]:
    open_ = [alert for alert in story.alerts() if alert.is_open]
    sources = [Source(alert_id=one.id, labels=tuple(labels_of(one).items())) for one in open_]
    return {one.job for one in open_ if inhibited(story.inhibit_rules, labels_of(one), sources) is not None}


def muted(story: Story) -> set[str]:
    return {one.job for one in story.alerts() if one.inhibited is not None and one.inhibited.is_by_another}


@pytest.mark.parametrize("seed", range(4))
def test_the_engine_mutes_what_the_rules_say(story: Story, seed: int) -> None:
    dice = random.Random(seed)
    for source, target, equal in dice.sample(RULES, dice.randint(1, len(RULES))):
        story.inhibits(source, target, *equal)
    seen = set[str]()
    for minute in come_and_go(story, dice):
        assert muted(story) == as_reckoned(story), minute
        seen |= muted(story)

    assert seen


@pytest.mark.parametrize("seed", range(4))
def test_where_rules_make_a_circle_what_is_muted_follows_from_what_is_not(story: Story, seed: int) -> None:
    for source, target, equal in (*RULES, BACK):
        story.inhibits(source, target, *equal)
    seen = set[str]()
    for minute in come_and_go(story, random.Random(seed)):
        assert muted(story) <= as_reckoned(story), minute
        by = {one.id: one.inhibited.by for one in story.alerts() if one.inhibited is not None}
        for alert_id in by:
            above = alert_id
            for _ in range(JOBS):
                source_of = by.get(above)
                above = source_of.alert_id if source_of is not None else above
            assert by.get(above) is None, minute
        seen |= muted(story)

    assert seen


def come_and_go(story: Story, dice: random.Random) -> Iterator[int]:
    """Let jobs fail and recover, minute by minute."""
    for number in range(JOBS):
        labels = (("team", dice.choice(TEAMS)), ("tier", dice.choice(TIERS)), ("zone", dice.choice("ab")))
        story.job(f"job-{number}", labels=tuple(pair for pair in labels if pair[1]))
    down = set[int]()
    for minute in range(60):
        number = dice.randrange(JOBS)
        moment = story.at(f"02:{minute:02}")
        if number in down:
            moment.succeeds(f"job-{number}")
        else:
            moment.fails(f"job-{number}")
        down ^= {number}
        yield minute
