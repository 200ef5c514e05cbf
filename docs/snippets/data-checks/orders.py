import pandas as pd

import tocsin

with tocsin.job("orders") as run:
    frame = pd.DataFrame({"order_id": [1, 2, 3], "amount": [9.5, 12.0, 700.0]})
    found = run.check(
        frame,
        [
            {"metric": "row_count", "threshold_min": 1, "severity": "critical", "on_fail": "fail_run"},
            {"metric": "uniqueness", "column": "order_id", "threshold_min": 1},
            {"metric": "value_range", "column": "amount", "threshold_min": 0, "threshold_max": 500},
        ],
    )
    print(found.failed if found else "not checked")
