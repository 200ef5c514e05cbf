import tocsin

orders = [{"id": 1, "amount": 20.0}, {"id": 2, "amount": 12.5}]

with tocsin.job("daily_orders") as run:
    total = 0.0
    for done, order in enumerate(orders, start=1):
        total += order["amount"]
        run.progress(done, len(orders))
    run.records(ok=len(orders))
