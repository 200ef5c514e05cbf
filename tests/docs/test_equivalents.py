"""The table of equivalents: each check that it names can be written so, and is measured."""

import re

import pytest

from tests.docs.pages import DOCS, SNIPPETS
from tocsin.checking import check
from tocsin.config.data_checks import checks_in
from tocsin.quality.check import CheckVerdict

PAGE = (DOCS / "reference" / "equivalents.md").read_text(encoding="utf-8")
CHECKS = sorted(set(re.findall(r"`(\{(?:id|metric): .+?\})`", PAGE)))
ORDERS = SNIPPETS / "data-checks" / "by-example" / "orders.csv"
OF_A_DATABASE = "orders_raw"


def test_the_page_names_checks() -> None:
    assert len(CHECKS) > 50


@pytest.mark.parametrize("written", CHECKS)
def test_each_check_is_measured_as_it_is_written(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = checks_in(f"checks: [{written}]", str(ORDERS.parent / "checks.yaml"))
    if OF_A_DATABASE in written:
        return

    (result,) = check(str(ORDERS), checks).results

    assert result.judged.verdict is not CheckVerdict.ERROR, result.judged.said
