"""What every contender is asked, and how it tells what it has found."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

NAMES: Final = (
    "rows", "customer null", "email null", "country null", "weight null", "order unique", "amount range",
    "sku pattern", "email pattern", "status accepted", "quantity min", "quantity max", "updated fresh",
)  # fmt: skip  # one under the other they would fill the screen
NULLS: Final = {
    "customer null": ("customer_id", 0.0),
    "email null": ("email", 0.05),
    "country null": ("country", 0.05),
    "weight null": ("weight", 0.05),
}
"""The column of each, and the share of its rows that may be null."""
SKU: Final = "^[A-Z]{3}-[0-9]{5}$"
EMAIL: Final = r"^[^@\s]+@[^@\s]+[.][a-z]+$"
STATUSES: Final = ("placed", "paid", "sent", "returned", "closed")
LEAST_ROWS: Final = 1_000
AMOUNTS: Final = (0.0, 100_000.0)
QUANTITIES: Final = (1, 100)
AMOUNT_SHARE, SKU_SHARE, EMAIL_SHARE = 0.999, 0.99, 0.99
AS_OF: Final = datetime(2026, 3, 10, 12, tzinfo=UTC)
OLDEST: Final = timedelta(hours=26)


def tell(values: Mapping[str, float | None], verdicts: Mapping[str, bool] | None = None) -> None:
    """Print what each check came to: a share of rows, of values that are not null, a number or hours.

    Who tells no verdicts has none: they are not the work of a query. None: it does not tell the value.
    """
    print(json.dumps({"values": dict(values), "verdicts": verdicts and dict(verdicts)}))


def hours(newest: datetime) -> float:
    """Return how old the newest is."""
    return (AS_OF - newest).total_seconds() / 3600
