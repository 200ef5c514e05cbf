"""What holds of signatures and of tables of failures, whatever was said."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.facts import failed
from tocsin.jobs.checkin import Detail
from tocsin.rules.failure import table_of
from tocsin.rules.known_failures import KNOWN_FAILURES, OUR_TABLE
from tocsin.rules.signature import MAX_SIGNATURE, signature

law = settings(derandomize=True, database=None, deadline=None, max_examples=500)

PIECES = (
    "'",
    '"',
    "`",
    "“",
    "”",
    "/",
    "\\",
    ":",
    "-",
    ".",
    ",",
    " ",
    "\n",
    "…",
    "@",
    "0x",
    "://",
    "~",
    "(",
    "]",
    "_",
    "=",
    "a",
    "f",
    "Z",
    "error",
    "can't",
    "Traceback (most recent call last):",
    "7",
    "42",
    "2026-03-10T06:00:00Z",
    "/data/x.csv",
    "C:\\data",
    "https://a.b/c",
    "10.0.0.1:80",
    "fe80::1:2:3:4",
    "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "req_8fK3jd92kdLq01",
    "deadbeef01",
    "ada@example.com",
)
texts = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=40).map("".join)
words = st.lists(
    st.sampled_from(("disk", "full", "at", "row", "of", "(pid", "size)", "is", "lost:")),
    min_size=1,
    max_size=8,
)
numbers = st.integers(0, 10**12).map(str) | st.floats(0, 1e6, allow_nan=False).map(lambda one: f"{one:.3f}")


@law
@given(text=texts)
def test_a_signature_is_its_own(text: str) -> None:
    assert signature(signature(text)) == signature(text)


@law
@given(text=texts)
def test_a_signature_is_one_line_of_bounded_length_without_a_number(text: str) -> None:
    found = signature(text)

    assert len(found) <= MAX_SIGNATURE
    assert found == " ".join(found.split())
    assert re.search("[0-9]", found) is None


@law
@given(said=words, data=st.data())
def test_errors_that_differ_in_their_numbers_alone_are_equal(said: list[str], data: st.DataObject) -> None:
    one, other = (" ".join(f"{word} {data.draw(numbers)}" for word in said) for _ in range(2))

    assert signature(one) == signature(other)


@law
@given(error=texts, tail=texts, code=st.none() | st.integers(-70, 300), type_=texts)
def test_a_row_is_found_as_if_each_were_asked_by_itself(
    error: str, tail: str, code: int | None, type_: str
) -> None:
    """All patterns are asked as one; each by itself would say the same."""
    run = failed(detail=Detail(exit_code=code, error_type=type_, error_message=error, log_tail=tail))
    each = table_of((), own=KNOWN_FAILURES)

    assert OUR_TABLE.failure_of(run) == each.failure_of(run)
