"""Faults planted into escalations."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.simulation.mutants import breaks
from tocsin.engine import escalating
from tocsin.oncall import escalation
from tocsin.oncall.escalation import Climb, Facts, Standing, Step


@breaks("in hand", "escalates")
def taking_does_not_stop(patch: pytest.MonkeyPatch) -> None:
    """An escalation goes on though somebody has it in hand."""
    real = escalation.climb

    def climb(state: Climb, facts: Facts, now: datetime) -> Step:
        if facts.standing is Standing.ACKNOWLEDGED:
            facts = replace(facts, standing=Standing.FIRING, until_at=None)
        return real(state, facts, now)

    patch.setattr("tocsin.engine.escalating.climb", climb)


@breaks("each level once")
def climb_forgotten(patch: pytest.MonkeyPatch) -> None:
    """How far an escalation has come is not kept, so that every look begins it anew."""
    real = escalation.climb

    def climb(state: Climb, facts: Facts, now: datetime) -> Step:
        step = real(state, facts, now)
        return replace(step, state=replace(step.state, level=0)) if step.tell else step

    patch.setattr("tocsin.engine.escalating.climb", climb)


@breaks("escalates")
def never_begun(patch: pytest.MonkeyPatch) -> None:
    """What the routes tell is not escalated."""

    def nothing(*_: Any) -> None:  # noqa: ANN401 -- as the real one
        return None

    patch.setattr(escalating, "_climb_of", nothing)
