"""The checks of a job as they stand in tocsin.yaml, for whoever measures its data."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tocsin.config.data_checks import ChecksFile
from tocsin.config.grammar.jobs import Job
from tocsin.config.loading import load_as_written
from tocsin.config.problems import closest
from tocsin.errors import ConfigError, Problem
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT
from tocsin.quality.measurement import MAX_SHOWN

_PLACE: Final = "jobs"


def load_job_checks(path: Path, job: str, environment: str) -> ChecksFile:
    """Return the checks of a job that can be measured; raises ConfigError where there are none."""
    file = load_as_written(path)
    found = _job(file.jobs.get(job, ()), environment)
    if found is None:
        problem = Problem(
            path=_PLACE,
            message=f"there is no job {job!r} in {environment}",
            suggestion=closest(job, file.jobs),
        )
        raise ConfigError(str(path), (problem,))
    measurable = [check for check in found.checks or () if check.cannot_be_measured is None]
    if not measurable:
        message = "has no checks that can be measured; docs/reference/data-checks.md says how to write them"
        raise ConfigError(str(path), (Problem(path=f"{_PLACE}.{job}", message=message),))
    zone = found.timezone or file.defaults.timezone or "UTC"
    return ChecksFile(
        at=path,
        source="",
        table="",
        job=job,
        key=(),
        sensitive=frozenset(),
        examples=MAX_SHOWN,
        checks=tuple(check.measured(zone) for check in measurable),
        unmeasured=tuple(check.meant.id for check in found.checks or () if check not in measurable),
    )


def _job(variants: Iterable[Job], environment: str) -> Job | None:
    """Return the job of an environment."""
    return next((one for one in variants if (one.environment or DEFAULT_ENVIRONMENT) == environment), None)
