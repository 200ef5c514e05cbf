curl -fsS http://127.0.0.1:8465/api/v1/silences -H 'content-type: application/json' -d '{
  "matchers": ["job=~\"warehouse_.*\""],
  "for_minutes": 120,
  "comment": "upgrade of the warehouse"
}'
