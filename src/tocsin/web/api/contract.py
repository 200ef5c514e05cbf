"""The description of the API for programs (OpenAPI), with the hot way in that the framework never sees."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from tocsin.web.api.shapes import CheckInResults, ErrorShape
from tocsin.web.wire import MAX_CHECK_INS, CheckInBody

_REF: Final = "#/components/schemas/{model}"

_INTRODUCTION: Final = """
Tocsin watches batch jobs and tells the right person, once, when one fails, runs late, hangs or goes quiet.

**Credentials**: `Authorization: Bearer …` with an ingest key (`tcs_in_…`, reports check-ins and nothing
else) or a user token (`tcs_us_…`). While none is configured everything is open, to this machine alone.

**Errors** have one form: `{"error": {"code", "message", "field", "faults"}}`. Status 503 carries
`Retry-After`; nothing was recorded then, and the same may be sent again.

**Lists** are `{"items": […], "next": cursor}`; give `next` as `cursor` to get the next page.
"""

_TAGS: Final = [
    {"name": "check-ins", "description": "What jobs say of themselves."},
    {"name": "jobs", "description": "What is watched, and what was promised of it."},
    {"name": "alerts", "description": "What is wrong, and who has it in hand."},
    {"name": "explanations", "description": "Why a job is judged as it is, and an alert told or not."},
    {"name": "groups", "description": "Alerts that are told together."},
    {"name": "silences", "description": "What is muted for a time."},
    {"name": "on-call", "description": "Who is called upon, and when."},
    {"name": "receivers", "description": "Who is told."},
    {"name": "reports", "description": "What was told, held back and taken in hand, looked back on."},
    {"name": "history", "description": "All of it, to be taken elsewhere or replayed."},
    {"name": "tokens", "description": "Who may do what."},
    {"name": "server", "description": "The server itself."},
]


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description of everything that is served, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=_INTRODUCTION, routes=app.routes, tags=_TAGS
        )
        _add_hot_way(schema)
        app.openapi_schema = schema
    return app.openapi_schema


def _add_hot_way(schema: dict[str, Any]) -> None:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name, adapter in (
        ("CheckInBody", TypeAdapter(CheckInBody)),
        ("CheckInResults", TypeAdapter(CheckInResults)),
        ("ErrorShape", TypeAdapter(ErrorShape)),
    ):
        own = adapter.json_schema(ref_template=_REF)
        schemas.update(own.pop("$defs", {}))
        schemas[name] = own
    schema["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"bearer": []}]
    schema["paths"]["/api/v1/check-ins"] = {"post": _check_ins()}
    for suffix, what in _PINGS.items():
        schema["paths"][f"/ping/{{key}}/{{job}}{suffix}"] = {"get": _ping(what), "post": _ping(what)}


_PINGS: Final = {
    "": "A run succeeded",
    "/start": "A run started",
    "/fail": "A run failed",
    "/log": "Something to keep, which changes nothing",
    "/{exit_code}": "A run ended: 0 is success, 1 to 255 failure",
}


def _check_ins() -> dict[str, Any]:
    one = _ref("CheckInBody")
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": MAX_CHECK_INS}
    return {
        "tags": ["check-ins"],
        "summary": "Report check-ins",
        "operationId": "report_check_ins",
        "description": (
            "One object, or a list of up to 1000. Answered 202 only once what was said is durable and "
            "judged. In a list the good ones are kept and each bad one is answered by its index. "
            "At most 4 MiB as sent and 16 MiB unpacked; gzip and deflate are understood. With `sent_at` a "
            "wrong clock at the sender is corrected: where it differs from ours by more than 2 s, `at` is "
            "shifted by the difference. `log_tail` keeps its last 10 000 characters, an error's message its "
            "first 2 000, a context value its first 1 000."
        ),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": [one, many]}}},
        },
        "responses": {
            "202": _answer("What became of each.", "CheckInResults"),
            "400": _answer("Not JSON, or nested too deeply."),
            "401": _answer("No key, or an unknown one."),
            "413": _answer("Too large."),
            "422": _answer("None of it can be used; says which field."),
            "503": _answer("Nothing was recorded; send it again later."),
        },
    }


def _answer(what: str, shape: str = "ErrorShape") -> dict[str, Any]:
    return {"description": what, "content": {"application/json": {"schema": _ref(shape)}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _REF.format(model=name)}


def _ping(what: str) -> dict[str, Any]:
    return {
        "tags": ["check-ins"],
        "summary": what,
        "description": (
            "For cron and curl, in the form that Healthchecks users know. `key` is an ingest key, or `-` "
            "while no credential is configured. `rid` is the run's id, `create=1` registers a job that is "
            "not known, `environment` says where it runs (production if left out). "
            "Of the body the last 10 kB are kept."
        ),
        "responses": {
            "200": {"description": "`OK`: it is durable."},
            "201": {"description": "`Created`: and the job is new."},
            "400": {"description": "`invalid url format`."},
            "404": {"description": "`not found`: the key, or the job without `create=1`."},
            "503": {"description": "Nothing was recorded; ping again later."},
        },
    }
