"""What could be found at best: an oracle that knows how a history was made, but not what was done to it."""

from math import exp, inf, log, log1p

from tests.quality.scenarios import FACTORS, History

# Whole seconds hide what is less than that: of a number rounded, the deviation is so much.
ROUNDED_SECONDS = 0.3


def oracle_scores(past: History) -> list[float]:
    """Return, as a logarithm, by how much likelier each run is with one of the injected factors than without.

    Level and noise are known exactly, a new level with its first run, and the factors. By J. Neyman and E. S.
    Pearson, "On the Problem of the Most Efficient Tests of Statistical Hypotheses" (1933), nothing finds more
    of the factors together at as many false alerts.
    """
    return [
        _score(past, log(value / usual), usual) for value, usual in zip(past.value, past.usual, strict=True)
    ]


def _score(past: History, off: float, usual: float) -> float:
    noise = max(past.noise, ROUNDED_SECONDS / usual) if past.is_rounded else past.noise
    plain = _likelihood(off, noise, is_heavy=past.is_heavy)
    with_factor = [_likelihood(off - log(factor), noise, is_heavy=past.is_heavy) for factor in FACTORS]
    best = max(with_factor)
    return best + log(sum(exp(each - best) for each in with_factor)) - plain if best > -inf else -plain


def _likelihood(off: float, noise: float, *, is_heavy: bool) -> float:
    """Return the logarithm of a density but for a constant: normal, or Student's t of three degrees."""
    return -2 * log1p((off / noise) ** 2) if is_heavy else -((off / noise) ** 2) / 2
