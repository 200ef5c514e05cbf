import sqlite3

from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sink import sink
from tocsin.batch.sources.cursors import Query

with sqlite3.connect("shop.db") as shop:
    shop.execute("CREATE TABLE orders (id INTEGER, total TEXT)")
    shop.execute("INSERT INTO orders VALUES (1, '20.00'), (2, '12.50')")
shop.close()


@sink(name="screen")
def show(batch: Batch) -> None:
    print(batch.body.decode())


orders = Query(lambda: sqlite3.connect("shop.db"), "SELECT id, total FROM orders ORDER BY id")
print(Pipeline("orders", show, id="id", state="batch.db").run(orders, resume=True))
