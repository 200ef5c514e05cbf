import pandas as pd

from tocsin.checking import check

KNOWN = {"table": "customers.csv", "column": "name"}
CHECKS = [
    {"metric": "uniqueness", "column": "order_id", "threshold_min": 1},
    {"metric": "references", "column": "customer", "references": KNOWN, "mostly": 0.9},
]

found = check(pd.read_csv("orders.csv"), CHECKS)
for one in found.results:
    print(one.judged.verdict.value, one.check.check.id, one.judged.said)
raise SystemExit(found.failed > 0)
