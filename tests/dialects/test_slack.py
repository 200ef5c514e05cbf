from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import Clock, SignatureVerifier

from tocsin.dialects.slack import MAX_ACTIONS, Pressed, Unheard, Verb, doubt, pressed_in, signature_of

SECRET = b"8f742231b10e8888abcd99yyyzzz85a5"
NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
STAMP = str(int(NOON.timestamp()))


class Standing(Clock):
    """A clock that stands at noon."""

    def now(self) -> float:
        return NOON.timestamp()


@given(body=st.text(st.characters(exclude_categories=["Cs"])), offset=st.integers(-900, 900))
def test_we_believe_what_slacks_own_library_believes_and_nothing_else(body: str, offset: int) -> None:
    timestamp = str(int(STAMP) + offset)
    signature = signature_of(body.encode(), timestamp, SECRET)

    theirs = SignatureVerifier(SECRET.decode(), Standing()).is_valid(body, timestamp, signature)

    assert (doubt(body.encode(), timestamp, signature, (b"old", SECRET), NOON) is None) is theirs


@pytest.mark.parametrize(
    ("timestamp", "signature", "secrets", "why"),
    [
        (STAMP, "", (SECRET,), Unheard.NOT_SIGNED),
        ("", "v0=1", (SECRET,), Unheard.NOT_SIGNED),
        ("-5", "v0=1", (SECRET,), Unheard.NOT_SIGNED),
        ("²", "v0=1", (SECRET,), Unheard.NOT_SIGNED),
        (STAMP, signature_of(b"x", STAMP, SECRET), (), Unheard.NOT_SIGNED),
        (STAMP, signature_of(b"y", STAMP, SECRET), (SECRET,), Unheard.WRONG_SIGNATURE),
        (STAMP, signature_of(b"x", STAMP, b"other"), (SECRET,), Unheard.WRONG_SIGNATURE),
        (STAMP, signature_of(b"x", STAMP, SECRET).upper(), (SECRET,), Unheard.WRONG_SIGNATURE),
        ("9" * 99, signature_of(b"x", "9" * 99, SECRET), (SECRET,), Unheard.NOT_FRESH),
    ],
)
def test_what_is_not_believed_is_told_why(
    timestamp: str, signature: str, secrets: tuple[bytes, ...], why: Unheard
) -> None:
    assert doubt(b"x", timestamp, signature, secrets, NOON) is why


@pytest.mark.parametrize("late", [timedelta(minutes=-5), timedelta(0), timedelta(minutes=5)])
def test_five_minutes_are_fresh(late: timedelta) -> None:
    signature = signature_of(b"x", STAMP, SECRET)

    assert doubt(b"x", STAMP, signature, (SECRET,), NOON + late) is None
    further = late + (timedelta(seconds=1) if late >= timedelta(0) else timedelta(seconds=-1))
    if late:
        assert doubt(b"x", STAMP, signature, (SECRET,), NOON + further) is Unheard.NOT_FRESH


def payload(*actions: dict[str, str], kind: str = "block_actions") -> str:
    said = {
        "type": kind,
        "user": {"id": "U1", "username": "ada", "team_id": "T1"},
        "response_url": "https://hooks.slack.com/actions/x",
        "actions": actions,
    }
    return msgspec.json.encode(said).decode()


def test_a_press_says_what_about_which_alert_and_by_whom() -> None:
    assert pressed_in(payload({"action_id": "resolve", "value": "4f1d"}, {"action_id": "another"})) == (
        Pressed(
            verb=Verb.RESOLVE,
            alert_id="4f1d",
            name="ada",
            user_id="U1",
            reply_to="https://hooks.slack.com/actions/x",
        ),
    )


def test_presses_have_a_limit() -> None:
    many = [{"action_id": "resolve", "value": f"{number}"} for number in range(100)]

    assert len(pressed_in(payload(*many))) == MAX_ACTIONS


@pytest.mark.parametrize("said", ["", "{", "[]", "null", "[" * 100_000, payload(kind="view_submission")])
def test_what_is_no_press_is_not_understood(said: str) -> None:
    assert pressed_in(said) is Unheard.UNREADABLE
