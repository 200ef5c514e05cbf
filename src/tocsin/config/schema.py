"""The grammar as a JSON Schema, by which editors complete and check what people write."""

import json

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from tocsin.config.grammar.base import Part
from tocsin.config.grammar.data_checks import DataChecks
from tocsin.config.grammar.file import File
from tocsin.config.grammar.rule_tests import RuleTests
from tocsin.config.grammar.words import words_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILES: dict[str, type[Part]] = {
    "tocsin.yaml": File,
    "rules.test.yaml": RuleTests,
    "checks.yaml": DataChecks,
}


def json_schema(name: str = "tocsin.yaml") -> str:
    """Return the JSON Schema of a file, one of FILES by its name, as JSON text."""
    schema = FILES[name].model_json_schema(schema_generator=_WithDescriptions)
    whole = {"$schema": DIALECT, "title": name, **_without_titles(schema)}
    return json.dumps(whole, indent=2, ensure_ascii=False)


def _without_titles(schema: dict[str, object]) -> dict[str, object]:
    """Leave out the titles that the library makes up from the names; the names say as much."""
    return {name: _within(name, value) for name, value in schema.items() if name != "title"}


def _within(name: str, value: object) -> object:
    if isinstance(value, dict):
        named = name in ("properties", "$defs")
        return {k: _within("", v) for k, v in value.items()} if named else _without_titles(value)
    if isinstance(value, list):
        return [_within("", item) for item in value]
    return value


class _WithDescriptions(GenerateJsonSchema):
    """Describes each key by the words that stand below it in the grammar."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return the schema of one part of the grammar."""
        described = super().model_schema(schema)
        part = schema["cls"]
        keys = described.get("properties", {})
        for name, words in words_of(part).items():
            keys[part.model_fields[name].alias or name]["description"] = words
        return described
