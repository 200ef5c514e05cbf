"""What is asked of a table as SQL, in the words of a dialect."""

from collections.abc import Callable, Sequence
from typing import Final

from tocsin.errors import NotMeasured
from tocsin.measure.aggregate import Aggregate, Kind
from tocsin.measure.dialect import Dialect
from tocsin.measure.table import Column, Holds
from tocsin.quality.measurement import (
    MAX_SEGMENTS,
    Age,
    Between,
    Custom,
    FoundIn,
    Matching,
    OneOf,
    Quantile,
    ValueTest,
)

_OF_VALUES: Final = {
    Kind.VALUES: "count({value})",
    Kind.LEAST: "min({value})",
    Kind.MOST: "max({value})",
}


class Asking:
    """Writes the queries about one table: `relation` stands for it, `other` tells what does for others."""

    def __init__(self, dialect: Dialect, relation: str, other: Callable[[str], str]) -> None:
        self._dialect, self._relation, self._other = dialect, relation, other

    def one_pass(self, aggregates: Sequence[Aggregate], group_by: Sequence[str] = ()) -> str:
        """Return the query that answers all aggregates: a row, or one for each segment with its keys first.

        Of segments it gives one more than are told apart, so that too many are noticed.
        """
        keys = [self._dialect.name_of(name) for name in group_by]
        answers = self.answers(aggregates, of_segments=bool(keys))
        query = f"SELECT {', '.join([*keys, *answers])} FROM {self._relation}"
        if not keys:
            return query
        places = ", ".join(str(place) for place in range(1, len(keys) + 1))
        return f"{query} GROUP BY {places} ORDER BY {places} LIMIT {MAX_SEGMENTS + 1}"

    def answers(self, aggregates: Sequence[Aggregate], *, of_segments: bool = False) -> list[str]:
        """Return the expression of each aggregate, of all rows or of each segment of them."""
        return [self._aggregate(one, of_segments=of_segments) for one in aggregates]

    def one_answer(self, custom: Custom) -> str:
        """Return the query for what a SELECT of the user's own gives: more than one row is too much."""
        asked = custom.sql.replace("{table}", self._relation).rstrip().rstrip(";")
        return f"SELECT * FROM ({asked}\n) AS answer LIMIT 2"

    def failing(
        self, shown: Sequence[str], column: Column, test: ValueTest | None, where: str, limit: int
    ) -> str:
        """Return the query for rows whose value fails a test, or without a test is null."""
        value = self._dialect.name_of(column.name)
        fails = f"{value} IS NULL" if test is None else f"NOT ({self._passes(column, test)})"
        return self._rows(shown, [where, fails], limit)

    def repeated(self, columns: Sequence[Column], where: str, limit: int) -> str:
        """Return the query for values that occur more than once, most frequent first."""
        names = ", ".join(self._dialect.name_of(column.name) for column in columns)
        tests = _all_of([where, *self._there(columns)])
        return (
            f"SELECT {names} FROM {self._relation} WHERE {tests} GROUP BY {names} "
            f"HAVING count(*) > 1 ORDER BY count(*) DESC, {names} LIMIT {limit}"
        )

    def _rows(self, shown: Sequence[str], tests: Sequence[str], limit: int) -> str:
        names = ", ".join(self._dialect.name_of(name) for name in shown)
        return f"SELECT {names} FROM {self._relation} WHERE {_all_of(tests)} LIMIT {limit}"

    def _aggregate(self, one: Aggregate, *, of_segments: bool) -> str:
        if isinstance(one.detail, Custom):
            return f"({one.detail.sql})"
        tests = self._counted(one)
        if tests is not None:
            test = _all_of([one.where, *tests])
            return self._chosen("count({value})", "1" if test else "*", test)
        if len(one.columns) > 1:
            values = self._dialect.several([self._dialect.name_of(column.name) for column in one.columns])
            return self._chosen(self._template(one), values, _all_of([one.where, *self._there(one.columns)]))
        column = one.columns[0]
        template = "" if of_segments or one.kind is not Kind.DISTINCT else self._dialect.distinct_of(column)
        return self._chosen(template or self._template(one), self._dialect.name_of(column.name), one.where)

    def _counted(self, one: Aggregate) -> list[str] | None:
        """Return which rows an aggregate counts; None: it does not count rows."""
        match one.kind:
            case Kind.ROWS:
                return []
            case Kind.VALUES if len(one.columns) > 1:
                return self._there(one.columns)
            case Kind.PASSING:
                return [self._passes(one.columns[0], one.detail)]  # type: ignore[arg-type]  # PASSING has a test
            case Kind.NOT_FINITE:
                return [self._is_not_finite(one.columns[0])]
            case Kind.NO_INSTANT:
                value = self._dialect.name_of(one.columns[0].name)
                return [*self._there(one.columns), f"{self._instant_of_text(one, value)} IS NULL"]
            case _:
                return None

    def _template(self, one: Aggregate) -> str:
        """Return the aggregate with a gap for its value."""
        dialect = self._dialect
        match one.kind:
            case Kind.DISTINCT:
                return dialect.distinct
            case Kind.ROUGHLY_DISTINCT:
                return dialect.roughly or dialect.distinct
            case Kind.MEAN:
                return dialect.mean
            case Kind.SUM:
                return dialect.sum
            case Kind.STANDARD_DEVIATION:
                return dialect.deviation
            case Kind.QUANTILE:
                share = one.detail.share if isinstance(one.detail, Quantile) else 0.5
                quantile = self._known(dialect.quantile, "quantiles")
                return quantile.format(value="{value}", share=repr(share))
            case Kind.SHORTEST | Kind.LONGEST:
                which = "min" if one.kind is Kind.SHORTEST else "max"
                return f"{which}({dialect.length})"
            case Kind.NEWEST:
                return self._newest(one)
            case _:
                return _OF_VALUES[one.kind]

    def _newest(self, one: Aggregate) -> str:
        dialect, column = self._dialect, one.columns[0]
        if column.holds is Holds.TEXT:
            return dialect.second_with_zone.format(value=f"max({self._instant_of_text(one, '{value}')})")
        template = dialect.second_with_zone if column.has_zone else dialect.second
        return template.format(value="max({value})", zone=self._zone(one))

    def _instant_of_text(self, one: Aggregate, value: str) -> str:
        template = self._known(self._dialect.instant_of_text, "instants in texts")
        return template.format(value=value, zone=self._zone(one))

    def _zone(self, one: Aggregate) -> str:
        return self._dialect.text_of(one.detail.timezone if isinstance(one.detail, Age) else "UTC")

    def _known(self, template: str, what: str) -> str:
        """Return the words for something; raises NotMeasured where the database has none that are known."""
        if not template:
            raise NotMeasured(f"it is not known how {self._dialect.name} says {what}", is_statement=True)
        return template

    def _chosen(self, template: str, value: str, where: str) -> str:
        """Return an aggregate of the rows that are chosen: for all others its argument is null."""
        return template.format(value=f"CASE WHEN {where} THEN {value} END" if where else value)

    def _there(self, columns: Sequence[Column]) -> list[str]:
        return [f"{self._dialect.name_of(column.name)} IS NOT NULL" for column in columns]

    def _is_not_finite(self, column: Column) -> str:
        return self._dialect.is_not_finite.format(value=self._dialect.name_of(column.name))

    def _passes(self, column: Column, test: ValueTest) -> str:
        """Return the condition that a value passes a test; for a null it is unknown."""
        value = self._dialect.name_of(column.name)
        match test:
            case Between():
                return self._lies_between(column, test)
            case Matching():
                pattern = self._dialect.text_of(self._dialect.pattern_of(test.pattern))
                return self._known(self._dialect.matches, "regular expressions").format(
                    value=value, pattern=pattern
                )
            case OneOf():
                return f"{value} IN ({', '.join(self._literal(one) for one in test.values)})"
            case FoundIn():
                there = f"there.{self._dialect.name_of(test.column)}"
                other = f"{self._other(test.table)} AS there"
                return f"{value} IN (SELECT {there} FROM {other} WHERE {there} IS NOT NULL)"

    def _lies_between(self, column: Column, test: Between) -> str:
        value = self._dialect.name_of(column.name)
        measured = self._dialect.length.format(value=value) if test.of_length else value
        tests = [f"{measured} >= {test.low!r}"] if test.low is not None else []
        tests += [f"{measured} <= {test.high!r}"] if test.high is not None else []
        if column.is_float:
            tests.append(f"NOT {self._is_not_finite(column)}")
        return _all_of(tests) or f"{value} IS NOT NULL"

    def _literal(self, value: str | float | bool) -> str:  # noqa: FBT001 -- a value like any other
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        return self._dialect.text_of(value) if isinstance(value, str) else repr(value)


def _all_of(tests: Sequence[str]) -> str:
    return " AND ".join(f"({test})" for test in tests if test)
