import tocsin

PROMISE = {
    "schedule": "0 2 * * *",
    "timezone": "Europe/Berlin",
    "grace_period_minutes": 10,
    "max_duration_minutes": 30,
    "owner": "the data team",
    "runbook": "https://wiki.example.com/orders",
}

with tocsin.job("daily_orders", definition=PROMISE) as run:
    run.records(ok=1)
