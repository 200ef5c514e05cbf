"""N in a row and M of N, as a table: `x` is bad and over, `X` is bad and stands, `.` is good."""

import pytest

from tests.rules.facts import rule
from tocsin.rules.tolerance import exceeds_tolerance


@pytest.mark.parametrize(
    ("story", "in_a_row", "m_of_n", "too_many"),
    [
        ("", 1, None, False),
        (".", 1, None, False),
        ("X", 1, None, True),
        ("X.", 1, None, True),
        ("x.", 1, None, False),
        ("X", 2, None, False),
        ("xX", 2, None, True),
        ("x.X", 2, None, False),
        ("xX.", 2, None, True),
        (".xxX", 3, None, True),
        ("xx.X", 3, None, False),
        ("X", 1, (1, 1), True),
        ("X", 1, (2, 3), False),
        ("x.X", 1, (2, 3), True),
        ("x..X", 1, (2, 3), False),
        ("xx.", 1, (2, 3), False),
        ("Xx.", 1, (2, 3), False),
        ("xX..", 1, (2, 3), True),
        ("x.x.X", 5, (3, 5), True),
    ],
)
def test_so_many_bad_ones_are_too_many(
    story: str,
    in_a_row: int,
    m_of_n: tuple[int, int] | None,
    too_many: bool,  # noqa: FBT001 - a column of the table
) -> None:
    marks = [mark in "xX" for mark in story]
    standing = [place for place, mark in enumerate(story) if mark == "X"]

    assert exceeds_tolerance(rule("any", in_a_row=in_a_row, m_of_n=m_of_n), marks, standing) is too_many
