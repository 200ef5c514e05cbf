"""Slack."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from tocsin.config.grammar.base import Name, ReadableFile, SecretText, usable_by
from tocsin.config.grammar.means.base import Means, Timeout, Url
from tocsin.config.problems import refuse
from tocsin.notify.channel import Channel
from tocsin.notify.channels.slack import SlackChannel
from tocsin.notify.channels.slack_bot import API, SlackBotChannel, check_token

Token = Annotated[SecretText, usable_by(check_token, "xoxb-absent")]


def _api_address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise refuse("must be a complete web address that starts with https:// or http://")
    return text


class Slack(Means):
    """A Slack incoming webhook, or that of a chat which speaks the same language; or a bot of Slack."""

    url: Url | None = None
    """Address of the incoming webhook, itself a secret: `env:SLACK_URL`. Or `token` and `channel`."""

    token: Token | None = None
    """Token of a bot, in place of `url`: `env:SLACK_TOKEN`. It begins with xoxb-."""

    posts_to: Name | None = Field(default=None, alias="channel")
    """Where the bot posts: a channel's ID such as C0123456789, or its name."""

    signing_secret: SecretText | None = None
    """Signing secret of the bot's app: `env:SLACK_SIGNING_SECRET`. Left out: messages have no buttons."""

    api_url: Annotated[Name, AfterValidator(_api_address)] = API
    """Address of Slack's Web API; `https://slack.com/api` if left out."""

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer; 15 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    @property
    def hears_acknowledgements(self) -> bool:
        """Whether it changes its message when somebody takes the alert in hand: only a bot can."""
        return self.token is not None

    @property
    def hook_secrets(self) -> tuple[str, ...]:
        """What signs the presses of buttons."""
        return (self.signing_secret.value,) if self.signing_secret else ()

    @model_validator(mode="before")
    @classmethod
    def _one_way(cls, data: object) -> object:
        given = {key for key, value in data.items() if value is not None} if isinstance(data, dict) else set()
        if "url" in given and given & {"token", "channel", "signing_secret"}:
            raise refuse("is either an incoming webhook ('url') or a bot ('token' and 'channel'), not both")
        if "token" in given and "channel" not in given:
            raise refuse("needs 'channel' beside 'token': where the bot posts")
        if not given & {"url", "token"}:
            raise refuse("needs 'url' of an incoming webhook, or 'token' and 'channel' of a bot")
        return data

    def make(self) -> Channel:
        """Return the channel."""
        if self.token is None or self.posts_to is None:
            url = self.url.value if self.url else ""
            return SlackChannel(url, self.timeout_seconds, ca_file=self.ca_file, reach=self.reach)
        return SlackBotChannel(
            self.token.value,
            self.posts_to,
            signing_secret=self.signing_secret.value if self.signing_secret else "",
            api_url=self.api_url,
            timeout_seconds=self.timeout_seconds,
            ca_file=self.ca_file,
            reach=self.reach,
        )
