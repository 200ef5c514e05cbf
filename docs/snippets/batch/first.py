from tocsin.batch import Batch, Pipeline, explained, sink


@sink(max_records=500, rate="40/s")
def deliver(batch: Batch) -> None:
    """Send it: requests.post(url, data=batch.body).raise_for_status()."""


pipeline = Pipeline("nightly-events", deliver, id="id", state="batch.db")
report = pipeline.run([{"id": number, "name": "signed_up"} for number in range(2_000)])
print(report)
for line in explained(report):
    print(line)
