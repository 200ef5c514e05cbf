import tocsin

with tocsin.job("daily_orders", partition="2026-03-01") as run:
    with run.step("extract"):
        rows = list(range(1000))
    with run.step("load"):
        run.records(ok=len(rows))
    run.metric("row_count", len(rows))
    run.metadata(source="orders-db", loader="7.2")
    if len(rows) < 500:
        run.fail("fewer than 500 orders: the source is incomplete")
