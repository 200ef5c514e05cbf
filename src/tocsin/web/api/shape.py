"""What every answer of the API is made of."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Shape(BaseModel):
    """Something that is answered; instants are UTC in RFC 3339, spans are seconds."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(Shape, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = None
    """Give it as `cursor` to get the next page; null on the last."""
