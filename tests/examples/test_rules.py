"""The tests of the example's configuration hold, and would notice another one."""

from pathlib import Path

from tocsin.config.rule_tests import RuleTests, load_tests
from tocsin.engine.rehearsing import rehearse

FLIGHTS = Path(__file__).parents[2] / "examples" / "flights"


def failing(tests: RuleTests) -> list[str]:
    return [test.name for test in tests.tests if not rehearse(tests.configuration, test).is_good]


def test_the_rules_of_the_example_do_what_their_tests_say() -> None:
    assert failing(load_tests(FLIGHTS / "rules.test.yaml")) == []


def test_they_fail_under_another_configuration(tmp_path: Path) -> None:
    text = (FLIGHTS / "tocsin.yaml").read_text(encoding="utf-8")
    (tmp_path / "tocsin.yaml").write_text(
        text.replace("max_duration_seconds: 16", "max_duration_seconds: 60")
    )
    tests = tmp_path / "rules.test.yaml"
    tests.write_text((FLIGHTS / "rules.test.yaml").read_text(encoding="utf-8"), encoding="utf-8")

    (name,) = failing(load_tests(tests))
    assert name.startswith("a route table that takes long")
