"""SMS and phone in the file: who is told, who may answer, and what is wrong with it."""

import pytest

from tests.config.conftest import Faults, Load
from tocsin.engine.pacing import DEFAULT_LIMITS, Limit

SID = "AC" + "0123456789abcdef" * 2
ENVIRONMENT = {"TOKEN": "fedcba9876543210fedcba9876543210", "HOME": "/nonexistent"}
ONE = f"account_sid: {SID}, auth_token: 'env:TOKEN', from: '+14155550100'"


def written(ways: str, more: str = "base_url: https://t.example.com") -> str:
    return f"{more}\nreceivers:\n  - {{name: on-call, {ways}}}\n"


def test_one_number_is_told_under_the_name_of_its_kind(load: Load) -> None:
    loaded = load(written(f"sms: {{{ONE}, to: '+4915112345678'}}"), ENVIRONMENT)

    assert loaded.configuration.targets == {"on-call": ("on-call/sms",)}
    assert set(loaded.channels) == {"on-call/sms"}


def test_each_of_several_numbers_is_a_target_of_its_own(load: Load) -> None:
    loaded = load(written(f"phone: {{{ONE}, to: ['+4915112345678', '+4915112345679']}}"), ENVIRONMENT)

    targets = ("on-call/phone:+4915112345678", "on-call/phone:+4915112345679")
    assert loaded.configuration.targets == {"on-call": targets}
    assert tuple(loaded.channels) == targets
    assert [line.target for line in loaded.lines] == list(targets)
    assert [line.number for line in loaded.lines] == ["+4915112345678", "+4915112345679"]


def test_only_who_can_be_known_to_be_genuine_may_answer(load: Load) -> None:
    key = "SK" + "0123456789abcdef" * 2
    by_key = f"account_sid: {SID}, api_key: {key}, api_secret: 'env:TOKEN', from: '+14155550100'"
    loaded = load(written(f"sms: {{{by_key}, to: '+4915112345678'}}"), ENVIRONMENT)

    assert loaded.lines == ()
    assert loaded.warnings == ()


def test_answers_that_cannot_reach_us_are_advised_against(load: Load) -> None:
    ways = f"sms: {{{ONE}, to: '+4915112345678'}}"

    [warning] = load(written(ways, "retention: {days: 30}"), ENVIRONMENT).warnings
    assert "answers are not heard without 'base_url'" in str(warning)
    assert load(written(ways), ENVIRONMENT).warnings == ()


def test_no_token_is_shown(load: Load) -> None:
    loaded = load(written(f"sms: {{{ONE}, to: '+4915112345678'}}"), ENVIRONMENT)

    assert ENVIRONMENT["TOKEN"] not in f"{loaded!r} {loaded.lines!r} {loaded.channels!r}"


@pytest.mark.parametrize(
    ("ways", "complaint"),
    [
        (
            f"account_sid: {SID}, from: '+14155550100', to: '+4915112345678'",
            "needs 'auth_token', or 'api_key'",
        ),
        (f"{ONE}, api_key: SK1, to: '+4915112345678'", "needs both 'api_key' and 'api_secret'"),
        (f"{ONE}, to: '0151 12345678'", "must be a telephone number with its country"),
        (f"{ONE}, to: ['+4915112345678', '+4915112345678']", "names a number twice"),
        (f"{ONE}, to: []", "at least 1"),
        (f"{ONE}", "to"),
        (
            "account_sid: AC1, auth_token: 'env:TOKEN', from: '+14155550100', to: '+4915112345678'",
            "AC and 32",
        ),
    ],
)
def test_what_cannot_be_used_is_told(faults: Faults, ways: str, complaint: str) -> None:
    told = faults(written(f"sms: {{{ways}}}"), ENVIRONMENT)

    assert any(complaint in str(problem) for problem in told), told


def test_limits_by_kind_take_the_place_of_the_usual_ones(load: Load) -> None:
    policy = load(
        "delivery: {rate_limits: {sms: [2 per 10m, 9 per 1d], slack: []}, at_once: {email: 2}}"
    ).configuration.policy

    assert [str(limit) for limit in policy.limits["sms"]] == ["2 in 0:10:00", "9 in 1 day, 0:00:00"]
    assert policy.limits["slack"] == ()
    assert policy.limits["phone"] == DEFAULT_LIMITS["phone"]
    assert isinstance(policy.limits["phone"][0], Limit)
    assert policy.at_once == {"email": 2}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rate_limits: {sms: often}", "must be a limit such as '5 per 15m'"),
        ("rate_limits: {sms: 0 per 1m}", "must allow 1 to 100000"),
        ("rate_limits: {sms: 1 per 9d}", "must allow 1 to 100000"),
        ("rate_limits: {smss: 1 per 1m}", "did you mean 'sms'"),
        ("at_once: {fax: 1}", "is no kind of channel; there are:"),
        ("at_once: {sms: 0}", "must be at least 1"),
        ("allow_addresses: 169.254.10.1/24", "must be an address or a network"),
    ],
)
def test_a_limit_that_is_none_is_told(faults: Faults, text: str, complaint: str) -> None:
    told = faults(f"delivery: {{{text}}}")

    assert any(complaint in str(problem) for problem in told), told
