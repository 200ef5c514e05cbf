tocsin quality run orders.csv --checks orders.checks.yaml
tocsin quality run orders.jsonl.gz --checks orders.checks.yaml
tocsin quality run "orders/*.parquet" --checks orders.checks.yaml
tocsin quality run lake/orders --checks orders.checks.yaml          # a Delta table
