"""Great Expectations: a frame of pandas, read by its own reader of Parquet."""

import os
import sys

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

from benchmarks.quality.peers import asked

context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
batch = context.data_sources.pandas_default.read_parquet(sys.argv[1])
expected = {
    "rows": gxe.ExpectTableRowCountToBeBetween(min_value=asked.LEAST_ROWS),
    **{
        name: gxe.ExpectColumnValuesToNotBeNull(column=column, mostly=1 - most)
        for name, (column, most) in asked.NULLS.items()
    },
    "order unique": gxe.ExpectColumnValuesToBeUnique(column="order_id"),
    "amount range": gxe.ExpectColumnValuesToBeBetween(
        column="amount", min_value=asked.AMOUNTS[0], max_value=asked.AMOUNTS[1], mostly=asked.AMOUNT_SHARE
    ),
    "sku pattern": gxe.ExpectColumnValuesToMatchRegex(column="sku", regex=asked.SKU, mostly=asked.SKU_SHARE),
    "email pattern": gxe.ExpectColumnValuesToMatchRegex(
        column="email", regex=asked.EMAIL, mostly=asked.EMAIL_SHARE
    ),
    "status accepted": gxe.ExpectColumnValuesToBeInSet(column="status", value_set=list(asked.STATUSES)),
    "quantity min": gxe.ExpectColumnMinToBeBetween(column="quantity", min_value=asked.QUANTITIES[0]),
    "quantity max": gxe.ExpectColumnMaxToBeBetween(column="quantity", max_value=asked.QUANTITIES[1]),
    "updated fresh": gxe.ExpectColumnMaxToBeBetween(
        column="updated_at", min_value=asked.AS_OF - asked.OLDEST
    ),
}
for name, expectation in expected.items():
    expectation.meta = {"name": name}
suite = gx.ExpectationSuite(name="orders", expectations=list(expected.values()))
found = batch.validate(suite)
values, verdicts = {}, {}
for one in found.results:
    name, result = one.expectation_config.meta["name"], one.result
    verdicts[name] = bool(one.success)
    if name == "updated fresh":
        values[name] = asked.hours(pd.Timestamp(result["observed_value"]).to_pydatetime())
    elif name in asked.NULLS:
        values[name] = result["unexpected_count"] / result["element_count"]
    elif "observed_value" in result:
        values[name] = float(result["observed_value"])
    else:
        there = result["element_count"] - result["missing_count"]
        values[name] = (there - result["unexpected_count"]) / there
asked.tell(values, verdicts)
