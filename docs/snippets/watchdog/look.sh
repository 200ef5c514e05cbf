curl -fsS http://127.0.0.1:8465/api/v1/health | python3 -m json.tool
