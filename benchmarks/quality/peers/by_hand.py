"""The thirteen values from the counts that a query by hand gives."""

from collections.abc import Sequence
from typing import Any

from benchmarks.quality.peers import asked


def told(row: Sequence[Any]) -> None:
    """Print them; the row has them in the order of the checks, and counts in place of shares."""
    rows, *there, distinct, amounts, skus, emails, statuses, least, most, newest = row
    asked.tell(
        {
            "rows": rows,
            **{name: (rows - count) / rows for name, count in zip(asked.NULLS, there, strict=True)},
            "order unique": distinct / rows,
            "amount range": amounts / rows,
            "sku pattern": skus / rows,
            "email pattern": emails / there[1] if there[1] else None,
            "status accepted": statuses / rows,
            "quantity min": least,
            "quantity max": most,
            "updated fresh": asked.hours(newest),
        }
    )
