import os
import sys

from tocsin.batch import Pipeline
from tocsin.batch.sinks.customerio_track import CustomerIOTrack, identify, suppress, thing, track

ENTITIES = [
    identify({"plan": "pro", "created_at": 1795341600}, id="7"),
    track("bought", {"what": "tea"}, id="7", timestamp="2026-11-22T10:00:00+01:00"),
    thing("identify", 1, "acme", attributes={"name": "Acme", "seats": 50}),
    suppress(email="cyd@example.com"),
]

pipeline = Pipeline(
    "entities", CustomerIOTrack(os.environ["CIO_SITE_ID"], os.environ["CIO_API_KEY"], region="eu")
)

if __name__ == "__main__":
    send = "--send" in sys.argv
    print(pipeline.run(ENTITIES) if send else pipeline.plan(ENTITIES))
