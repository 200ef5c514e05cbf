"""What the documentation shows is a file, and every file does what it is shown for."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from standardwebhooks import Webhook

from tests.dialects.written import RESULTS
from tests.docs.conftest import Served
from tests.docs.pages import DOCS, SNIPPETS, blocks, snippets, text_of
from tests.docs.running import ENVIRONMENT, SECRET, run
from tocsin.clock import now
from tocsin.config.data_checks import load_checks
from tocsin.config.loading import load_text

HELD_TO_FILES = {"yaml", "sh", "python", "json"}
OF_OTHERS = {"alertmanager/alertmanager.yaml", "api/prometheus.yaml"}
# What is shown and not run, and why.
SHOWN_ONLY = {
    "backup/restore.sh": "starts a server that does not end",
    "servers/dump.sh": "is PostgreSQL's own tool",
}
# Folders whose scripts and programs run in an order and on data of their own, and where.
ON_THEIR_OWN = {
    "data-tutorial": "test_data_tutorial.py",
    "data-checks/by-example": "test_data_checks.py",
    "engines": "test_engines.py",
}
# Programs that run in another test, and where.
ELSEWHERE = {
    "spark/events.py": "tests/batch/spark/test_on_spark.py, which has a Spark",
    "import-checks/contract.py": "tests/cli/test_quality_import.py, with a stand-in for Soda",
}
# Files that a script reads, and what has been written there before.
READS = {
    "import-checks/dbt.sh": ("target/run_results.json", "run_results.json"),
    "import-checks/freshness.sh": ("target/sources.json", "sources.json"),
    "import-checks/expectations.sh": ("validation.json", "validation_1.json"),
    "import-checks/soda.sh": ("scan.json", "soda_scan.json"),
}
# Scripts that read the configuration shown on their own page; the others read that of the tutorial.
BESIDE = {
    "routing/test.sh": "routing",
    "rule-tests/test.sh": "rule-tests",
    "rule-tests/ci.sh": "rule-tests",
}
# Programs that have run before the scripts on their page, in the same folder.
RUN_BEFORE = {"dead-letters": "dead-letters/orders.py"}
RULE_TESTS = "rule-tests/rules.test.yaml"
DATA_CHECKS = {n for n in snippets(".yaml") if n.startswith("data-checks/") or n.endswith(".checks.yaml")}
EXITS_WITH = {"tutorial/bad.sh": 1, **dict.fromkeys(READS, 1)}
WRITTEN_ON = date(2026, 11, 22)


def run_here(suffix: str) -> list[str]:
    """Return the scripts or programs that are run in this file."""
    elsewhere = {*SHOWN_ONLY, *ELSEWHERE}
    return [n for n in snippets(suffix) if n not in elsewhere and str(Path(n).parent) not in ON_THEIR_OWN]


def test_every_block_of_code_is_a_file_word_for_word() -> None:
    loose = [str(b) for b in blocks() if b.language in HELD_TO_FILES and not b.name]
    different = [str(b) for b in blocks() if b.name and b.text != text_of(b.name)]

    assert (loose, different) == ([], [])


def test_every_file_is_shown() -> None:
    assert sorted(set(snippets()) - {block.name for block in blocks()}) == []


@pytest.mark.parametrize("name", sorted(DATA_CHECKS))
def test_every_file_of_checks_can_be_used(name: str) -> None:
    assert load_checks(SNIPPETS / name).checks


@pytest.mark.parametrize(
    "name", [n for n in snippets(".yaml") if n not in {*OF_OTHERS, *DATA_CHECKS, RULE_TESTS}]
)
def test_every_configuration_can_be_used(name: str, tmp_path: Path) -> None:
    for file in ("fullchain.pem", "privkey.pem"):
        (tmp_path / file).touch()
    for beside in (SNIPPETS / name).parent.glob("sla.yaml"):
        shutil.copy(beside, tmp_path)
    text = text_of(name).replace("/etc/tocsin/", "")

    loaded = load_text(text.encode(), ENVIRONMENT, source=name, folder=tmp_path)

    assert loaded.warnings == ()


@pytest.mark.parametrize("name", sorted(OF_OTHERS))
def test_every_configuration_of_another_program_can_be_read(name: str) -> None:
    assert yaml.safe_load(text_of(name))


@pytest.mark.parametrize("name", snippets(".json"))
def test_every_check_in_is_taken(name: str, served: Served) -> None:
    status, answer = served.ask("POST", "/api/v1/check-ins", text_of(name))

    assert status == 202, answer
    assert {result["status"] for result in answer["results"]} <= {"accepted", "duplicate"}


@pytest.mark.parametrize("name", run_here(".py"))
def test_every_program_runs_and_reports_well(name: str, served: Served, tmp_path: Path) -> None:
    done = run([sys.executable, str(SNIPPETS / name)], served, tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    if name.startswith("python/"):
        job = served.ask("GET", "/api/v1/jobs/production/daily_orders")[1]
        assert job["last_run"]["status"] == "success"


def script_of(name: str, served: Served) -> str:
    """Return a script with what stands for the reader's own in its place."""
    text = text_of(name).replace("127.0.0.1:8465", served.address)
    if "tocsin ack" in text:
        text = text.replace("3f08", served.fail("nightly_report"))
    if "silence expire" in text or "silence extend" in text:
        body = json.dumps({"matchers": ['job="x"'], "for_minutes": 5})
        text = text.replace("9c1e44d0a7b2f380", served.ask("POST", "/api/v1/silences", body)[1]["id"])
    if "override remove" in text:
        body = json.dumps({"responder": "cyd", "ends_at": (now() + timedelta(days=1)).isoformat()})
        made = served.ask("POST", "/api/v1/oncall/schedules/payments/overrides", body)[1]["id"]
        text = text.replace("9c1e44d0a7b2f380", made)
    return in_days_to_come(text) if "tocsin oncall" in text else text


def in_days_to_come(text: str) -> str:
    """Return a text with its days of December 2026 moved by as many weeks as have gone since it was written.

    It takes two turns at a time: who is on call in a week of the text is so in the week that this becomes.
    """
    turns = timedelta(weeks=2)
    gone = -((WRITTEN_ON - now().date()) // turns) * turns

    def moved(found: re.Match[str]) -> str:
        return f"{date(2026, 12, int(found[2])) + gone:%Y{found[1]}%m{found[1]}%d}"

    return re.sub(r"2026(-?)12-?([0-9]{2})", moved, text)


@pytest.mark.parametrize("name", run_here(".sh"))
def test_every_script_does_its_work(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    served: Served = request.getfixturevalue("own_server" if "token create" in text_of(name) else "served")
    served.fail("nightly_backup")
    folder = tmp_path / "here"
    folder.mkdir()
    shutil.copy(SNIPPETS / BESIDE.get(name, "tutorial") / "tocsin.yaml", folder)
    shutil.copy(SNIPPETS / RULE_TESTS, folder)
    if program := RUN_BEFORE.get(str(Path(name).parent)):
        shutil.copy(SNIPPETS / program, folder)
        assert run([sys.executable, Path(program).name], served, folder).returncode == 0
    if reads := READS.get(name):
        (folder / reads[0]).parent.mkdir(exist_ok=True)
        shutil.copy(RESULTS / reads[1], folder / reads[0])
    (folder / "orders.csv").write_text("id,amount\n" + "".join(f"{n},{n % 7}\n" for n in range(100)))
    (folder / "holiday.ics").write_text(in_days_to_come(text_of("on-call/holiday.ics")))

    done = run(["bash", "-euc", script_of(name, served)], served, folder)

    assert done.returncode == EXITS_WITH.get(name, 0), done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(SHOWN_ONLY))
def test_what_is_only_shown_is_at_least_a_script(name: str) -> None:
    subprocess.run(["bash", "-n", str(SNIPPETS / name)], check=True)


def test_the_verification_shown_takes_what_is_signed_and_nothing_else() -> None:
    is_from_tocsin = runpy.run_path(str(SNIPPETS / "receivers" / "verify.py"))["is_from_tocsin"]
    sent_at, body = now(), b'{"version":1}'
    headers = {
        "webhook-id": "key",
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("key", sent_at, body.decode()),
    }
    old = {**headers, "webhook-timestamp": str(int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()))}

    assert is_from_tocsin(SECRET, headers, body)
    assert not is_from_tocsin(SECRET, headers, body + b" ")
    assert not is_from_tocsin(SECRET, old, body)


def test_every_link_between_pages_leads_somewhere() -> None:
    lost = [
        f"{page.relative_to(DOCS.parent)}: {target}"
        for page in [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert lost == []
