"""init, check and schema."""

import json
from pathlib import Path

from tests.cli.conftest import Tocsin
from tocsin.cli.example import EXAMPLE
from tocsin.cli.exits import Exit
from tocsin.config.schema import json_schema
from tocsin.rules.defaults import DEFAULT_RULES

GOOD = f"tocsin.yaml is good: 0 jobs, {len(DEFAULT_RULES)} rules, 1 receiver\n"
BAD = "jobs:\n  etl:\n    deadlin: '06:00'\nroute: {receiver: nobody}\n"


def test_init_writes_a_file_that_check_finds_good(tocsin: Tocsin, tmp_path: Path) -> None:
    said = tocsin("init")
    assert (said.code, said.out) == (0, "")
    assert "tocsin check" in said.err
    assert (tmp_path / "tocsin.yaml").read_text() == EXAMPLE
    assert tocsin("check") == (0, GOOD, "")


def test_init_leaves_a_file_alone_unless_forced(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text("mine: 1")
    said = tocsin("init")
    assert said.code == Exit.FAILED
    assert "--force" in said.err
    assert (tmp_path / "tocsin.yaml").read_text() == "mine: 1"
    assert tocsin("init", "--force").code == 0
    assert (tmp_path / "tocsin.yaml").read_text() == EXAMPLE


def test_init_writes_where_it_is_told_and_says_why_it_cannot(tocsin: Tocsin, tmp_path: Path) -> None:
    assert tocsin("init", "other.yaml").code == 0
    assert (tmp_path / "other.yaml").exists()
    said = tocsin("init", "absent/tocsin.yaml")
    assert (said.code, "No such file or directory" in said.err) == (Exit.FAILED, True)


def test_check_tells_every_mistake_where_editors_can_jump_to(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text(BAD)
    said = tocsin("check")
    assert said.code == Exit.BAD_CONFIGURATION
    assert said.out.splitlines() == [
        "tocsin.yaml:3:5: jobs.etl.deadlin: is not a known key; did you mean deadline?",
        "tocsin.yaml:4:9: route.receiver: no receiver is called 'nobody'",
    ]
    assert said.err == "tocsin.yaml has 2 mistakes and cannot be used\n"


def test_check_speaks_json(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text(BAD)
    said = tocsin("check", "--json")
    answer = json.loads(said.out)
    assert said.code == Exit.BAD_CONFIGURATION
    assert [problem["line"] for problem in answer["problems"]] == [3, 4]
    assert answer["problems"][0]["suggestion"] == "deadline"
    (tmp_path / "tocsin.yaml").write_text("")
    assert json.loads(tocsin("check", "--json").out) == {
        "path": "tocsin.yaml",
        "problems": [],
        "warnings": [],
    }


def test_check_reads_the_file_that_is_meant(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text(BAD)
    (tmp_path / "other.yaml").write_text("")
    assert tocsin("check", "other.yaml").code == 0
    assert tocsin("check", "--config", "other.yaml").code == 0
    assert tocsin("check", "other.yaml", "--config", "other.yaml").code == Exit.USAGE
    assert tocsin("check", TOCSIN_CONFIG="other.yaml").code == 0
    assert tocsin("check", "absent.yaml").code == Exit.BAD_CONFIGURATION
    (tmp_path / "tocsin.yaml").unlink()
    said = tocsin("check")
    assert (said.code, "make one with: tocsin init" in said.out) == (Exit.BAD_CONFIGURATION, True)


def test_check_follows_references_and_never_shows_where_they_lead(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text('receivers: [{name: a, slack: {url: "env:HOOK"}}]')
    assert tocsin("check").code == Exit.BAD_CONFIGURATION
    said = tocsin("check", "--json", HOOK="https://chat.example.com/verysecret")
    assert (said.code, "verysecret" in said.out + said.err) == (0, False)


def test_a_warning_is_told_beside_the_result(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text("receivers: [{name: a, slack: {url: https://chat.example.com/x}}]")
    said = tocsin("check")
    assert (said.code, said.out) == (0, GOOD)
    assert "tocsin.yaml:1:31: receivers[0].slack.url" in said.err


def test_check_shows_when_each_job_is_expected_next(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text(
        "jobs: {etl: {schedule: '0 2 * * *', deadline: '06:00'}, free: {owner: somebody}}"
    )
    lines = tocsin("check", "--next").out.splitlines()
    assert lines[1].split() == ["JOB", "ENVIRONMENT", "EXPECTED", "TO", "START", "BY", "TO", "END", "BY"]
    assert lines[2].split()[:2] == ["etl", "production"]
    assert ":00 CE" in lines[2]
    assert lines[3].split() == ["free", "production", "–", "–", "–"]


def test_schema_prints_the_schema(tocsin: Tocsin) -> None:
    said = tocsin("schema")
    assert (said.code, said.out, said.err) == (0, json_schema() + "\n", "")


def test_schema_prints_that_of_the_tests_of_a_configuration_too(tocsin: Tocsin) -> None:
    said = tocsin("schema", "--tests")
    assert (said.code, said.out, said.err) == (0, json_schema("rules.test.yaml") + "\n", "")
