"""Moves records in batches to a sink with limits, loses none, and says why it took as long as it did."""

from tocsin.batch.advice import Suggestion, explained, suggested
from tocsin.batch.config import BatchConfig, ErrorHandling, Priority, Strategy
from tocsin.batch.limits import JSON_ARRAY, JSON_LINES, Framing, Limits
from tocsin.batch.outcome import Category, Delivered, Kind, Outcome, Partial, Refused, Rejected
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.planning import Plan
from tocsin.batch.report import RunReport
from tocsin.batch.sink import Sink, sink
from tocsin.batch.sources.files import Files
from tocsin.batch.stopped import RunStopped
from tocsin.batch.watching import Thresholds

__all__ = [
    "JSON_ARRAY",
    "JSON_LINES",
    "Batch",
    "BatchConfig",
    "Category",
    "Delivered",
    "ErrorHandling",
    "Files",
    "Framing",
    "Kind",
    "Limits",
    "Outcome",
    "Partial",
    "Pipeline",
    "Plan",
    "Priority",
    "Refused",
    "Rejected",
    "RunReport",
    "RunStopped",
    "Sink",
    "Strategy",
    "Suggestion",
    "Thresholds",
    "explained",
    "sink",
    "suggested",
]
