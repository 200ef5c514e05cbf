"""From the file to the vendor: what is configured is told, through the real engine, by every way at once."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.receivers import HttpReceiver, SmtpReceiver
from tests.contracts.situations import Situation
from tests.contracts.vendors import Alertmanager, PagerDuty, Teams
from tests.web.served import Served, fresh, serving, wait_until
from tocsin.alerts.group import EACH_ALONE
from tocsin.config.loading import load_text

KEY = "0123456789abcdef0123456789abcdef"
ACCEPTS = Situation.ACCEPTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """What stands at the other ends."""

    pagerduty: PagerDuty
    teams: Teams
    alertmanager: Alertmanager
    other: HttpReceiver
    mail: SmtpReceiver

    @property
    def file(self) -> str:
        """The configuration that leads to them."""
        return f"""
receivers:
  - name: everybody
    pagerduty: {{routing_key: {KEY}, url: "{self.pagerduty.url}/v2/enqueue"}}
    teams: {{url: "{self.teams.url}/workflows/x"}}
    webhook: {{url: "{self.alertmanager.url}/hook", format: alertmanager}}
    apprise: {{url: "json://127.0.0.1:{self.other.port}/x"}}
    email:
      host: 127.0.0.1
      port: {self.mail.port}
      tls: none
      from: tocsin@example.com
      to: maria@example.com
      digest: "08:00"
"""


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with ExitStack() as stack:
        yield Vendors(
            pagerduty=stack.enter_context(PagerDuty(ACCEPTS)),
            teams=stack.enter_context(Teams(ACCEPTS)),
            alertmanager=stack.enter_context(Alertmanager(ACCEPTS)),
            other=stack.enter_context(HttpReceiver(ACCEPTS)),
            mail=stack.enter_context(SmtpReceiver(ACCEPTS)),
        )


@pytest.fixture(scope="module")
def told(vendors: Vendors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("ways")
    loaded = load_text(vendors.file.encode(), {}, source="tocsin.yaml", folder=Path(folder))
    with serving(folder) as served:
        policy = replace(loaded.configuration.policy, pace=EACH_ALONE)
        served.engine.reconfigure(replace(loaded.configuration, policy=policy), loaded.channels)
        yield served


def events(vendors: Vendors, alert_id: str) -> list[Any]:
    """Return what PagerDuty was told of one alert: of those of other tests it may still hear."""
    told = [json.loads(one.body) for one in list(vendors.pagerduty.received)]
    return [event for event in told if event["dedup_key"] == f"tocsin/{alert_id}"]


def test_a_test_is_taken_by_every_vendor(told: Served, vendors: Vendors) -> None:
    test_id = told.ask("POST", "/api/v1/receivers/everybody/test").json["id"]

    def states() -> dict[str, str]:
        return {one["target"]: one["state"] for one in told.get(f"/api/v1/tests/{test_id}")["items"]}

    wait_until(lambda: not {"pending", "sending"} & set(states().values()))

    kinds = ("pagerduty", "teams", "webhook", "apprise", "email")
    assert states() == {f"everybody/{kind}": "sent" for kind in kinds}
    assert any(b"this is a test of Tocsin" in letter.body for letter in vendors.mail.received)


def test_an_incident_follows_the_life_of_its_alert(told: Served, vendors: Vendors) -> None:
    job = fresh()
    told.report({"job": job, "kind": "fail", "run": "a"})
    [alert_id] = [one["id"] for one in told.get("/api/v1/alerts")["items"] if one["job"] == job]
    wait_until(lambda: events(vendors, alert_id))

    told.ask("POST", f"/api/v1/alerts/{alert_id}/acknowledge", {})
    told.report({"job": job, "kind": "success", "run": "b"})
    wait_until(lambda: len(events(vendors, alert_id)) >= 3)

    life = [event["event_action"] for event in events(vendors, alert_id)]
    assert life == ["trigger", "acknowledge", "resolve"]


def test_who_is_told_daily_is_not_told_at_once(told: Served, vendors: Vendors) -> None:
    job = fresh()
    told.report({"job": job, "kind": "fail"})
    wait_until(lambda: any(job.encode() in card.body for card in list(vendors.teams.received)))

    assert all(job.encode() not in letter.body for letter in vendors.mail.received)


def test_no_address_and_no_key_is_shown_by_the_api(told: Served) -> None:
    shown = told.ask("GET", "/api/v1/health").text + told.ask("GET", "/api/v1/alerts?state=all").text

    assert KEY not in shown
    assert "/workflows/x" not in shown
