"""`tocsin explain`: why a job is judged as it is, and why an alert is told, or is not."""

import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

import click

from tocsin.cli import options
from tocsin.cli.api import Api, Json, api_of
from tocsin.cli.jobs import found_job
from tocsin.cli.meant import MOST_LISTED, SHORTEST_BEGINNING, meant_id
from tocsin.cli.output import MAX_CELL, items_of, painted, print_json, say
from tocsin.notify.inert import line as inert_line

WIDTH: Final = 80
WIDEST: Final = 110
MOST_PASSED_OVER: Final = 20
STEP: Final = "  "


@click.command()
@click.argument("word", metavar="ALERT|JOB")
@options.environment
@options.output_format
@options.as_json
@options.server
def explain(word: str, environment: str, output_format: str, server: str | None, *, as_json: bool) -> None:
    """Tell why a job is judged as it is, or why an alert is told or not.

    Of a job: every rule, the facts that it compared, its verdict, when it is asked again, and the rules that
    do not look at it. Of an alert: what keeps it open, who hears of it by which route, what keeps it quiet,
    and when next. The first characters of an alert's ID suffice, at least four.
    """
    api = api_of(server)
    explained = _of_alert(api, word, whole=True)
    if explained is None and api.find("jobs", environment, word) is None:
        explained = _of_alert(api, word, whole=False)
    if explained is None:
        found_job(api, environment, word)
        explained = api.get("jobs", environment, word, "explanation")
    if as_json or output_format == "json":
        print_json(explained)
        return
    of_alert = "alert" in explained
    for line in _lines_of_alert(explained) if of_alert else _lines_of_job(explained):
        click.echo(line)
    if any(one.get("alert") for one in items_of({"items": explained.get("rules")})):
        say("why an alert is told or not: tocsin explain ID")


def _of_alert(api: Api, word: str, *, whole: bool) -> Json | None:
    """Return the explanation of an alert by its id, or by the beginning of it; None where there is none."""
    if whole:
        return api.find("alerts", word, "explanation")
    if len(word) < SHORTEST_BEGINNING:
        return None
    found = meant_id(word, items_of(api.pages("alerts", limit=MOST_LISTED, state="open")), "alerts")
    return None if found is None else api.get("alerts", found, "explanation")


def _lines_of_job(explained: Json) -> Iterator[str]:
    yield from _headed(
        f"{explained.get('job')} in {explained.get('environment')}", explained.get("next_look")
    )
    if explained.get("is_own"):
        yield "It is a job of Tocsin's own, which no rule judges."
    for opinion in items_of({"items": explained.get("rules")}):
        yield ""
        yield from _opinion(opinion)
    passed_over = items_of({"items": explained.get("not_asked")})
    if passed_over:
        yield ""
        yield "Rules that do not look at it"
    for passed in passed_over[:MOST_PASSED_OVER]:
        yield from _wrapped(f"{STEP}{passed.get('rule')} ({passed.get('condition')}): ", passed.get("text"))
    rest = len(passed_over) - MOST_PASSED_OVER
    if rest > 0:
        yield f"{STEP}and {rest} more; see all with --format json"


def _headed(name: str, next_look: object) -> Iterator[str]:
    yield _inert(name)
    yield from _wrapped("looked at again: ", next_look)


def _opinion(opinion: Mapping[str, object]) -> Iterator[str]:
    of = " of backfills" if opinion.get("of_backfills") else ""
    text = _inert(opinion.get("text"))
    severity = str(opinion.get("severity") or "")
    yield from _wrapped(f"{opinion.get('rule')} ({opinion.get('condition')}){of}: ", text, paint=severity)
    for fact in items_of({"items": opinion.get("facts")}):
        yield from _wrapped(f"{STEP}{fact.get('name')}: ", fact.get("value"))
    if opinion.get("ask_again"):
        yield from _wrapped(f"{STEP}asked again: ", opinion.get("ask_again"))
    if opinion.get("alert"):
        yield f"{STEP}alert: {opinion.get('alert')}"


def _lines_of_alert(explained: Json) -> Iterator[str]:
    alert = explained.get("alert")
    inner: Mapping[str, object] = alert if isinstance(alert, dict) else {}
    severity = str(inner.get("severity") or "")
    what = f"{severity}: {inner.get('summary')}"
    yield from _wrapped(f"alert {inner.get('id')}: ", what, paint=severity)
    yield from _wrapped("job: ", f"{inner.get('job')} in {inner.get('environment')}")
    yield from _wrapped("life: ", explained.get("life"))
    yield from _wrapped("why it is open: ", explained.get("standing_text"))
    yield from _wrapped("is it being told: ", explained.get("telling_text"))
    if explained.get("next_text"):
        yield from _wrapped("thought of again: ", explained.get("next_text"))
    hearers = items_of({"items": explained.get("hearers")})
    if hearers:
        yield ""
        yield "Who hears of it"
    for hearer in hearers:
        yield from _wrapped(f"{STEP}{hearer.get('receiver')} ({hearer.get('way')}): ", hearer.get("text"))
    if explained.get("escalation"):
        yield ""
        yield from _wrapped("escalation: ", explained.get("escalation"))
    for level in items_of({"items": explained.get("levels")}):
        targets = level.get("targets")
        told = ", ".join(map(str, targets)) if isinstance(targets, list) and targets else "nobody just now"
        yield from _wrapped(f"{STEP}{level.get('level')}. {level.get('name')}: ", told)
    opinion = explained.get("opinion")
    if isinstance(opinion, dict):
        yield ""
        yield from _opinion({**opinion, "alert": ""})


def _wrapped(label: str, text: object, *, paint: str = "") -> Iterator[str]:
    """Return a labelled text in lines that fit, the later ones indented below the first."""
    label, said = _inert(label, keeps_ends=True), _inert(text)
    indent = " " * (len(label) - len(label.lstrip())) + STEP
    lines = textwrap.wrap(
        label + said, _width(), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    for number, line in enumerate(lines):
        at = line.find(paint) if paint and number == 0 else -1
        yield line if at < 0 else line[:at] + painted(paint) + line[at + len(paint) :]


def _inert(text: object, *, keeps_ends: bool = False) -> str:
    """Return a stranger's text on one line, without anything that acts."""
    said = str(text or "")
    inert = inert_line(said, MAX_CELL)
    if not keeps_ends:
        return inert
    return " " * (len(said) - len(said.lstrip(" "))) + inert.strip() + " " * (said.endswith(" "))


def _width() -> int:
    if not sys.stdout.isatty():
        return WIDTH
    return max(40, min(shutil.get_terminal_size().columns, WIDEST))
