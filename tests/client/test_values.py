"""The light values are what typing.NamedTuple would have made of the same class."""

import pytest

from tocsin.client.values import Value


class Point(Value):
    """A place, for the tests."""

    x: int
    y: int = 7


def test_items_are_given_in_order_or_by_name_and_read_by_name() -> None:
    assert (Point(1).x, Point(1).y) == (1, 7)
    assert Point(1, y=2) == Point(y=2, x=1) == Point(1, 2)
    assert Point(1) != Point(2)
    assert Point(3)._replace(y=4) == Point(3, 4)
    assert repr(Point(1)) == "Point(x=1, y=7)"
    x, y = Point(5)
    assert (x, y) == (5, 7)


@pytest.mark.parametrize(
    ("given", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"z": 1}), ((1,), {"x": 1}), ((), {"y": 1})]
)
def test_what_is_missing_unknown_or_given_twice_is_refused(
    given: tuple[int, ...], named: dict[str, int]
) -> None:
    with pytest.raises(TypeError, match="Point takes x, y"):
        Point(*given, **named)


def test_an_item_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Point(1).x = 2  # type: ignore[misc]  # that is what is tested


def test_an_unknown_item_cannot_be_replaced() -> None:
    with pytest.raises(TypeError):
        Point(1)._replace(z=2)  # type: ignore[call-arg]  # that is what is tested
