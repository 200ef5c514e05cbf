"""Routes go where Alertmanager's own tool says they go, and files are read as it reads them."""

import json
import random
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.services.programs import AMTOOL, advice, find
from tocsin.alerts.route import Route, ways
from tocsin.config.grammar.base import Part
from tocsin.config.grammar.routing import InhibitRule, RootRoute, TimeIntervals
from tocsin.config.reading import read
from tocsin.config.routing import build_route

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
VALUES = {
    "team": ("data", "web", "data-web", "", 'a"b', "x,y", "ä ö"),
    "severity": ("info", "warning", "critical", "page"),
    "job": ("etl_1", "etl_22", "load", "a.b", "axb", "a\\b"),
}
PATTERNS = ("etl_.*", "data|web", "", ".*", ".+", "[a-z]+", r"a\.b", "etl_[0-9]", "(?i)DATA", "crit")
TREES = 8
ALERTS_EACH = 8


@pytest.fixture(scope="session")
def amtool() -> Path:
    """Debian's real amtool."""
    path = find(AMTOOL)
    if path is None:
        pytest.fail(advice((AMTOOL,)), pytrace=False)
    return path


def ask(amtool: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [amtool, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"HOME": "/nonexistent"},
    )


class Planted:
    """Random trees of routes; every node has a receiver of its own."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.receivers = ["root"]
        self.route: dict[str, object] = {"receiver": "root", "routes": self._branches(3)}

    def _branches(self, depth: int) -> list[dict[str, object]]:
        return [self._branch(depth) for _ in range(self.random.randint(1, 4))] if depth else []

    def _branch(self, depth: int) -> dict[str, object]:
        self.receivers.append(f"r{len(self.receivers)}")
        branch: dict[str, object] = {"receiver": self.receivers[-1]}
        how = self.random.random()
        if how < 0.7:
            branch["matchers"] = [self._test() for _ in range(self.random.randint(1, 2))]
        elif how < 0.8:
            branch["matchers"] = ["{" + ", ".join(self._test() for _ in range(2)) + "}"]
        elif how < 0.9:
            name = self.random.choice(list(VALUES))
            branch["match"] = {name: self.random.choice(VALUES[name])}
        else:
            branch["match_re"] = {self.random.choice(list(VALUES)): self.random.choice(PATTERNS)}
        if self.random.random() < 0.4:
            branch["continue"] = True
        return {**branch, "routes": self._branches(depth - 1)}

    def _test(self) -> str:
        name = self.random.choice(list(VALUES))
        if self.random.random() < 0.5:
            value, operator = self.random.choice(VALUES[name]), self.random.choice(("=", "!="))
        else:
            value, operator = self.random.choice(PATTERNS), self.random.choice(("=~", "!~"))
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        blank = self.random.choice(("", " "))
        return f'{name}{blank}{operator}{blank}"{quoted}"'

    def labels(self) -> dict[str, str]:
        return {
            name: value
            for name, values in VALUES.items()
            if self.random.random() < 0.9 and (value := self.random.choice(values))
        }


def tree_of(route: Mapping[str, object]) -> Route:
    return build_route(RootRoute.model_validate(read(json.dumps(route).encode()).data["route"]))  # type: ignore[index] # a mapping, as it was written


@pytest.mark.parametrize("seed", range(TREES))
def test_every_alert_takes_the_ways_that_amtool_says(amtool: Path, tmp_path: Path, seed: int) -> None:
    planted = Planted(seed)
    document = {"route": planted.route, "receivers": [{"name": name} for name in planted.receivers]}
    path = tmp_path / "alertmanager.yml"
    path.write_text(json.dumps(document))
    root = tree_of(document)

    for _ in range(ALERTS_EACH):
        labels = planted.labels()
        words = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]
        said = ask(amtool, "config", "routes", "test", f"--config.file={path}", *words)

        assert said.returncode == 0, said.stderr
        ours = [way.receiver for way in ways(root, labels, NOON, {})]
        assert ours == said.stdout.strip().split(","), (labels, document)


TIMES = {
    "days_of_month": ("1", "1:5", "-3:-1", "15:-1", "30:-1", "-1:5", "9:3", "0", "32", "-32", "27:-2", "x"),
    "weekdays": ("monday", "Monday:FRIDAY", "saturday:sunday", "sunday:saturday", "mon", "1:5"),
    "months": ("may", "5", "may:8", "May:August", "december:january", "mai"),
    "years": ("2026", "2026:2028", "2028:2026", "soon"),
    "location": ("Europe/Berlin", "Europe/Nowhere"),
    "times": ("09:00-17:00", "00:00-24:00", "17:00-09:00", "9:00-17:00", "09:00-24:01", "09:00-09:00"),
}
INTERVALS = [(kind, text) for kind, texts in TIMES.items() for text in texts]


def interval(kind: str, text: str) -> dict[str, object]:
    if kind == "times":
        start, end = text.split("-")
        return {"times": [{"start_time": start, "end_time": end}]}
    return {kind: text if kind == "location" else [text]}


def is_read(part: type[Part], written: object) -> bool:
    try:
        part.model_validate(written)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("kind", "text"), INTERVALS)
def test_a_time_interval_is_accepted_where_amtool_accepts_it(
    amtool: Path, tmp_path: Path, kind: str, text: str
) -> None:
    written = {"name": "x", "time_intervals": [interval(kind, text)]}
    document = {"route": {"receiver": "a"}, "receivers": [{"name": "a"}], "time_intervals": [written]}
    path = tmp_path / "alertmanager.yml"
    path.write_text(json.dumps(document))

    said = ask(amtool, "check-config", str(path))

    assert is_read(TimeIntervals, written) is (said.returncode == 0), said.stdout + said.stderr


@pytest.mark.parametrize(
    ("written", "why_ours_differs"),
    [
        ({"months": ["13"]}, "there is no such month"),
        ({"months": []}, "no month at all would never come"),
        ({"years": ["0"]}, "there is no such year"),
    ],
)
def test_what_we_refuse_on_purpose(
    amtool: Path, tmp_path: Path, written: dict[str, object], why_ours_differs: str
) -> None:
    named = {"name": "x", "time_intervals": [written]}
    document = {"route": {"receiver": "a"}, "receivers": [{"name": "a"}], "time_intervals": [named]}
    path = tmp_path / "alertmanager.yml"
    path.write_text(json.dumps(document))

    assert ask(amtool, "check-config", str(path)).returncode == 0
    assert not is_read(TimeIntervals, named), why_ours_differs


def test_rules_of_inhibition_are_read_in_every_form_that_amtool_accepts(amtool: Path, tmp_path: Path) -> None:
    rules: list[dict[str, object]] = [
        {
            "source_matchers": ['severity="page"'],
            "target_matchers": ['{job=~"etl.*",team!="x"}'],
            "equal": ["job"],
        },
        {"source_match": {"a": "b"}, "target_match_re": {"a": "b|c"}},
        {"source_match_re": {"a": "b.*"}, "target_match": {"a": "x"}, "equal": []},
    ]
    document = {"route": {"receiver": "a"}, "receivers": [{"name": "a"}], "inhibit_rules": rules}
    path = tmp_path / "alertmanager.yml"
    path.write_text(json.dumps(document))

    assert ask(amtool, "check-config", str(path)).returncode == 0
    assert all(is_read(InhibitRule, rule) for rule in rules)
