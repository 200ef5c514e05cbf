"""The same thirteen checks of the same orders by each tool, one after another, each in its own process."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.quality.contenders import (
    APPROXIMATE,
    BY_HAND,
    CACHE,
    Contender,
    Ran,
    Said,
    others,
    ours,
    run,
    unlike,
)
from benchmarks.quality.orders import write, write_spoilt
from benchmarks.report import Row, mid, spread

SAMPLE, SMALL, SPOILT = 100_000, 1_000, 900
STARTS = 9
FAILS: Final = "status accepted"
"""The one check that fails of the orders; of the spoilt ones every check does."""
GX: Final = "Great Expectations (pandas)"
_Rounds = Mapping[str, Sequence[Ran]]


def measure(rounds: int, rows: int) -> list[Row]:
    """Return what each takes of the processor and of memory, and what Tocsin takes beside them."""
    path, tenth, small = orders(rows), orders(rows // 10), orders(SMALL)
    all_of_us = [ours(), *others()]
    agreed(all_of_us)
    ran: dict[str, list[Ran]] = {one.name: [] for one in all_of_us}
    grown, differing = list[float](), dict[str, str]()
    for number in range(rounds):
        for one in all_of_us[:: -1 if number % 2 else 1]:
            ran[one.name].append(run(one.command(path)))
        few, many = (run(ours(APPROXIMATE).command(each)) for each in (tenth, path))
        grown.append(many.peak_mib / few.peak_mib)
        differing |= compared([(one, ran[one.name][-1]) for one in all_of_us])
    of = f"{rows / 1e6:g} million orders"
    return [
        *_targets(ran, of),
        Row(
            name=f"quality: approximate counts: memory of {of} over that of a tenth of them",
            value=mid(grown),
            unit="×",
            at_most=1.2,
            detail=spread(grown),
        ),
        _start(small),
        *(_of(one.name, ran[one.name], differing.get(one.name, ""), of) for one in all_of_us),
    ]


def orders(rows: int) -> Path:
    """Return a file of so many orders."""
    return _kept(f"orders-{rows}.parquet", lambda path: write(path, rows))


def spoilt() -> Path:
    """Return the file of orders of which every check fails."""
    return _kept("spoilt.parquet", lambda path: write_spoilt(path, SPOILT))


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    path = CACHE / name
    if not path.exists():
        make(path)
    return path


def agreed(contenders: Sequence[Contender]) -> None:
    """See to it that all find the same before it is measured, and that of spoilt orders every check fails.

    So nobody is quick because nothing is checked.
    """
    compared([(one, run(one.command(orders(SAMPLE)))) for one in contenders])
    for one in contenders:
        said = one.heard(run(one.command(spoilt())).output)
        passed = [name for name, has_passed in (said.passed or {}).items() if has_passed]
        if passed:
            raise AssertionError(f"{one.name} passes spoilt orders: {', '.join(passed)}")


def compared(ran: Sequence[tuple[Contender, Ran]]) -> dict[str, str]:
    """Return of each who ended otherwise or finds other values what is to be said; all else must be equal.

    Raises AssertionError where a value or a verdict is another one than that of the query by hand.
    """
    by_hand = next(one.heard(each.output) for one, each in ran if one.name == BY_HAND[0])
    told = dict[str, str]()
    for one, each in ran:
        if each.is_killed or not each.output:
            told[one.name] = f"ended with {each.code}"
            continue
        said = one.heard(each.output)
        _same(one, said, by_hand)
        silent = sum(value is None for value in said.values.values())
        parts = [f"{name}: {why}" for name, why in one.differs.items()]
        parts += [f"{silent} of {len(said.values)} values not told, verdicts alone"] if silent else []
        told[one.name] = "; ".join(parts)
    return told


def _same(one: Contender, said: Said, by_hand: Said) -> None:
    if unlike(said, by_hand) != set(one.differs):
        raise AssertionError(f"{one.name} finds {said.values}, and by hand it is {by_hand.values}")
    if said.passed is not None and dict(said.passed) != {name: name != FAILS for name in by_hand.values}:
        raise AssertionError(f"{one.name} says {said.passed}, and only {FAILS!r} fails")


def _targets(ran: _Rounds, of: str) -> list[Row]:
    best = min(BY_HAND, key=lambda name: mid(each.cpu_seconds for each in ran[name]))
    compared_with = (
        (best, "CPU over the better query by hand", _cpu, 1.3),
        (GX, "CPU over Great Expectations", _cpu, 0.3),
        (GX, "memory over Great Expectations", _memory, 0.2),
    )
    rows = list[Row]()
    for name, what, figure, at_most in compared_with:
        # Each ratio is of two that took part in the same minutes.
        ratios = [figure(one) / figure(other) for one, other in zip(ran["tocsin"], ran[name], strict=True)]
        if not any(each.is_killed for each in ran[name]):
            rows.append(
                Row(
                    name=f"quality: 13 checks of {of}: {what}",
                    value=mid(ratios),
                    unit="×",
                    at_most=at_most,
                    detail=f"{spread(ratios)}; {name}",
                )
            )
    return rows


def _cpu(ran: Ran) -> float:
    return ran.cpu_seconds


def _memory(ran: Ran) -> float:
    return ran.peak_mib


def _start(small: Path) -> Row:
    load = os.getloadavg()[0]
    ran = [run(ours().command(small)) for _ in range(STARTS)]
    seconds = [one.seconds for one in ran]
    return Row(
        name="quality: tocsin quality run from start to end, 1,000 orders",
        value=mid(seconds),
        unit="s",
        at_most=0.6,
        detail=f"{spread(seconds)}; CPU {spread([one.cpu_seconds for one in ran])} s; load {load:.0f}",
    )


def _of(name: str, ran: Sequence[Ran], said: str, of: str) -> Row:
    cpu, peak = [one.cpu_seconds for one in ran], [one.peak_mib for one in ran]
    detail = f"{spread(cpu)}; peak MiB {spread(peak)}; wall {mid(one.seconds for one in ran):.1f} s"
    return Row(
        name=f"quality: 13 checks of {of}: {name}: CPU",
        value=mid(cpu),
        unit="s",
        detail="; ".join(filter(None, (detail, said))),
    )
