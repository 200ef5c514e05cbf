"""The schema that editors use says what the grammar says."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.config.conftest import ENVIRONMENT, SECRET
from tests.config.test_loading import ISSUE_EXAMPLE
from tests.config.test_promises import A10
from tocsin.cli.example import EXAMPLE
from tocsin.config.grammar.file import File
from tocsin.config.grammar.keys import every_key
from tocsin.config.reading import read
from tocsin.config.schema import json_schema
from tocsin.config.settings import ServerSettings
from tocsin.engine.configuration import Policy
from tocsin.jobs.sla import SLA
from tocsin.rules.rule import Rule

SCHEMA = json.loads(json_schema())
OF_TESTS = json.loads(json_schema("rules.test.yaml"))
ROOT = Path(__file__).parents[2]
KINDS = {"string": str, "boolean": bool, "array": list, "object": dict, "null": type(None)}
DEFINED = OF_TESTS["$defs"] | SCHEMA["$defs"]


def accepts(schema: dict[str, Any], value: Any) -> bool:  # noqa: ANN401 -- any JSON at all
    """Judge a value by the part of JSON Schema that the schemas use."""
    if "$ref" in schema:
        return accepts(DEFINED[schema["$ref"].rpartition("/")[2]], value)
    if "anyOf" in schema:
        return any(accepts(choice, value) for choice in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    if schema["type"] in ("number", "integer"):
        return is_number(schema, value)
    if not isinstance(value, KINDS[schema["type"]]):
        return False
    if isinstance(value, list):
        fits = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        return bool(fits) and all(accepts(schema["items"], item) for item in value)
    if isinstance(value, dict):
        return accepts_object(schema, value)
    if isinstance(value, str):
        return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))
    return True


def is_number(schema: dict[str, Any], value: Any) -> bool:  # noqa: ANN401 -- any JSON at all
    if isinstance(value, bool) or not isinstance(value, int if schema["type"] == "integer" else (int, float)):
        return False
    above = value >= schema.get("minimum", value) and value > schema.get("exclusiveMinimum", value - 1)
    return bool(above and value <= schema.get("maximum", value))


def accepts_object(schema: dict[str, Any], value: dict[str, Any]) -> bool:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties") or {"enum": []}
    return all(key in value for key in schema.get("required", ())) and all(
        accepts(properties.get(key, others), inner) for key, inner in value.items()
    )


@pytest.mark.parametrize(
    "text", [EXAMPLE, re.sub(r"(?m)^#(?! \S)", "", EXAMPLE), ISSUE_EXAMPLE, A10, "jobs: {a: , b: [{}]}"]
)
def test_files_that_can_be_used_fit_the_schema(text: str) -> None:
    assert accepts(SCHEMA, read(text.encode()).data)


@pytest.mark.parametrize(
    "text",
    [
        "jobs: {a: {deadlin: x}}",
        "jobs: {a: {deadline: 6}}",
        "rules: [{name: x}]",
        "rules: [{name: x, condition: nothing}]",
        "server: {port: 0}",
        "receivers: []",
        "defaults: {max_failure_rate: 2}",
        f"receivers: [{{name: a, webhook: {{secret: {SECRET}}}}}]",
    ],
)
def test_files_that_cannot_be_used_do_not_fit_the_schema(text: str) -> None:
    assert not accepts(SCHEMA, read(text.encode()).data)


@pytest.mark.parametrize("path", ["examples/flights", "docs/snippets/rule-tests"])
def test_tests_of_a_configuration_fit_a_schema_of_their_own(path: str) -> None:
    data: Any = read((ROOT / path / "rules.test.yaml").read_bytes()).data
    misspelt = data | {"tests": [*data["tests"], {"name": "x", "expects": []}]}

    assert (accepts(OF_TESTS, data), accepts(OF_TESTS, misspelt)) == (True, False)


def test_what_the_two_schemas_share_means_the_same() -> None:
    shared = OF_TESTS["$defs"].keys() & SCHEMA["$defs"].keys()

    assert {name: OF_TESTS["$defs"][name] for name in shared} == {n: SCHEMA["$defs"][n] for n in shared}


def test_every_key_is_described_in_the_schema_and_in_words_of_its_own() -> None:
    keys = every_key(File)
    assert [path for path, meaning in keys if len(meaning) < 15] == []
    assert {path for path, _ in keys} >= {
        "jobs.*.deadline",
        "receivers.email.to",
        "keys.users",
        "rules.m_of_n.bad",
    }
    properties = [part["properties"] for part in all_parts(SCHEMA) if "properties" in part]
    assert all("description" in schema for named in properties for schema in named.values())


def all_parts(value: object) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(part for inner in value.values() for part in all_parts(inner))]
    return [part for inner in value for part in all_parts(inner)] if isinstance(value, list) else []


def test_the_schema_names_its_dialect_and_no_made_up_titles() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert [part["title"] for part in all_parts(SCHEMA) if isinstance(part.get("title"), str)] == [
        "tocsin.yaml"
    ]


def test_the_schema_shows_nothing_of_this_machine() -> None:
    assert not any(value in json_schema() for value in ENVIRONMENT.values())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("jobs.*.grace_period_minutes", SLA().grace_period_minutes),
        ("jobs.*.severity_escalation.warning_minutes_before", SLA().warning_minutes_before),
        ("jobs.*.severity_escalation.critical_minutes_before", SLA().critical_minutes_before),
        ("rules.in_a_row", Rule(name="", condition="").in_a_row),
        ("alerts.deduplication.window_minutes", Policy().deduplication_window / timedelta(minutes=1)),
        ("alerts.deduplication.limit", Policy().deduplication_limit),
        ("alerts.fallback_after_minutes", Policy().fallback_after / timedelta(minutes=1)),
        ("alerts.give_up_after_hours", Policy().give_up_after / timedelta(hours=1)),
        ("alerts.flush_wait_minutes", Policy().flush_wait_for / timedelta(minutes=1)),
        ("retention.days", Policy().keep_logs_for / timedelta(days=1)),
        ("retention.run_days", Policy().keep_runs_for / timedelta(days=1)),
        ("server.port", ServerSettings().port),
    ],
)
def test_what_a_key_is_said_to_be_when_left_out_is_what_it_is(path: str, value: float) -> None:
    assert f"{value:g} if left out" in dict(every_key(File))[path]
