"""Who is behind a level: by name, by who is on call, and through which kinds of channel."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from tocsin.alerts.route import Route
from tocsin.engine.behind import behind
from tocsin.engine.book import Book, RuleBook
from tocsin.engine.configuration import Configuration
from tocsin.oncall.escalation import Level, Policy
from tocsin.oncall.override import Override
from tocsin.oncall.responder import Responder
from tocsin.oncall.rotation import Rotation
from tocsin.oncall.schedule import Layer, OnCallSchedule

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
ROTATION = Rotation(
    participants=("ada", "grace"), starts_on=MONDAY.date(), starts=time(), timezone="UTC", length_hours=168
)
CONFIGURATION = Configuration(
    digest="",
    rules=(),
    route=Route(receiver="team"),
    targets={
        "team": ("team/slack", "team/email"),
        "ada-phone": ("ada-phone/sms", "ada-phone/phone"),
        "grace-phone": ("grace-phone/sms",),
        "two-phones": ("two-phones/sms:+4930100", "two-phones/sms:+4930200", "two-phones/phone:+4930100"),
        "primary": ("primary/email",),
    },
    responders={
        "ada": Responder(name="ada", receivers=("ada-phone",)),
        "grace": Responder(name="grace", receivers=("grace-phone", "team")),
        "nobody": Responder(name="nobody"),
    },
    on_call_schedules={
        "primary": OnCallSchedule(name="primary", layers=(Layer(name="1", rotation=ROTATION),))
    },
)
BOOK = Book(configuration=CONFIGURATION, version=1, rule_book=RuleBook(()))
GRACE_STANDS_IN = Override(
    id="1",
    schedule="primary",
    responder="grace",
    starts_at=NOON - timedelta(hours=1),
    ends_at=NOON + timedelta(hours=1),
    created_by="ann",
    created_at=MONDAY,
)


def reached(*targets: str, channels: tuple[str, ...] = (), book: Book = BOOK) -> tuple[str, ...]:
    level = Level(name="x", targets=targets, notification_channels=channels)
    (found,) = behind(Policy(policy_id="p", name="p", levels=(level,)), book, NOON)
    return found


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("team", ("team/slack", "team/email")),
        ("ada", ("ada-phone/sms", "ada-phone/phone")),
        ("primary", ("ada-phone/sms", "ada-phone/phone")),
        ("nobody", ()),
        ("gone from the file", ()),
    ],
)
def test_a_name_is_an_on_call_schedule_else_a_responder_else_a_receiver(
    name: str, targets: tuple[str, ...]
) -> None:
    assert reached(name) == targets


def test_who_stands_in_is_told() -> None:
    book = replace(BOOK, overrides=(GRACE_STANDS_IN,))

    assert reached("primary", channels=("sms",), book=book) == ("grace-phone/sms",)


def test_before_the_first_turn_nobody_is_on_call() -> None:
    level = Level(name="x", targets=("primary",))
    policy = Policy(policy_id="p", name="p", levels=(level,))

    assert behind(policy, BOOK, MONDAY - timedelta(minutes=1)) == ((),)


def test_only_the_kinds_of_channel_that_are_named_are_used() -> None:
    assert reached("ada", "team", channels=("sms", "slack")) == ("ada-phone/sms", "team/slack")
    assert reached("team", channels=("pagerduty",)) == ()


def test_each_telephone_of_somebody_with_several_is_of_its_kind() -> None:
    assert reached("two-phones", channels=("sms",)) == ("two-phones/sms:+4930100", "two-phones/sms:+4930200")
    assert reached("two-phones", channels=("phone",)) == ("two-phones/phone:+4930100",)


def test_who_is_behind_a_level_twice_is_told_once() -> None:
    assert reached("grace", "team") == ("grace-phone/sms", "team/slack", "team/email")
