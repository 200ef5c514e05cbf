from tocsin.batch import Pipeline
from tocsin.batch.sinks.file import FileSink

READINGS = [{"sensor": number % 7, "value": number} for number in range(2_500)]

pipeline = Pipeline("readings", FileSink("readings.jsonl.gz"))

if __name__ == "__main__":
    print(pipeline.run(READINGS))
