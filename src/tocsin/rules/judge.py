"""The one question of this room, and the only file that knows every condition."""

from collections.abc import Callable, Mapping
from datetime import datetime

from tocsin.rules.conditions import job_failure, missing_run, no_data, sla_breach, stalled
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Verdict
from tocsin.rules.rule import Rule

Judge = Callable[[Rule, Facts, datetime], Verdict]

CONDITIONS: Mapping[str, Judge] = {
    job_failure.NAME: job_failure.judge,
    missing_run.NAME: missing_run.judge,
    sla_breach.NAME: sla_breach.judge,
    stalled.NAME: stalled.judge,
    no_data.NAME: no_data.judge,
}


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Return what a rule thinks of a job, and when to ask again.

    The law: with the same facts the finding, its severity and its reason stay the same at every
    instant before `ask_again_at`. A paused job is not judged.
    """
    if facts.job.paused_at is not None:
        return QUIET
    return CONDITIONS[rule.condition](rule, facts, now)
