curl -fsS http://127.0.0.1:8465/api/v1/check-ins \
  -H "authorization: Bearer $TOCSIN_KEY" \
  -d '{"job": "daily_etl", "kind": "success", "records": {"ok": 9998}}'
