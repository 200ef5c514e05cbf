from tocsin import Client

client = Client()
client.check_in("daily_orders", "start", run="2026-03-01", partition="2026-03-01")
client.check_in("daily_orders", "heartbeat", run="2026-03-01", progress={"done": 3, "total": 10})
client.check_in("daily_orders", "success", run="2026-03-01", records={"ok": 10})
client.flush()
