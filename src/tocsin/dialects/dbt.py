"""dbt: what its tests and its looks at sources have found.

`run_results.json` tells of tests, `sources.json` of how fresh sources are
(https://docs.getdbt.com/reference/artifacts/run-results-json, …/sources-json). dbt 2 writes `freshness.json`,
and capital statuses. What a test is about stands in `manifest.json` beside them.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from tocsin.errors import InvalidResults
from tocsin.jobs.checks import Check, Metric
from tocsin.quality.check import CheckVerdict, Judged
from tocsin.quality.told import (
    CRITICAL,
    Told,
    instant,
    judged_alike,
    mapping,
    number,
    over,
    read_as,
    text,
    told_apart,
    under,
)

MANIFEST: Final = "manifest.json"
_VERDICTS: Final = {
    "pass": CheckVerdict.PASS,
    "warn": CheckVerdict.WARN,
    "fail": CheckVerdict.FAIL,
    "skipped": CheckVerdict.NO_DATA,
}
_LEFT_OUT: Final = ("reused", "no-op")
_BROKEN: Final = ("error", "fail", "runtime error", "partial success")
_TESTS: Final = ("test.", "unit_test.")
_SECONDS: Final = {"minute": 60.0, "hour": 3_600.0, "day": 86_400.0}
_LIMIT: Final = re.compile(r"\s*(!=|<>|>=|<=|>|<)\s*(-?[0-9]{1,15})\s*", re.ASCII)

Limits = tuple[float | None, float | None]
"""The smallest and the largest good value."""


class Node(msgspec.Struct, frozen=True, gc=False):
    """What a manifest says of a test: its column, the model it is about, and when it fails."""

    column_name: object = None
    attached_node: object = None
    tags: object = None
    config: object = None


class _Manifest(msgspec.Struct, frozen=True):
    nodes: dict[str, Node]


class _Result(msgspec.Struct, frozen=True, gc=False):
    unique_id: str
    status: str | None = None
    state: str | None = None
    message: object = None
    failures: object = None
    error: object = None
    max_loaded_at_time_ago_in_s: object = None
    criteria: object = None

    @property
    def word(self) -> str:
        """Its status, in the small letters of dbt 1."""
        return (self.status or self.state or "").lower()


class _Results(msgspec.Struct, frozen=True):
    results: list[_Result]
    metadata: object = None


def is_spoken(document: object) -> bool:
    """Whether a parsed JSON is of dbt."""
    results = mapping(document).get("results")
    schema = text(mapping(mapping(document).get("metadata")).get("dbt_schema_version"))
    if "/run-results/" in schema or "/sources/" in schema:
        return True
    return isinstance(results, list) and bool(results) and "unique_id" in mapping(results[0])


def read_manifest(content: bytes) -> Mapping[str, Node]:
    """Return what a manifest says of each node; raises InvalidResults where it cannot be read."""
    try:
        return msgspec.json.decode(content, type=_Manifest).nodes
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidResults(str(error)) from None


def translate(document: object, nodes: Mapping[str, Node]) -> Told:
    """Return what the tests of a run have found, or how fresh sources were; raises InvalidResults."""
    read = read_as(document, _Results)
    metadata = mapping(read.metadata)
    asked = [one for one in read.results if one.word not in _LEFT_OUT]
    tests = [one for one in asked if one.unique_id.startswith(_TESTS)]
    looks = [one for one in asked if one.criteria is not None or one.error is not None]
    judged = [_test(one, nodes.get(one.unique_id, Node())) for one in tests] + [_look(one) for one in looks]
    ids = tuple(one.unique_id.rpartition(".")[2] for one in tests + looks)
    return Told(
        tool=f"dbt {text(metadata.get('dbt_version'))}".strip(),
        judged=told_apart(tuple(judged), ids),
        run=text(metadata.get("invocation_id")),
        at=instant(metadata.get("generated_at")),
        trouble=_trouble([one for one in asked if one not in tests and one not in looks]),
        left_out=len(read.results) - len(asked),
    )


def _test(result: _Result, node: Node) -> Judged:
    verdict, config = _VERDICTS.get(result.word, CheckVerdict.ERROR), mapping(node.config)
    warns = text(config.get("severity")).lower() == "warn" or (not config and verdict is CheckVerdict.WARN)
    soft = _good(config.get("warn_if"), result.failures)
    hard = soft if warns else _good(config.get("error_if"), result.failures)
    check = Check(
        id=_name(result.unique_id),
        metric=Metric.CUSTOM,
        least=hard[0],
        most=hard[1],
        warn_least=None if soft == hard else soft[0],
        warn_most=None if soft == hard else soft[1],
        severity="warning" if warns else CRITICAL,
    )
    said = text(result.message) or _counted(number(result.failures)) or _in_words(result.word)
    return judged_alike(check, verdict, f"{said}{_about(node)}", number(result.failures))


def _good(condition: object, failures: object) -> Limits:
    """Return what is good by a condition under which a test fails: `!= 0`, which is dbt's own, or `>10`."""
    found = _LIMIT.fullmatch(text(condition) or "!= 0")
    if found is None:
        return None, None
    limit = float(found[2])
    match found[1]:
        case ">":
            return None, limit
        case ">=":
            return None, under(limit, failures)
        case "<":
            return limit, None
        case "<=":
            return over(limit, failures), None
        case _:
            return (limit or None), limit


def _counted(failures: float | None) -> str:
    return "" if failures is None else f"{failures:,.10g} failed"


def _in_words(status: str) -> str:
    return "skipped: what it tests was not built" if status == "skipped" else f"dbt says {status!r}"


def _about(node: Node) -> str:
    """Return what a test is about: ` (orders.email; tags nightly)`."""
    model, column = text(node.attached_node).rpartition(".")[2], text(node.column_name)
    tags = node.tags if isinstance(node.tags, list) else []
    parts = (
        ".".join(filter(None, (model, column))),
        f"tags {', '.join(map(text, tags[:10]))}" if tags else "",
    )
    told = "; ".join(filter(None, parts))
    return f" ({told})" if told else ""


def _look(result: _Result) -> Judged:
    """Return how fresh a source, or with dbt 2 a model, was found."""
    criteria, age = mapping(result.criteria), number(result.max_loaded_at_time_ago_in_s)
    warn, fail = (_seconds(criteria.get(key)) for key in ("warn_after", "error_after"))
    verdict = _VERDICTS.get(result.word, CheckVerdict.ERROR)
    if result.word == "error" and age is not None:
        verdict = CheckVerdict.FAIL
    check = Check(
        id=f"freshness of {_name(result.unique_id)}",
        metric=Metric.FRESHNESS,
        most=warn if fail is None else fail,
        warn_most=None if fail is None else warn,
        severity="warning" if fail is None and verdict is not CheckVerdict.FAIL else CRITICAL,
    )
    said = text(result.error) or text(result.message)
    if age is not None:
        said = f"{age:,.0f} s old"
    return judged_alike(check, verdict, said or _in_words(result.word), age)


def _seconds(promise: object) -> float | None:
    count, unit = number(mapping(promise).get("count")), mapping(promise).get("period")
    return None if count is None or unit not in _SECONDS else count * _SECONDS[unit]


def _name(unique_id: str) -> str:
    """Return what people call a node: its id without kind, project and, of a test, the hash at its end."""
    kind, *parts = unique_id.split(".")
    return ".".join(parts[1:2] if kind == "test" else parts[1:]) or unique_id


def _trouble(others: list[_Result]) -> str:
    broken = [one for one in others if one.word in _BROKEN]
    if not broken:
        return ""
    more = f", and {len(broken) - 1} more could not be built" if len(broken) > 1 else ""
    return f"{broken[0].unique_id} could not be built: {text(broken[0].message)[:300] or 'no reason'}{more}"
