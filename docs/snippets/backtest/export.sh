tocsin export --since 120d -o history.jsonl.gz
tocsin backtest tocsin.yaml --against tocsin.yaml --file history.jsonl.gz --format json
