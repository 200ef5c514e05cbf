"""Pointblank: a whole frame of Polars."""

import sys

import pointblank as pb
import polars as pl

from benchmarks.quality.peers import asked


def tolerating(share: float) -> pb.Thresholds:
    """Return that a step fails where more than this share of its rows does; of no share, where one does."""
    return pb.Thresholds(critical=share or 1)


checks = pb.Validate(pl.read_parquet(sys.argv[1]))
checks = checks.row_count_match(asked.LEAST_ROWS, tol=(0, sys.maxsize), thresholds=tolerating(0))
for column, most in asked.NULLS.values():
    checks = checks.col_vals_not_null(column, thresholds=tolerating(most))
found = (
    checks.rows_distinct("order_id", thresholds=tolerating(0))
    .col_vals_between("amount", *asked.AMOUNTS, thresholds=tolerating(1 - asked.AMOUNT_SHARE))
    .col_vals_regex("sku", asked.SKU, thresholds=tolerating(1 - asked.SKU_SHARE))
    .col_vals_regex("email", asked.EMAIL, na_pass=True, thresholds=tolerating(1 - asked.EMAIL_SHARE))
    .col_vals_in_set("status", asked.STATUSES, thresholds=tolerating(0))
    .col_vals_ge("quantity", asked.QUANTITIES[0], thresholds=tolerating(0))
    .col_vals_le("quantity", asked.QUANTITIES[1], thresholds=tolerating(0))
    .data_freshness("updated_at", max_age=asked.OLDEST, reference_time=asked.AS_OF, thresholds=tolerating(0))
    .interrogate()
)
steps = dict(zip(asked.NAMES, found.validation_info, strict=True))
values: dict[str, float | None] = dict.fromkeys(asked.NAMES)
for name, step in steps.items():
    if name in asked.NULLS:
        values[name] = step.n_failed / step.n
    elif step.assertion_type in ("rows_distinct", "col_vals_between", "col_vals_regex", "col_vals_in_set"):
        # A null passes here, and is no value.
        nulls = steps["email null"].n_failed if name == "email pattern" else 0
        values[name] = (step.n_passed - nulls) / (step.n - nulls)
asked.tell(values, {name: not step.critical for name, step in steps.items()})
