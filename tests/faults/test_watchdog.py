"""The real server sends its sign of life, is killed, and sends it again after its start."""

from pathlib import Path
from threading import Event

import pytest

from tests.contracts.receivers import HttpReceiver
from tests.contracts.situations import Situation
from tests.faults.served import Served
from tocsin.clock import monotonic

SECRET = "5d2c1e0a-7b1f-4a55"
BEATS_WITHIN_SECONDS = 60.0
SILENT_SECONDS = 1.0


def wait_for(outside: HttpReceiver, count: int) -> None:
    until, waiting = monotonic() + BEATS_WITHIN_SECONDS, Event()
    while len(outside.received) < count:
        assert monotonic() < until, "no sign of life has come"
        waiting.wait(0.1)


@pytest.mark.timeout(240)
def test_the_sign_of_life_of_a_real_server_stays_away_while_it_is_dead(tmp_path: Path) -> None:
    with HttpReceiver(Situation.ACCEPTS) as outside:
        (tmp_path / "beat").write_text(f"{outside.url}/{SECRET}\n")
        config = tmp_path / "tocsin.yaml"
        config.write_text("watchdog: {heartbeat_url: 'file:beat'}\n")
        served = Served(tmp_path, config, str(tmp_path / "tocsin.db"))
        served.start()
        wait_for(outside, 1)
        audit = served.ask("GET", "/api/v1/health").json["audit"]
        served.kill()
        Event().wait(SILENT_SECONDS)
        assert len(outside.received) == 1

        served.start()
        wait_for(outside, 2)
        shown = served.ask("GET", "/api/v1/health").body + served.ask("GET", "/metrics").body
        served.stop()

    assert {one.first for one in outside.received} == {f"GET /{SECRET} HTTP/1.1"}
    assert (audit["status"], audit["heartbeat"], audit["heartbeat_fault"]) == ("clean", True, "")
    assert audit["heartbeat_at"] is not None
    assert SECRET not in shown.decode() + served.log()
