"""The reference page says what the code does."""

import json
import re
from pathlib import Path

import pytest

from tests.notify.messages import a_message
from tocsin.engine.pacing import DEFAULT_LIMITS
from tocsin.notify import retry, template, variables, wording
from tocsin.notify.channels.webhook import webhook_body
from tocsin.notify.message import MessageKind

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "channels.md").read_text(encoding="utf-8")


def shape(value: object) -> object:
    """Return the names in a JSON document, without what stands behind them."""
    if isinstance(value, dict):
        return {name: None if name == "labels" else shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) else None


def test_the_documented_body_has_the_fields_of_a_real_one() -> None:
    [documented] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

    assert shape(json.loads(documented)) == shape(json.loads(webhook_body(a_message())))


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_kind_of_message_is_explained(kind: MessageKind) -> None:
    assert f"`{kind.value}`" in PAGE


def test_every_variable_and_placeholder_is_listed() -> None:
    for name in variables.Variables.__dataclass_fields__:
        assert f"`{name}" in PAGE
    for name in variables.PLACEHOLDERS:
        assert f"`{{{name}}}`" in PAGE


def test_the_limits_of_each_kind_are_those_of_the_code() -> None:
    units = {1.0: "s", 60.0: "min", 3600.0: "h"}
    for kind, limits in DEFAULT_LIMITS.items():
        told = []
        for limit in limits:
            seconds = limit.every.total_seconds()
            size = max(size for size in units if seconds >= size)
            told.append(f"{limit.count} in {seconds / size:.0f} {units[size]}")
        assert re.search(rf"^\| [^|]*`{kind}`[^|]* \| {', '.join(told)} \|$", PAGE, re.MULTILINE), kind


def test_figures_and_colours_are_those_of_the_code() -> None:
    words = " ".join(PAGE.split())

    assert ", ".join(map(str, retry.BACKOFF_SECONDS[:-1])) + f" and {retry.BACKOFF_SECONDS[-1]} s" in words
    for colour in (*wording.COLOURS.values(), wording.RESOLVED_COLOUR):
        assert f"`{colour}`" in words
    for limit in (
        template.TEMPLATE_LIMIT,
        template.OUTPUT_LIMIT,
        template.LOOP_LIMIT,
        template.FILTER_CALLS_LIMIT,
    ):
        assert f"{limit:,}".replace(",", " ") in words
