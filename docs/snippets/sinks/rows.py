import sqlite3
from functools import partial

from tocsin.batch import Pipeline
from tocsin.batch.sinks.sql import SQLTable

connect = partial(sqlite3.connect, "shop.db")
connection = connect()
connection.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, what TEXT NOT NULL, sum NUMERIC)")
connection.close()

ORDERS = [
    {"id": "o1", "what": "tea", "sum": "12.50"},
    {"id": "o2", "what": None, "sum": "3.20"},
    {"id": "o3", "what": "milk", "sum": "0.99"},
]

table = SQLTable(connect, "orders", ("id", "what", "sum"), key="id", on_conflict="update")
pipeline = Pipeline("orders", table, id="id", max_rejects="50%")

if __name__ == "__main__":
    print(pipeline.run(ORDERS))
