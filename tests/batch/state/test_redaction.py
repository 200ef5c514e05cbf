"""What people see of a dead letter does not hold what they are not to see."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.state.rows import a_letter
from tocsin.batch.state.redaction import redacted

RECORD = (
    b'{"email":"ann@example.com","properties":{"card":"4111","n":1,"items":[{"card":"4222"},{"n":2}]},'
    b'"a.b":"dots"}'
)


@pytest.mark.parametrize(
    ("field", "gone", "kept"),
    [
        ("email", b"ann@example.com", b'"email":"[redacted]"'),
        ("properties.card", b'"4111"', b'"n":1'),
        ("properties.items.card", b"4222", b'"n":2'),
        ("properties", b"4111", b'"properties":"[redacted]"'),
        ("a.b", b"dots", b'"a.b":"[redacted]"'),
    ],
)
def test_a_field_is_hidden_by_its_path(field: str, gone: bytes, kept: bytes) -> None:
    shown = redacted(replace(a_letter(), payload=RECORD, redact=(field,)))

    assert gone not in shown.payload
    assert kept in shown.payload
    assert shown.is_redacted


def test_a_hidden_value_is_hidden_in_the_reason_too() -> None:
    shown = redacted(replace(a_letter(), redact=("email",)))

    assert shown.reason == "the sink refused it: '[redacted]' is taken"


def test_without_fields_nothing_is_hidden() -> None:
    assert redacted(a_letter()) == a_letter()
    assert redacted(a_letter(), ["missing"]).payload == b'{"email":"ann@example.com","n":1}'


def test_fields_can_be_hidden_that_the_pipeline_does_not_name() -> None:
    first = redacted(replace(a_letter(), redact=("n",)))

    assert redacted(first, ["email"]).payload == b'{"email":"[redacted]","n":"[redacted]"}'


@pytest.mark.parametrize("payload", [b'"ann@example.com;4111;not a record"', b"\xff{", b"", b"7"])
def test_what_has_no_fields_is_hidden_as_a_whole(payload: bytes) -> None:
    assert redacted(replace(a_letter(), payload=payload, redact=("email",))).payload == b'"[redacted]"'


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(
    record=st.dictionaries(st.sampled_from("abc"), VALUES), path=st.lists(st.sampled_from("abc"), min_size=1)
)
def test_whatever_the_record_nothing_but_the_field_changes(
    record: dict[str, object], path: list[str]
) -> None:
    import json  # noqa: PLC0415 -- a reader that is not ours

    letter = replace(a_letter(), payload=json.dumps(record).encode(), redact=(".".join(path),))

    shown = json.loads(redacted(letter).payload)

    assert shown.keys() == record.keys()
    assert {name: shown[name] for name in record if name != path[0]} == {
        name: value for name, value in record.items() if name != path[0]
    }
