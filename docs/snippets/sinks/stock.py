import sys
import urllib.request

from tocsin.batch import Batch, Pipeline, sink


@sink(max_records=500, max_bytes=500_000, rate="100/s", concurrency=8)
def warehouse(batch: Batch) -> None:
    """Post the records of a batch as a JSON array."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": batch.id}
    request = urllib.request.Request("https://warehouse.example.com/in", batch.body, headers)
    with urllib.request.urlopen(request, timeout=30):
        pass


pipeline = Pipeline("stock", warehouse)

if __name__ == "__main__":
    stock = [{"item": number} for number in range(2_000)]
    print(pipeline.run(stock) if "--send" in sys.argv else pipeline.plan(stock))
