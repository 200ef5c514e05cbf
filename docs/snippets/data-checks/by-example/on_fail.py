import tocsin

CHECKS = [
    {"metric": "row_count", "threshold_min": 1000, "severity": "critical", "on_fail": "fail_run"},
    {"metric": "null_rate", "column": "email", "threshold_max": 0.05},
    {"metric": "distinct_count", "column": "sku", "threshold_max": 3, "on_fail": "record"},
]

with tocsin.job("orders_of_today") as run:
    run.check("orders.csv", CHECKS)
