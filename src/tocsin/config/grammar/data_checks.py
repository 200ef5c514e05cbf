"""A file of checks: what the data of one table must be like, and where it is."""

from typing import Annotated

from pydantic import Field

from tocsin.config.grammar.base import Name, OneOrMore, Part, Text, read_by
from tocsin.config.grammar.checks import Checks
from tocsin.config.grammar.measuring import MAX_EXPECTED, ColumnNames
from tocsin.jobs.walltime import check_timezone

MAX_NULL_VALUES = 20


class DataChecks(Part):
    """The checks of one table."""

    source: Text | None = None
    """Where the data is, if the command line does not say: a path or pattern, from this file's folder."""

    table: Text | None = None
    """Table of a database, by its name or as a SELECT, where `source` is the address of one."""

    job: Name | None = None
    """Job that writes the data, to which the results are sent if a server is named."""

    key: ColumnNames | None = None
    """Columns that name a row: of failed rows these are shown, and nothing else."""

    examples: Annotated[int, Field(ge=0, le=100)] | None = None
    """Failed rows that are shown for each check; 5 if left out, 0 shows none."""

    sensitive: Annotated[list[Name], OneOrMore(), Field(max_length=MAX_EXPECTED)] | None = None
    """Columns whose values are shown to nobody."""

    null_values: Annotated[list[Text], OneOrMore(), Field(max_length=MAX_NULL_VALUES)] | None = None
    """Texts that stand for null in CSV, as NA does in many; what is empty always does."""

    timezone: Annotated[str, read_by(check_timezone)] | None = None
    """Zone of instants that have none of their own; UTC if left out."""

    checks: Checks
    """What is checked."""
