"""The reference names everything there is, and the map names only what exists."""

import re
from dataclasses import fields
from datetime import timedelta

import pytest

from tests.docs.conftest import Served
from tests.docs.pages import DOCS, ROOT
from tocsin.alerts.alert import Reason
from tocsin.batch.config import RANGES, BatchConfig
from tocsin.cli.output import VERDICT_COLOURS
from tocsin.clock import SystemClock
from tocsin.config.grammar.telling import NOT_CHANNELS, Receiver
from tocsin.jobs.checkin import Answered, CheckInKind
from tocsin.quality.check import CheckVerdict
from tocsin.rules.conditions import job_failure, stalled
from tocsin.rules.failure_causes import CAUSES
from tocsin.rules.finding import Why
from tocsin.rules.judge import CONDITIONS
from tocsin.rules.signature import signature
from tocsin.store.rows import Counts, DeliveryOutcome, NotificationState
from tocsin.telemetry.metrics import Metrics
from tocsin.web.body import MAX_SENT, MAX_UNPACKED
from tocsin.web.check_in import MAX_LOG_TAIL, MAX_MESSAGE, MAX_METADATA_BYTES
from tocsin.web.wire import KNOWN, MAX_CHECK_INS, MAX_CONTEXT, MAX_LABELS, MAX_METRICS

REFERENCE = DOCS / "reference"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def named(text: str) -> set[str]:
    """Return every word that stands as code in a page."""
    return {word for code in re.findall(r"`([^`\n]+)`", text) for word in (code, *re.findall(r"\w+", code))}


def test_every_field_of_a_check_in_is_explained() -> None:
    assert sorted(KNOWN - named(page("check-ins"))) == []


def test_every_kind_and_every_answer_of_a_check_in_is_explained() -> None:
    words = {kind.value for kind in CheckInKind} | {answer.value for answer in Answered}

    assert sorted(words - named(page("check-ins"))) == []


@pytest.mark.parametrize(
    "limit",
    [
        f"1 to {MAX_CHECK_INS:_}",
        f"{MAX_SENT // 2**20} MiB as sent",
        f"{MAX_UNPACKED // 2**20} MiB unpacked",
        f"last {MAX_LOG_TAIL:_} characters",
        f"first {MAX_MESSAGE:_} kept",
        f"{MAX_METADATA_BYTES // 1024} KiB as JSON",
        f"at most {MAX_LABELS};",
        f"at most {MAX_METRICS} numbers",
        f"at most {MAX_CONTEXT} texts",
    ],
)
def test_the_limits_of_a_check_in_are_those_of_the_code(limit: str) -> None:
    assert limit.replace("_", " ") in page("check-ins")


def test_every_condition_has_a_section_with_its_reasons() -> None:
    text = page("conditions")
    sections = set(re.findall(r"^## (\w+)$", text, re.MULTILINE))

    assert sorted(CONDITIONS.keys() - sections) == []
    assert sorted({why.value for why in Why} - named(text)) == []


def test_the_default_waits_of_conditions_are_those_of_the_code() -> None:
    text = page("conditions")

    hours = job_failure.RETRY_PATIENCE / timedelta(hours=1)
    assert {1.0: "for one hour"}[hours] in text
    minutes = (stalled.LEAST_SILENCE // timedelta(minutes=1), stalled.LEAST_IDLE // timedelta(minutes=1))
    assert f"for {stalled.MISSED_HEARTBEATS} times" in text
    assert f"at least {minutes[0]} minutes" in text
    assert f"for {stalled.IDLE_HEARTBEATS} heartbeat intervals, and at least {minutes[1]} minutes" in text


def test_every_reason_and_every_state_of_an_alert_is_explained() -> None:
    words = {one.value for kind in (Reason, NotificationState, DeliveryOutcome) for one in kind}

    assert sorted(words - named(page("alerts"))) == []


def test_every_channel_is_explained() -> None:
    channels = set(Receiver.model_fields) - NOT_CHANNELS
    headings = {heading.lower() for heading in re.findall(r"^## (\w+)$", page("channels"), re.MULTILINE)}

    assert sorted(channels - headings) == []


def test_every_metric_is_explained(served: Served) -> None:
    metrics = Metrics(SystemClock())
    metrics.delivered("team/slack", ok=True, seconds=0.1)
    metrics.suppressed("silenced")
    metrics.set_aside("a rule")
    metrics.refused("unknown_key", 1)
    counts = Counts(jobs=1, open_alerts=0, pending=0, dead=0, oldest_pending_at=None)
    rendered = metrics.render(counts).decode() + served.text("/metrics")
    names = set(re.findall(r"^([a-z][a-z_]+)[ {]", rendered, re.MULTILINE))

    assert len(names) > 15
    assert sorted(name for name in names - named(page("metrics")) if not name.endswith("_created")) == []


def test_no_metric_is_explained_that_does_not_exist(served: Served) -> None:
    explained = {word for word in named(page("metrics")) if re.match(r"(batch_alerts|tocsin)_\w+$", word)}
    labelled = {
        "batch_alerts_channel_success_total",
        "batch_alerts_channel_failure_total",
        "tocsin_delivery_seconds_total",
        "tocsin_notifications_suppressed_total",
        "tocsin_rules_set_aside_total",
        "tocsin_occurrences_decided_total",
        "tocsin_check_ins_refused_total",
        "tocsin_heartbeat_age_seconds",
    }
    names = set(re.findall(r"^([a-z][a-z_]+)[ {]", served.text("/metrics"), re.MULTILINE))

    assert sorted(explained - names - labelled) == []


def test_every_address_of_the_api_is_explained_with_its_methods(served: Served) -> None:
    text, missing = page("api"), []
    for path, methods in served.ask("GET", "/openapi.json")[1]["paths"].items():
        row = re.search(rf"^\| `{re.escape(path)}` \| ([A-Z ]+) \|", text, re.MULTILINE)
        wanted = {method.upper() for method in methods}
        if f"`{path}`" not in text or (row and set(row[1].split()) != wanted):
            missing.append(f"{path} {sorted(wanted)}")

    assert missing == []


def test_every_file_that_the_map_names_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    files = re.findall(r"`([\w./]+\.(?:py|md|toml|sql))`", text)

    assert len(files) > 20
    places = (ROOT, ROOT / "src" / "tocsin", ROOT / "tests")
    assert [file for file in files if not any((place / file).exists() for place in places)] == []


def test_every_decision_has_the_form_of_one_and_is_listed() -> None:
    listed = (DOCS / "adr" / "README.md").read_text(encoding="utf-8")
    for decision in sorted((DOCS / "adr").glob("0*.md")):
        text = decision.read_text(encoding="utf-8")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert re.match(rf"# {decision.name[:4]}: ", text), decision.name
        assert "**Status**: " in text, decision.name
        assert headings == ["Context", "Decision", "Consequences"], decision.name
        assert f"]({decision.name})" in listed, decision.name


@pytest.mark.parametrize("name", CAUSES)
def test_every_cause_of_a_failure_is_explained_with_its_class(name: str) -> None:
    cause = CAUSES[name]

    assert f"| `{name}` | {cause.failure_class.value} | {cause.said} | " in page("failures")


def test_the_signatures_shown_are_those_of_the_errors_shown() -> None:
    shown = re.findall(r"\| `([^`]+)` \| `([^`]+)` \|", page("failures").partition("## Signature")[2])

    assert len(shown) == 2
    assert [signature(error) for error, _ in shown] == [signed for _, signed in shown]


def test_every_setting_of_a_pipeline_is_explained_with_its_range_and_default() -> None:
    rows = {
        cells[0].strip("` "): cells[1:]
        for line in page("batch-pipeline").splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
    }

    for setting in fields(BatchConfig):
        range_, default = rows[setting.name][0], rows[setting.name][1].strip("`")
        least_and_most = RANGES.get(setting.name)
        assert range_ == ("" if least_and_most is None else " to ".join(f"{one:,}" for one in least_and_most))
        assert default == _as_shown(setting.default)


def _as_shown(default: object) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"{default:,.10g}" if isinstance(default, int | float) else str(default)


def test_every_verdict_of_a_check_is_explained_and_has_a_colour() -> None:
    for verdict in CheckVerdict:
        (row,) = [
            line for line in page("data-checks").splitlines() if line.startswith(f"| `{verdict.value}` |")
        ]
        assert row.endswith("| yes |") is verdict.is_failed, row
        assert f"`{verdict.value}`" in page("conditions")
        assert verdict.value in VERDICT_COLOURS
