"""What the stories of pipelines share: settings that do not wait, and what is kept afterwards."""

from pathlib import Path

from tocsin.batch.config import BatchConfig
from tocsin.batch.report import RunReport
from tocsin.batch.state import open_state
from tocsin.batch.state.base import DeadLetter, DeadLetterQuery

QUICK = BatchConfig(rate_limit_rps=1_000, retry_backoff_seconds=0.1, error_threshold_percent=100)


def numbers(count: int) -> list[dict[str, int]]:
    return [{"n": number} for number in range(count)]


def letters(state: Path) -> list[DeadLetter]:
    with_state = open_state(state)
    try:
        return list(with_state.dead_letters(DeadLetterQuery()))
    finally:
        with_state.close()


def adds_up(report: RunReport) -> bool:
    return report.read == report.delivered + report.dead + report.skipped
