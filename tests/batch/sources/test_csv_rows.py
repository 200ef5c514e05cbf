"""Files of comma-separated values: every line is part of a record or of a bad one."""

import csv
import io
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.batch.sources.bad_record import BadRecord
from tocsin.batch.sources.csv_rows import Dialect, csv_rows
from tocsin.batch.sources.lines import Skipping
from tocsin.errors import InvalidPipeline

VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8)
ROWS = st.lists(st.tuples(VALUES, VALUES).filter(any), max_size=12)
PIECE = st.sampled_from(
    [b"a", b"b", b",", b'"', b"\n", b"\r\n", b"\r", b"\xff", b"x,y\n", b'"x,\ny",z\n', b" "]
)
FILE = st.lists(PIECE, max_size=30).map(b"".join)


def read(content: bytes, start: int = 0, dialect: Dialect | None = None, limit: int = 2**20) -> list[object]:
    dialect = dialect or Dialect()
    return list(csv_rows(io.BytesIO(content), "f.csv", Skipping(start), dialect, limit))


def letters_of(record: dict[str, str]) -> bytes:
    return "".join(record.values()).encode("latin-1")


def reasons(content: bytes, dialect: Dialect | None = None) -> list[str]:
    return [record.reason for record in read(content, 0, dialect) if isinstance(record, BadRecord)]


@given(rows=ROWS, start=st.integers(0, 14))
def test_what_was_written_is_read_with_delimiters_quotes_and_line_ends_in_values(
    rows: list[tuple[str, str]], start: int
) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([("a", "b"), *rows])

    assert read(file.getvalue().encode(), start) == [{"a": a, "b": b} for a, b in rows][start:]


@given(content=FILE)
@example(content=b'"never closed\nx,y\n')
@example(content=b'"x,\ny"z,\n"\n')
def test_every_line_is_in_a_record_or_a_bad_one(content: bytes) -> None:
    records = read(content, dialect=Dialect(header=("a", "b"), encoding="latin-1"))

    seen = b"".join(
        record.raw if isinstance(record, BadRecord) else letters_of(cast("dict[str, str]", record))
        for record in records
    )
    assert sorted(seen.translate(None, b'\r\n," ')) == sorted(content.translate(None, b'\r\n," '))


@given(content=FILE, start=st.integers(0, 12), limit=st.sampled_from([3, 8, 2**20]))
def test_from_any_ordinal_on_comes_what_comes_there_from_the_start(
    content: bytes, start: int, limit: int
) -> None:
    dialect = Dialect(header=("a", "b"))

    assert read(content, start, dialect, limit) == read(content, 0, dialect, limit)[start:]


def test_a_wrong_number_of_values_is_a_bad_record_at_its_line() -> None:
    records = read(b'a,b\n1,2\n"x\ny",2\n1,2,3\n\n4\n')

    assert records[:2] == [{"a": "1", "b": "2"}, {"a": "x\ny", "b": "2"}]
    assert records[2:] == [
        BadRecord("f.csv line 5: 3 values for 2 columns", b"1,2,3"),
        BadRecord("f.csv line 7: 1 values for 2 columns", b"4"),
    ]


def test_a_line_in_another_encoding_is_a_bad_record_and_the_rest_is_read() -> None:
    assert read(b"a\nM\xfcller\nMeier\n") == [
        BadRecord("f.csv line 2: not UTF-8", b"M\xfcller"),
        {"a": "Meier"},
    ]
    assert read(b"a\nM\xfcller\n", dialect=Dialect(encoding="latin-1")) == [{"a": "Müller"}]


def test_a_quote_that_is_never_closed_costs_its_line_alone() -> None:
    assert read(b'a,b\n"x,1\n' + b"y,2\n" * 3) == [
        BadRecord("f.csv line 2: a quote is opened and never closed", b'"x,1'),
        *[{"a": "y", "b": "2"}] * 3,
    ]


def test_a_quote_that_is_closed_too_far_away_costs_its_line_alone() -> None:
    records = read(b'a,b\n"x,1\n' + b"y,2\n" * 20 + b'z,"3"\n', limit=40)

    assert records[0] == BadRecord("f.csv line 2: a quote is opened and never closed", b'"x,1')
    assert records[1:] == [*[{"a": "y", "b": "2"}] * 20, {"a": "z", "b": "3"}]


def test_a_quote_in_the_wrong_place_is_a_bad_record() -> None:
    (reason,) = reasons(b'a,b\n"x"y,1\n')

    assert reason.startswith("f.csv line 2: ")


def test_a_line_that_is_too_long_is_one_bad_record() -> None:
    bad, good = read(b"a\n" + b"x" * 100 + b"\ny\n", limit=50)

    assert isinstance(bad, BadRecord)
    assert bad.reason == "f.csv line 2: 100 bytes, longer than 50; its first 100 are kept"
    assert good == {"a": "y"}


def test_a_value_may_be_longer_than_the_parser_takes_of_itself() -> None:
    assert read(b"a\n" + b"x" * 200_000 + b"\n") == [{"a": "x" * 200_000}]


@pytest.mark.parametrize("content", [b"", b"\n", b"a,b\n", b"\xef\xbb\xbfa,b\r\n"])
def test_a_file_without_rows_has_no_records(content: bytes) -> None:
    assert read(content) == []


def test_a_header_may_be_given_and_signs_chosen() -> None:
    dialect = Dialect(delimiter=";", quote="'", header=("a", "b"))

    assert read(b"1;'2;3'\n", dialect=dialect) == [{"a": "1", "b": "2;3"}]
    assert read(b'a\n"1\n', dialect=Dialect(quote="")) == [{"a": '"1'}]
    assert read(b"a,b\n1\\,2,3\n", dialect=Dialect(escape="\\")) == [{"a": "1,2", "b": "3"}]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a,b,a\n1,2,3\n", "more than one column is named 'a'"),
        (b"a,M\xfcller\n", "the header of f.csv line 1: not UTF-8"),
        (b'"a,b\n1,2\n', "the header of f.csv line 1: a quote is opened and never closed"),
    ],
)
def test_a_header_that_names_nothing_is_refused(content: bytes, fault: str) -> None:
    with pytest.raises(InvalidPipeline, match=fault):
        read(content)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"delimiter": ";;"}, "delimiter is ';;'; it is one character"),
        ({"quote": "\n"}, "quote is"),
        ({"encoding": "utf-16"}, "files in utf-16 cannot be read by lines"),
        ({"encoding": "klingon"}, "encoding 'klingon' is not known"),
        ({"header": ("a", "a")}, "more than one column is named 'a'"),
        ({"header": "a"}, "it is a list of names"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidPipeline, match=fault):
        Dialect(**options)
