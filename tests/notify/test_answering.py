"""What people answer by telephone, and how an answer finds its alert."""

import pytest

from tocsin.notify.answering import CODE_LENGTH, Act, Line, Reply, code_of, read_key, read_reply


@pytest.mark.parametrize(
    ("text", "act", "code"),
    [
        ("1", Act.ACKNOWLEDGE, ""),
        (" 1 ", Act.ACKNOWLEDGE, ""),
        ("1 k7pq", Act.ACKNOWLEDGE, "k7pq"),
        ("1k7pq", Act.ACKNOWLEDGE, "k7pq"),
        ("1 K7PQ.", Act.ACKNOWLEDGE, "k7pq"),
        ("ACK k7pq", Act.ACKNOWLEDGE, "k7pq"),
        ("Ack: k7pq!", Act.ACKNOWLEDGE, "k7pq"),
        ("ack", Act.ACKNOWLEDGE, ""),
        ("k7pq", Act.ACKNOWLEDGE, "k7pq"),
        ("resolve k7pq", Act.RESOLVE, "k7pq"),
        ("close", Act.RESOLVE, ""),
        ("", Act.UNCLEAR, ""),
        ("who is this?", Act.UNCLEAR, ""),
        ("11", Act.UNCLEAR, ""),
        ("1 k7p", Act.UNCLEAR, ""),
        ("not 1 k7pq", Act.UNCLEAR, ""),
        ("1 k7pq 1 k7pq", Act.UNCLEAR, ""),
        ("1" * 100_000, Act.UNCLEAR, ""),
    ],
)
def test_a_reply_is_read_or_not_understood(text: str, act: Act, code: str) -> None:
    assert read_reply(text) == Reply(act=act, code=code)


@pytest.mark.parametrize(
    ("key", "act"), [("4", Act.ACKNOWLEDGE), ("6", Act.RESOLVE), ("1", Act.REPEAT), ("", Act.REPEAT)]
)
def test_a_key_is_read(key: str, act: Act) -> None:
    assert read_key(key) is act


def test_a_code_is_the_same_for_ever_and_can_be_read_back() -> None:
    codes = {code_of(f"alert-{number}") for number in range(2_000)}

    assert code_of("alert-7f3") == "x3g5"
    assert len(codes) > 1_980
    assert all(len(code) == CODE_LENGTH and read_reply(f"1 {code}").code == code for code in codes)


def test_a_line_shows_no_token_and_of_its_number_only_the_end() -> None:
    line = Line(
        number="+4915112345678", target="on-call/sms:+4915112345678", account_sid="AC", auth_token="secret"
    )

    assert line.who == "on-call (sms …5678)"
    assert "secret" not in repr(line)
