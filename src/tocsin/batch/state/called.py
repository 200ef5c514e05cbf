"""Runs by what people call them: by their id, or by as many letters of it as tell them apart."""

from dataclasses import replace

from tocsin.batch.state.base import DeadLetterQuery, RunRow, State
from tocsin.errors import InvalidPipeline

SOME_RUNS = 10_000


def run_called(state: State, run_id: str) -> RunRow:
    """Return a run by its id, or by the first letters of it; raises InvalidPipeline where it is not one."""
    run = state.run(run_id)
    if run is not None:
        return run
    like = [one for one in state.runs(limit=SOME_RUNS) if one.id.startswith(run_id)]
    if len(like) != 1:
        told = f"{len(like)} runs begin with {run_id!r}" if like else f"there is no run {run_id!r}"
        raise InvalidPipeline(f"{told} in {state.where}; see them with: tocsin batch runs")
    return like[0]


def meant(state: State, query: DeadLetterQuery) -> DeadLetterQuery:
    """Return a query with the whole id of the run that it names; raises InvalidPipeline as `run_called`."""
    return replace(query, run_id=run_called(state, query.run_id).id) if query.run_id else query
