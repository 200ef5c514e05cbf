"""The grammar as a JSON Schema, by which editors complete and check tocsin.yaml."""

import json

from tocsin.config.grammar.file import File

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> str:
    """Return the JSON Schema of the file as JSON text."""
    schema = File.model_json_schema()
    whole = {"$schema": DIALECT, "title": "tocsin.yaml", **_without_titles(schema)}
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
