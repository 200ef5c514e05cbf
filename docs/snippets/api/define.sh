curl -fsS -X PUT http://127.0.0.1:8465/api/v1/jobs/production/nightly_backup/definition \
  -H 'content-type: application/json' \
  -d '{"schedule": "0 2 * * *", "timezone": "Europe/Berlin", "grace_period_minutes": 10}'
