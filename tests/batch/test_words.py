"""What kind a value is, and how many there are, is said in correct English."""

import pytest

from tocsin.batch.words import a_kind, counted


@pytest.mark.parametrize(
    ("value", "kind"), [(7, "an int"), ([], "a list"), (None, "a NoneType"), (OSError(), "an OSError")]
)
def test_a_kind_has_its_article(value: object, kind: str) -> None:
    assert a_kind(value) == kind


@pytest.mark.parametrize(("count", "words"), [(0, "0 records"), (1, "1 record"), (3_000, "3,000 records")])
def test_one_is_one_and_all_others_are_several(count: int, words: str) -> None:
    assert counted(count) == words
    assert counted(count, "request") == words.replace("record", "request")
