"""What a finding says about a run, in the words a responder looks for."""

import msgspec
from msgspec import Struct

from tocsin.jobs.job import Job
from tocsin.jobs.run import Run
from tocsin.rules.facts import Facts
from tocsin.rules.failure import Failure, FailureClass
from tocsin.rules.wording import clock_time, percent, plural, span

_CONTEXT = ("host", "command", "trace_id")
MAX_ERROR = 500
MAX_STEP = 200


def of_run(job: Job, run: Run) -> tuple[tuple[str, str], ...]:
    """Return what is known of a run: occurrence, times, attempt, progress, records, its end; last its id."""
    zone = job.definition.timezone
    facts: list[tuple[str, str]] = []
    if run.occurrence_at is not None:
        facts.append(("expected at", clock_time(run.occurrence_at, zone)))
    if run.partition:
        facts.append(("partition", run.partition))
    if run.backfill:
        facts.append(("backfill", "yes"))
    if run.started_at is not None:
        facts.append(("started", clock_time(run.started_at, zone)))
    if run.execution is not None:
        facts.append(("duration", span(run.execution)))
    if run.max_attempts > 1:
        facts.append(("attempt", f"{run.attempt} of {run.max_attempts}"))
    if run.progress is not None:
        total = f" of {run.progress.total:,.10g}" if run.progress.total is not None else ""
        facts.append(("progress", f"{run.progress.done:,.10g}{total}"))
    if run.records_ok is not None or run.records_failed is not None:
        facts.append(("records", records_of(run.records_ok, run.records_failed)))
    return (*facts, *_of_detail(run), ("run", run.key))


def records_of(ok: int | None, failed: int | None) -> str:
    """Return how many records went through and how many did not: `999 ok, 1 failed (0.1 %)`."""
    if failed is None:
        return f"{ok or 0:,} ok"
    share = f" ({percent(failed / (ok + failed))})" if ok is not None and failed else ""
    return f"{ok or 0:,} ok, {failed:,} failed{share}"


def _of_detail(run: Run) -> list[tuple[str, str]]:
    detail = run.detail
    if detail is None:
        return []
    facts = []
    if detail.exit_code is not None:
        facts.append(("exit code", str(detail.exit_code)))
    if detail.signal is not None:
        facts.append(("signal", str(detail.signal)))
    error = error_of(run)
    if error:
        facts.append(("error", error))
    step = failed_step_of(detail.metadata)
    if step:
        facts.append(("failed step", step))
    if detail.max_rss_bytes is not None:
        facts.append(("memory", f"{detail.max_rss_bytes / 1_048_576:,.0f} MiB at most"))
    if detail.cpu_seconds is not None:
        facts.append(("CPU", span(detail.cpu_seconds)))
    facts.extend((name, value) for name, value in detail.context if name in _CONTEXT)
    return facts


def of_failure(failure: Failure, run: Run) -> tuple[tuple[str, str], ...]:
    """Return what a run failed of, as far as it is known, and whether its retries can help."""
    if not failure.cause:
        return ()
    known = (("cause", failure.words), ("class", failure.class_in_words))
    left = run.max_attempts - run.attempt
    if not run.phase.is_retrying or left <= 0 or failure.failure_class is not FailureClass.PERMANENT:
        return known
    return (*known, ("retries", f"{plural(left, 'attempt')} left, which will hardly help: it is permanent"))


class _Step(Struct, frozen=True, gc=False):
    """One of `metadata.steps`, as far as it matters here."""

    name: str = ""
    ok: bool = True


class _Steps(Struct, frozen=True, gc=False):
    steps: tuple[_Step, ...] = ()


_STEPS = msgspec.json.Decoder(_Steps)


def failed_step_of(metadata: str) -> str:
    """Return the first step that failed by the `steps` of a run's metadata (`name`, `ok`), or nothing."""
    if '"steps"' not in metadata:
        return ""
    try:
        steps = _STEPS.decode(metadata).steps
    except msgspec.MsgspecError:  # metadata is the job's own, of whatever shape
        return ""
    return next((" ".join(step.name.split())[:MAX_STEP] for step in steps if not step.ok), "")


def last_good_of(facts: Facts) -> tuple[str, str]:
    """Return when the job last ended well, as far as anybody knows: by then the trouble was not there."""
    at = facts.state.last_success_at
    return "last good run", "none so far" if at is None else clock_time(at, facts.job.definition.timezone)


def error_of(run: Run) -> str:
    """Return the error's type and message in one line, at most MAX_ERROR characters.

    A type that the message begins with anyway (`exit_code`: exit code 1) is not said twice.
    """
    detail = run.detail
    if detail is None:
        return ""
    said = detail.error_message.lower().startswith(detail.error_type.replace("_", " ").lower())
    parts = [part for part in ("" if said else detail.error_type, detail.error_message) if part]
    return ": ".join(parts)[:MAX_ERROR]


def log_tail_of(run: Run) -> str:
    """Return the end of the run's log, where it sent one."""
    return run.detail.log_tail if run.detail is not None else ""


def variables_of(run: Run) -> tuple[tuple[str, str], ...]:
    """Return what message templates may name of a run."""
    execution = run.execution
    return (
        ("execution_id", run.key),
        ("error", error_of(run)),
        ("duration", "" if execution is None else span(execution)),
    )
