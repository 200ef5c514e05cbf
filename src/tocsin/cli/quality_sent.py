"""Checks of data as a run of a job: what was measured travels with its end, and the rules judge it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tocsin.cli.quality_told import Checked
from tocsin.client.client import Client
from tocsin.client.job import Job

if TYPE_CHECKING:
    from tocsin.config.data_checks import ChecksFile
    from tocsin.jobs.checks import Check
    from tocsin.measure.checking import CheckResult


@contextmanager
def reported(job: str, environment: str, written: "ChecksFile") -> Iterator[Callable[[Checked], None]]:
    """Report a run of a job while the data is checked; what is yielded takes what became of the checks.

    The checks are declared with the run: a definition in the server's own file counts for more.
    """
    from tocsin.quality.measurement import OnFail

    declared = [as_declared(one.check) for one in written.checks if one.on_fail is not OnFail.RECORD]
    client = Client(environment=environment)
    with Job(job, environment=environment, client=client) as run:
        run.declare(declared)

        def take(found: Checked) -> None:
            for one in found.results:
                if one.judged.value is not None:
                    run.metric(one.check.check.key, one.judged.value)
            failed = [one for one in found.results if one.is_failed]
            for one in failed:
                run.note(one.check.check.key, _noted(one))
            fatal = [one for one in failed if one.check.on_fail is OnFail.FAIL_RUN]
            if fatal:
                run.fail("; ".join(f"check {one.check.check.id}: {one.judged.said}" for one in fatal))

        yield take
    client.finish()


def _noted(one: "CheckResult") -> str:
    """Return what the number does not say: the segment, why there is none, rows that failed."""
    why = one.reading.said if one.judged.value is None else one.judged.segment
    return "; ".join(filter(None, (why, ", ".join(one.examples))))


def as_declared(check: "Check") -> dict[str, object]:
    """Return a check as a check-in declares it."""
    anomaly = check.anomaly
    told = {
        "id": check.id,
        "metric": check.metric.value,
        "column": check.column,
        "key": check.sent_as,
        "threshold_min": check.least,
        "threshold_max": check.most,
        "warn_min": check.warn_least,
        "warn_max": check.warn_most,
        "severity": check.severity,
        "anomaly": anomaly
        and {"spreads": anomaly.spreads, "direction": anomaly.direction or None, "least": anomaly.least},
    }
    return {name: value for name, value in told.items() if value not in (None, "")}
