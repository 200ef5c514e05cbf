from pathlib import Path

from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sink import sink
from tocsin.batch.sources.files import Files

Path("people-1.csv").write_text("id;name\n1;Ada\n2;Grace\n")
Path("people-2.csv").write_text("id;name\n3;Mary\n4\n")


@sink(name="screen")
def show(batch: Batch) -> None:
    print(batch.body.decode())


pipeline = Pipeline("people", show, id="id", max_rejects="50%", state="batch.db")
report = pipeline.run(Files("people-*.csv", delimiter=";"))
print(report.delivered, "delivered,", report.dead, "dead letter")
