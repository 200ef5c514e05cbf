"""Rules: which jobs, which condition, how bad, and how much is tolerated."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from tocsin.alerts.fingerprint import FIELDS, OF_ERRORS
from tocsin.alerts.matcher import read_matcher
from tocsin.config.grammar.base import (
    LABEL_NAME,
    MAX_TEMPLATE,
    Name,
    OneOrMore,
    Part,
    WebAddress,
    one_of_two,
    read_by,
)
from tocsin.config.grammar.failures import SeverityCases, SeverityWord
from tocsin.config.problems import closest, refuse, shown
from tocsin.jobs.state import MAX_RECENT
from tocsin.rules.judge import CONDITIONS
from tocsin.rules.limits import TAKEN, Choice, Limit, lacking
from tocsin.rules.pattern import compile_pattern

MAX_RULES = 1_000
MAX_MATCHERS = 50


def _condition(name: str) -> str:
    if name not in CONDITIONS:
        raise refuse(f"must be one of {', '.join(CONDITIONS)}, not {shown(name)}", closest(name, CONDITIONS))
    return name


def _fingerprint_field(name: str) -> str:
    if LABEL_NAME.fullmatch(name) is None:
        raise refuse(f"must be one of {', '.join(FIELDS)} or the name of a label, not {shown(name)}")
    if name in OF_ERRORS:
        raise refuse(f"a job that fails otherwise today is not mended: {name!r} cannot tell its alerts apart")
    return name


LIMITS = ("threshold", "page_threshold", "window_minutes", "least", "fewest")
CHOICES = ("direction", "of")
Number = Annotated[float, Field(allow_inf_nan=False)]
Word = Annotated[str, Field(max_length=50)]


def _limit_of(info: ValidationInfo) -> Limit | Choice | None:
    """Return what the condition says of a key; refuse a key that it has no use for."""
    condition, key = info.data.get("condition"), str(info.field_name)
    taken = TAKEN.get(str(condition), {})
    if condition is not None and key not in taken:
        which = f"; it takes {', '.join(taken)}" if taken else ""
        raise refuse(f"{condition} has no use for {key!r}{which}")
    return taken.get(key)


Matchers = Annotated[list[Annotated[str, read_by(read_matcher)]], OneOrMore(), Field(max_length=MAX_MATCHERS)]


def _check_template(text: str) -> None:
    from tocsin.notify.template import check_template  # noqa: PLC0415 -- Liquid is loaded for who writes templates

    check_template(text)


class MofN(Part):
    """A tolerance: so many bad ones among the last so many."""

    bad: Annotated[int, Field(ge=1, le=MAX_RECENT)]
    """How many bad ones are too many."""

    of: Annotated[int, Field(ge=1, le=MAX_RECENT)]
    """Among how many of the last ones."""

    @field_validator("of")
    @classmethod
    def _room_for_the_bad(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("bad", 0):
            raise refuse(f"must be at least as many as 'bad', not {shown(value)}")
        return value


class Rule(Part):
    """One rule: a condition that is watched on the jobs that match."""

    name: Name
    """What people call it; it is in every message."""

    condition: Annotated[
        str, AfterValidator(_condition), Field(json_schema_extra={"enum": sorted(CONDITIONS)})
    ]
    """What is wrong: `job_failure`, `missing_run` and so on; the reference lists every condition."""

    enabled: bool = True
    """Whether it is asked at all; `false` also switches off the default rule of its condition."""

    job_pattern: Annotated[str, read_by(compile_pattern)] | None = None
    """RE2 pattern, matched from the start of the job's name; left out: every job."""

    matchers: Matchers | None = None
    """Tests on labels, `job` and `environment` that must all pass: `env="prod"`, also `!=`, `=~`, `!~`."""

    severity: SeverityWord | None = None
    """How bad it is: info, warning, critical or page. Left out: as the condition itself says."""

    severity_by: SeverityCases | None = None
    """How bad it is by what failed, where, how often and at what cost: the first case that is so counts."""

    in_a_row: Annotated[int, Field(ge=1, le=MAX_RECENT)] | None = None
    """So many bad ones, one after the other, before the rule speaks; 1 if left out."""

    m_of_n: MofN | None = None
    """So many bad ones among the last so many before the rule speaks, in place of `in_a_row`."""

    message: Annotated[str, Field(max_length=MAX_TEMPLATE), read_by(_check_template)] | None = None
    """Liquid template of the message; `{job_id}`, `{error}` and the other plain placeholders work too."""

    runbook: WebAddress | None = None
    """Web address of the page that says what to do; it wins over the job's own."""

    fingerprint: (
        Annotated[
            list[Annotated[str, AfterValidator(_fingerprint_field)]], Field(min_length=1, max_length=20)
        ]
        | None
    ) = None
    """What makes two findings one alert: job, environment, condition (the usual), rule or labels."""

    threshold: Number | None = None
    """The limit of the condition, in its own unit; left out: the job's promise, or the usual one."""

    page_threshold: Number | None = None
    """The limit from which on it is a page, where the condition has two."""

    window_minutes: Number | None = None
    """How far back the condition looks, in minutes."""

    least: Number | None = None
    """What is too little to speak of, in the unit of the condition."""

    fewest: Number | None = None
    """How many runs of evidence the condition needs before it speaks."""

    direction: Word | None = None
    """Which side is wrong, where both can be."""

    of: Word | None = None
    """What is counted, where the condition can count one thing or another: runs or records."""

    @field_validator(*LIMITS)
    @classmethod
    def _possible_number(cls, value: float | None, info: ValidationInfo) -> float | None:
        limit = None if value is None else _limit_of(info)
        refusal = limit.refusal(value) if isinstance(limit, Limit) and value is not None else None
        if refusal is not None:
            raise refuse(refusal)
        return value

    @field_validator(*CHOICES)
    @classmethod
    def _possible_word(cls, value: str | None, info: ValidationInfo) -> str | None:
        limit = None if value is None else _limit_of(info)
        refusal = limit.refusal(value) if isinstance(limit, Choice) and value is not None else None
        if refusal is not None and isinstance(limit, Choice):
            raise refuse(refusal, closest(str(value), limit.words))
        return value

    @field_validator("page_threshold")
    @classmethod
    def _no_sooner_than_the_threshold(cls, value: float | None, info: ValidationInfo) -> float | None:
        threshold = info.data.get("threshold")
        if value is not None and threshold is not None and value < threshold:
            raise refuse(f"is reached before 'threshold' ({value:g} < {threshold:g}); swap the two")
        return value

    @field_validator("m_of_n")
    @classmethod
    def _one_tolerance(cls, value: MofN | None, info: ValidationInfo) -> MofN | None:
        if value is not None:
            one_of_two(info, "in_a_row")
        return value

    @model_validator(mode="after")
    def _can_speak(self) -> "Rule":
        given = [key for key in (*LIMITS, *CHOICES) if getattr(self, key) is not None]
        lack = lacking(self.condition, self.of or "", given)
        if lack is not None:
            raise refuse(lack)
        if self.window_minutes is not None and (self.in_a_row or self.m_of_n):
            raise refuse("counts all runs of its window, so that 'in_a_row' and 'm_of_n' mean nothing")
        return self


Rules = Annotated[list[Rule], Field(max_length=MAX_RULES)]
