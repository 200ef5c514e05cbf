"""When alerts are not told, because somebody works on what they are about."""

from typing import Annotated

from pydantic import Field, model_validator

from tocsin.alerts.matcher import read_matchers
from tocsin.config.grammar.base import Name, OneOrMore, Part, Text, read_by
from tocsin.config.grammar.routing import MAX_MATCHERS, MAX_RANGES, TimeInterval
from tocsin.config.problems import refuse

MAX_WINDOWS = 1_000


class MaintenanceWindow(Part):
    """Stretches of time that come again, in which alerts that match are judged and not told."""

    name: Name
    """What histories call it."""

    matchers: Annotated[
        list[Annotated[str, read_by(read_matchers)]],
        OneOrMore(),
        Field(min_length=1, max_length=MAX_MATCHERS),
    ]
    """Tests on `job`, `environment`, `severity`, `condition`, `rule` and labels that must all pass."""

    time_intervals: Annotated[list[TimeInterval], OneOrMore(), Field(min_length=1, max_length=MAX_RANGES)]
    """When it is open: in any of these stretches, written as in a route's time intervals."""

    comment: Text | None = None
    """Why; whoever looks for a message that did not come will want to know."""

    @model_validator(mode="after")
    def _not_everything(self) -> "MaintenanceWindow":
        if all(matcher.matches({}) for text in self.matchers for matcher in read_matchers(text)):
            raise refuse("'matchers' would match every alert; name at least one value that must be there")
        return self


MaintenanceWindows = Annotated[list[MaintenanceWindow], Field(max_length=MAX_WINDOWS)]
