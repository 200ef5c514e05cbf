"""Rules that watch none of the jobs of the file: mostly a name that is spelled wrong."""

import re
from collections.abc import Iterable, Iterator

from tocsin.alerts.matcher import Matcher, match_all, read_matcher
from tocsin.config.grammar.file import File
from tocsin.config.grammar.rules import Rule
from tocsin.config.problems import MAX_SHOWN, Fault, Place, closest
from tocsin.config.promises import placed_definitions
from tocsin.jobs.job import Definition, JobKey
from tocsin.rules.pattern import compile_pattern

_SIGNS = re.compile(r"[\\^$.*+?()\[\]{}|]+")


def unmatched_rules(file: File) -> Iterator[Fault]:
    """Return each rule whose pattern or matchers fit none of the jobs that the file lists, by name.

    Without any job in the file nothing is said: then all of them are known by their check-ins alone.
    """
    labels = [
        {**dict(definition.labels), "job": key.name, "environment": key.environment}
        for _, key, definition in placed_definitions(file)
    ]
    if not labels:
        return
    for number, rule in enumerate(file.rules or ()):
        if rule.enabled and not _fits_any(rule, labels):
            place, meant = _meant(rule, ("rules", number), labels)
            message = f"rule {rule.name[:MAX_SHOWN]!r} fits none of the {len(labels)} jobs of this file"
            yield Fault(place=place, message=message, suggestion=meant)


def fits(rule: Rule, key: JobKey, definition: Definition) -> bool:
    """Whether a rule watches a job of the file."""
    return _fits_any(rule, [{**dict(definition.labels), "job": key.name, "environment": key.environment}])


def _fits_any(rule: Rule, labels: Iterable[dict[str, str]]) -> bool:
    pattern = compile_pattern(rule.job_pattern) if rule.job_pattern else None
    matchers = _matchers(rule)
    return any(
        (pattern is None or pattern.match(job["job"]) is not None) and match_all(matchers, job)
        for job in labels
    )


def _matchers(rule: Rule) -> list[Matcher]:
    return [read_matcher(text) for text in rule.matchers or ()]


def _meant(rule: Rule, place: Place, labels: list[dict[str, str]]) -> tuple[Place, str | None]:
    """Return where the rule says which jobs it is for, and the nearest value that some job has."""
    names = [job["job"] for job in labels]
    if rule.job_pattern:
        pattern = compile_pattern(rule.job_pattern)
        if not any(pattern.match(name) is not None for name in names):
            within = any(pattern.search(name) is not None for name in names)
            meant = f".*{rule.job_pattern}" if within else _near(rule.job_pattern, names)
            return (*place, "job_pattern"), meant
    for number, matcher in enumerate(_matchers(rule)):
        if not any(matcher.matches(job) for job in labels):
            known = {job[matcher.name] for job in labels if matcher.name in job}
            meant = _near(matcher.value, known)
            return (*place, "matchers", number), meant and f'{matcher.name}="{meant}"'
    return (*place, "job_pattern" if rule.job_pattern else "matchers"), None


def _near(pattern: str, known: Iterable[str]) -> str | None:
    return closest(_SIGNS.sub("", pattern), known)
