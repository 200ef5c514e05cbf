"""How databases say the same in SQL: one small table of words for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tocsin.measure.pattern import postgres_pattern, re2_pattern
from tocsin.measure.table import Column


def _doubled(mark: str) -> Callable[[str], str]:
    return lambda text: f"{mark}{text.replace(mark, mark + mark)}{mark}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The words of one database.

    Its templates name what is put in: `{value}`, `{pattern}`, `{share}`, `{zone}`; what is empty cannot be
    said. `name_of` and `text_of` write a name and a text, `pattern_of` says an RE2 pattern in its own regular
    expressions, `several` makes one value of several, none of which is null. `roughly` is the approximate
    count of distinct values; where there is none they are counted exactly. `distinct_of` is the exact count
    of a column's distinct values, though not by segments, where that takes less than `distinct`; else it is
    empty. `counts_apart`: exact counts share no pass with anything else. `second` and `second_with_zone` are
    of an instant, since 1970, or the instant itself.
    """

    name: str
    name_of: Callable[[str], str] = field(default=_doubled('"'))
    text_of: Callable[[str], str] = field(default=_doubled("'"))
    pattern_of: Callable[[str], str] = re2_pattern
    several: Callable[[Sequence[str]], str] = field(default=lambda names: f"({', '.join(names)})")
    matches: str
    length: str = "length({value})"
    quantile: str
    mean: str = "avg({value})"
    sum: str = "sum({value})"
    deviation: str = "stddev_samp({value})"
    distinct: str = "count(DISTINCT {value})"
    distinct_of: Callable[[Column], str] = field(default=lambda _column: "")
    roughly: str = ""
    counts_apart: bool = False
    is_not_finite: str
    second: str
    second_with_zone: str
    instant_of_text: str


# In words that all databases read alike; without braces, for they stand in templates.
_OFFSET: Final = "[0-9]:[0-9][0-9](:[0-9][0-9]([.][0-9]+)?)?[ ]?([zZ]|[+-][0-9][0-9](:?[0-9][0-9])?)$"
_ISO: Final = "^[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9]|$)"

DUCKDB = Dialect(
    name="DuckDB",
    matches="regexp_matches({value}, {pattern})",
    quantile="quantile_cont({value}, {share})",
    roughly="approx_count_distinct({value})",
    is_not_finite="NOT isfinite({value})",
    second="epoch(timezone({zone}, CAST({value} AS TIMESTAMP)))",
    second_with_zone="epoch({value})",
    instant_of_text=(
        f"CASE WHEN regexp_matches({{value}}, '{_OFFSET}') "
        "THEN TRY_CAST({value} AS TIMESTAMP WITH TIME ZONE) "
        "ELSE timezone({zone}, TRY_CAST({value} AS TIMESTAMP)) END"
    ),
)

POSTGRES = Dialect(
    name="PostgreSQL",
    pattern_of=postgres_pattern,
    matches="{value} ~ {pattern}",
    length="char_length({value})",
    quantile="percentile_cont({share}) WITHIN GROUP (ORDER BY {value})",
    is_not_finite="{value} IN ('NaN', 'Infinity', '-Infinity')",
    second="extract(epoch FROM timezone({zone}, CAST({value} AS timestamp)))",
    second_with_zone="extract(epoch FROM {value})",
    instant_of_text=(
        f"CASE WHEN {{value}} !~ '{_ISO}' THEN NULL "
        f"WHEN {{value}} ~ '{_OFFSET}' THEN CAST({{value}} AS timestamptz) "
        "ELSE timezone({zone}, CAST({value} AS timestamp)) END"
    ),
)

SQLITE = Dialect(
    name="SQLite",
    several=lambda names: " || ',' || ".join(f"quote({name})" for name in names),
    matches="tocsin_matches({value}, {pattern})",
    quantile="tocsin_quantile({value}, {share})",
    deviation="tocsin_deviation({value})",
    is_not_finite="(typeof({value}) NOT IN ('integer', 'real', 'null') OR abs({value}) = 9e999)",
    second="{value}",
    second_with_zone="{value}",
    instant_of_text="tocsin_second({value}, {zone})",
)
"""Its functions that begin with `tocsin_` are those of the engine over SQLite."""

STANDARD = Dialect(
    name="standard SQL",
    matches="",
    length="char_length({value})",
    quantile="percentile_cont({share}) WITHIN GROUP (ORDER BY {value})",
    is_not_finite="1 = 0",
    second="{value}",
    second_with_zone="{value}",
    instant_of_text="",
)
"""Of databases that are not known better."""

MYSQL = Dialect(
    name="MySQL",
    name_of=_doubled("`"),
    text_of=lambda text: f"_utf8mb4 X'{text.encode().hex()}'",
    several=lambda names: f"concat_ws(',', {', '.join(f'quote({name})' for name in names)})",
    matches="",
    length="char_length({value})",
    quantile="",
    is_not_finite="1 = 0",
    second="{value}",
    second_with_zone="unix_timestamp({value})",
    instant_of_text="",
)
"""Of MariaDB too. Its texts are in hexadecimal, for which marks a backslash escapes is a setting there."""
