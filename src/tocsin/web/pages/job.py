"""The page of one job: how it stands and why, its last runs, what was promised of it."""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from tocsin.alerts.alert import AlertState
from tocsin.engine.commands import Pause, Resume
from tocsin.jobs.letting_off import skipped_to_come
from tocsin.jobs.punctuality import punctuality_of
from tocsin.jobs.run import Run
from tocsin.quality.check import CheckVerdict, Standing
from tocsin.rules.failure import FailureTable
from tocsin.rules.remarks import words_of_remark
from tocsin.store.rows import Watch
from tocsin.web.api.check_shapes import standings_of
from tocsin.web.api.explanations import explanation_of
from tocsin.web.api.inputs import Environment, Name, carry_out, found_job, key_of
from tocsin.web.foreseen import foreseen_end
from tocsin.web.habits import habits_in
from tocsin.web.pages.drawing import draw_chart
from tocsin.web.pages.marks import kind_of, marks_of, newest_first
from tocsin.web.pages.rendering import render
from tocsin.web.pages.silences import LENGTHS, draft_for_job
from tocsin.web.pages.teaching import MEANINGS
from tocsin.web.pages.visitor import Form, Visitor, back_to
from tocsin.web.pages.words import job_path
from tocsin.web.standing import expected_next, standing_of
from tocsin.web.wiring import Wired

RUNS: Final = 60
LISTED: Final = 30
ALERTS: Final = 10
CHECK_INS: Final = 30
EXCUSABLE: Final = ("late", "missed")
OPEN: Final = (AlertState.FIRING, AlertState.ACKNOWLEDGED)

router = APIRouter(include_in_schema=False)


@router.get("/jobs/{environment}/{name}")
def show_job(wired: Wired, who: Visitor, environment: Environment, name: Name) -> HTMLResponse:
    """Show one job."""
    now = wired.clock.now()
    with wired.store.reading() as reading:
        watch = found_job(reading, key_of(environment, name))
        job_id = watch.job.id
        alerts = reading.alerts(states=OPEN, job_id=job_id, limit=ALERTS)
        ended = reading.alerts(states=(AlertState.RESOLVED,), job_id=job_id, limit=ALERTS)
        runs = newest_first(reading.recent_runs([job_id], RUNS).get(job_id, []))
        occurrences = reading.recent_occurrences([job_id], RUNS).get(job_id, [])
        check_ins = reading.log(job_id, before=None, limit=CHECK_INS)
        why = explanation_of(wired, reading, watch.job.key)
        outlook = foreseen_end(reading, watch, now)
        habits = habits_in(reading, watch)
    timezone, known = watch.job.definition.timezone, wired.engine.configuration.known_failures
    marks = marks_of(runs, occurrences, now=now, timezone=timezone, limit=RUNS)
    return render(
        wired,
        "job.html",
        who=who,
        job=watch.job,
        state=watch.state,
        standing=standing_of(watch, len(alerts), now),
        expected=None if watch.job.paused_at else expected_next(watch, now),
        outlook=outlook,
        checks=_failed_first(standings_of(watch, now)),
        measured=watch.state.measured[-1] if watch.state.measured else None,
        others=_other_metrics(watch),
        habits=habits,
        chart=draw_chart(marks, RUNS),
        longest=max((run.execution for run in runs if run.execution is not None), default=None),
        expected_runs=occurrences[:LISTED],
        skips=skipped_to_come(watch.job, watch.state),
        excusable=EXCUSABLE,
        meanings=MEANINGS,
        words_of_remark=words_of_remark,
        kept=punctuality_of(occurrences),
        runs=[(run, kind_of(run), _cause(run, known)) for run in runs[:LISTED]],
        alerts=alerts,
        ended=ended,
        check_ins=check_ins,
        why=why,
        draft=draft_for_job(watch.job, job_path(*watch.job.key)),
        lengths=LENGTHS,
        silence_zone=wired.engine.configuration.defaults.timezone,
    )


def _failed_first(standings: tuple[Standing, ...]) -> list[Standing]:
    """Return the checks that failed, then mere warnings, then the others."""

    def place(one: Standing) -> int:
        if one.judged is None or not one.judged.verdict.is_failed:
            return 2
        return int(one.judged.verdict is CheckVerdict.WARN)

    return sorted(standings, key=place)


def _other_metrics(watch: Watch) -> list[tuple[str, float]]:
    """Return what the run that ended last sent of itself and nobody checks."""
    last, checked = watch.state.last, {check.key for check in watch.job.definition.checks}
    sent = last.detail.metrics if last is not None and last.detail is not None else ()
    return [(name, value) for name, value in sent if name not in checked]


def _cause(run: Run, known: FailureTable) -> str:
    """Return what a bad run has failed of, and whether it may pass by itself; nothing where nobody knows."""
    if not run.status.is_bad and not run.phase.is_retrying:
        return ""
    failure = known.failure_of(run)
    return f"{failure.words}, {failure.failure_class.value}" if failure.cause else ""


@router.post("/jobs/{environment}/{name}/pause")
def pause_job(wired: Wired, who: Visitor, environment: Environment, name: Name, form: Form) -> Response:
    """Judge a job no more."""
    key = key_of(environment, name)
    carry_out(wired, Pause(job=key, who=who))
    return back_to(form, job_path(*key))


@router.post("/jobs/{environment}/{name}/resume")
def resume_job(wired: Wired, who: Visitor, environment: Environment, name: Name, form: Form) -> Response:
    """Judge a job again."""
    key = key_of(environment, name)
    carry_out(wired, Resume(job=key, who=who))
    return back_to(form, job_path(*key))
