"""What every part of the grammar is made of."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from tocsin.config.problems import refuse, shown
from tocsin.config.references import STAND_IN, Missing, Origin, Secret, Surroundings, follow, located
from tocsin.errors import InvalidMatcher, InvalidSchedule, InvalidTemplate

MAX_NAME = 200
MAX_TEXT = 2_000
MAX_TEMPLATE = 8 * 1024
MAX_MINUTES = 366 * 24 * 60
MAX_SECONDS = MAX_MINUTES * 60
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.]{0,99}")


class Part(BaseModel):
    """A mapping of known keys; a key without a value is as good as left out."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)
    empty_means_something: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty_keys(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        ignorable = cls.model_fields.keys() - cls.empty_means_something
        aliases = {field.alias for field in cls.model_fields.values() if field.alias}
        return {k: v for k, v in data.items() if v is not None or k not in ignorable | aliases}


def read_by(reader: Callable[[str], object]) -> AfterValidator:
    """Return a check that `reader` can read a value, telling its complaint; the value stays as written."""

    def check(value: str) -> str:
        try:
            reader(value)
        except (InvalidSchedule, InvalidMatcher, InvalidTemplate, ValueError) as error:
            raise refuse(_sentence(error)) from None
        return value

    return AfterValidator(check)


def around(info: ValidationInfo) -> Surroundings:
    """Return what a value is read against."""
    given = info.context
    return given if isinstance(given, Surroundings) else Surroundings(environment={}, folder=Path())


def one_of_two(info: ValidationInfo, other: str) -> None:
    """Refuse a value that says again what `other` has already said."""
    if info.data.get(other) is not None:
        raise refuse(f"says the same as {other!r}; keep one of the two")


def usable_by(check: Callable[[str], object], stand_in: str = STAND_IN) -> AfterValidator:
    """Return a check of a secret; `check` raises ValueError with a complaint that does not repeat it.

    `stand_in` is what would do in the place of one that is not there, where none is needed.
    """

    def ask(secret: Secret) -> Secret:
        if secret.origin is Origin.ABSENT:
            return replace(secret, value=stand_in)
        try:
            check(secret.value)
        except ValueError as error:
            raise refuse(str(error)) from None
        return secret

    return AfterValidator(ask)


class OneOrMore:
    """A list that may be written as its only item."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the list's own schema, asked after a single item was wrapped."""
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema of the item, of the list, or of nothing."""
        whole = handler(core)
        return {"anyOf": [whole["items"], whole, {"type": "null"}]}


def _as_list(value: object) -> object:
    if value is None:
        return [{}]
    return value if isinstance(value, list) else [value]


def _sentence(error: Exception) -> str:
    text = str(error)
    return text or "cannot be read"


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise refuse(f"must be printable text without blanks around it, not {shown(text)}")
    return text


def _readable(text: str) -> str:
    if any(not letter.isprintable() and letter not in "\n\t" for letter in text):
        raise refuse("must not hold control characters")
    return text


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")) or not text.isprintable() or " " in text:
        raise refuse(f"must be a web address that starts with https:// or http://, not {shown(text)}")
    return text


def _secret(value: object, info: ValidationInfo) -> Secret:
    if not isinstance(value, str):
        raise refuse(f"must be text, not {shown(value)}")
    try:
        return _filled(follow(value, around(info)))
    except Missing as error:
        raise refuse(str(error)) from None


def _filled(secret: Secret) -> Secret:
    if not secret.value.strip():
        raise refuse("must not be empty")
    return secret


def _readable_file(value: str, info: ValidationInfo) -> str | None:
    path = located(value, around(info))
    if not around(info).needs_secrets and not path.is_file():
        return None
    try:
        with path.open("rb"):
            return str(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the path is not one"
        raise refuse(f"the file {str(path)[:200]!r} cannot be read: {reason}") from None


_SPAN = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?")


def read_span(text: str) -> timedelta:
    """Return the length that a text like "4h" or "1h30m" means; raises ValueError for anything else."""
    found = _SPAN.fullmatch(text.replace(" ", ""))
    if found is None or not any(found.groups()):
        raise ValueError(f"must be a length of time such as 4h, 30m or 1h30m, not {shown(text)}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(minutes=1) <= length <= timedelta(minutes=MAX_MINUTES):
        raise ValueError(f"must be from 1m to 366d, not {shown(text)}")
    return length


Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME), AfterValidator(_printable)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(_readable)]
WebAddress = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(_web_address)]
Minutes = Annotated[float, Field(ge=0, le=MAX_MINUTES, allow_inf_nan=False)]
LongMinutes = Annotated[float, Field(gt=0, le=MAX_MINUTES, allow_inf_nan=False)]
LongSeconds = Annotated[float, Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False)]
Span = Annotated[str, read_by(read_span)]
SecretText = Annotated[
    Secret, PlainValidator(_secret), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_TEXT})
]
ReadableFile = Annotated[str, AfterValidator(_readable_file)]
