"""What the API answers with about credentials."""

from datetime import datetime

from tocsin.web.api.shape import Shape


class TokenShape(Shape):
    """A credential, without its secret."""

    id: str
    kind: str
    name: str
    created_at: datetime | None
    source: str
    """`store`, or `file` for one that only the configuration can change."""


class NewTokenShape(TokenShape):
    """A credential that was just made."""

    secret: str
    """Shown this once."""
