"""How databases say the same in SQL: one small table of words for each."""

from collections.abc import Callable
from dataclasses import dataclass, field


def _doubled(mark: str) -> Callable[[str], str]:
    return lambda text: f"{mark}{text.replace(mark, mark + mark)}{mark}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The words of one database.

    Its templates name what is put in: `{value}`, `{pattern}`, `{share}`, `{zone}`. `name_of` and `text_of`
    write a name and a text. `roughly` is the approximate count of distinct values, empty where there is none
    and they are counted exactly. `second` and `second_with_zone` are of an instant, since 1970.
    """

    name: str
    name_of: Callable[[str], str] = field(default=_doubled('"'))
    text_of: Callable[[str], str] = field(default=_doubled("'"))
    matches: str
    length: str = "length({value})"
    quantile: str
    deviation: str = "stddev_samp({value})"
    distinct: str = "count(DISTINCT {value})"
    roughly: str = ""
    is_not_finite: str
    second: str
    second_with_zone: str
    instant_of_text: str


DUCKDB = Dialect(
    name="DuckDB",
    matches="regexp_matches({value}, {pattern})",
    quantile="quantile_cont({value}, {share})",
    roughly="approx_count_distinct({value})",
    is_not_finite="NOT isfinite({value})",
    second="epoch(timezone({zone}, CAST({value} AS TIMESTAMP)))",
    second_with_zone="epoch({value})",
    instant_of_text="TRY_CAST({value} AS TIMESTAMP WITH TIME ZONE)",
)
