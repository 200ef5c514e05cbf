"""Who can be told: receivers with their channels."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from tocsin.config.grammar.base import Part, Text
from tocsin.config.grammar.means.apprise import Apprise
from tocsin.config.grammar.means.base import Means
from tocsin.config.grammar.means.console import Console
from tocsin.config.grammar.means.email import Email
from tocsin.config.grammar.means.pagerduty import PagerDuty
from tocsin.config.grammar.means.slack import Slack
from tocsin.config.grammar.means.teams import Teams
from tocsin.config.grammar.means.twilio import Phone, Sms
from tocsin.config.grammar.means.webhook import Webhook
from tocsin.config.grammar.routing import ReceiverName
from tocsin.config.problems import refuse

MAX_RECEIVERS = 1_000
NOT_CHANNELS = frozenset({"name", "description", "fallback"})


def _plain_console(value: object) -> object:
    return {} if value is None else value


class Receiver(Part):
    """Somebody who can be told, through one channel or several kinds at once."""

    empty_means_something: ClassVar[frozenset[str]] = frozenset({"console"})

    name: ReceiverName
    """What routes call it."""

    description: Text | None = None
    """Who stands behind it."""

    slack: Slack | None = None
    """Tell through Slack."""

    pagerduty: PagerDuty | None = None
    """Tell through PagerDuty, which keeps track of who has it in hand."""

    teams: Teams | None = None
    """Tell through Microsoft Teams."""

    webhook: Webhook | None = None
    """Tell through a signed webhook."""

    email: Email | None = None
    """Tell by email over SMTP."""

    apprise: Apprise | None = None
    """Tell through any service that Apprise knows."""

    sms: Sms | None = None
    """Tell by text message, through Twilio."""

    phone: Phone | None = None
    """Tell by a call, through Twilio."""

    console: Annotated[Console | None, BeforeValidator(_plain_console)] = None
    """Tell on the server's own output: `console: {}`."""

    fallback: ReceiverName | None = None
    """Receiver that stands in when this one cannot be reached; left out: that of the root route."""

    @property
    def means(self) -> tuple[Means, ...]:
        """The channels it has."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value for value in values if isinstance(value, Means))

    @model_validator(mode="after")
    def _some_channel(self) -> "Receiver":
        if not self.means:
            kinds = [name for name in type(self).model_fields if name not in NOT_CHANNELS]
            raise refuse(f"has no channel; add {', '.join(kinds[:-1])} or {kinds[-1]}")
        return self


Receivers = Annotated[list[Receiver], Field(min_length=1, max_length=MAX_RECEIVERS)]
