curl -sS http://127.0.0.1:8465/readyz
