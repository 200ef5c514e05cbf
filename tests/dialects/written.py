"""Results as the tools have written them: dbt 1.10, Great Expectations 0.18 and 1.24, Soda 3.5 and 4."""

import json
from pathlib import Path
from typing import Any

from tocsin.quality.told import Told

RESULTS = Path(__file__).parent / "results"


def written(name: str) -> Any:  # noqa: ANN401 -- parsed JSON, which a test may change
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


def verdicts(told: Told) -> dict[str, str]:
    return {one.check.id: one.verdict.value for one in told.judged}


def lines(told: Told) -> list[tuple[str, str, float | None]]:
    return [(one.check.id, one.verdict.value, one.value) for one in told.judged]
