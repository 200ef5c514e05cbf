"""What of an Alertmanager's file has no place here, each key with what to write in its stead.

Routes, time intervals and inhibition are read as they are. Receivers are Tocsin's own and know their servers
themselves; no secret is repeated, so that what is told here can be shown to anybody.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tocsin.alerts.matcher import read_matchers
from tocsin.config.as_written import items
from tocsin.config.grammar.file import File
from tocsin.config.grammar.jobs import RESERVED_LABELS
from tocsin.config.grammar.routing import InhibitRule, RootRoute, Route
from tocsin.config.problems import Fault, Place

ALERTNAME: Final = "alertname"
OWN_PAGERDUTY: Final = "https://events.pagerduty.com/v2/enqueue"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.@/+-]+")
_MOST_SHOWN: Final = 100
_MOST_LINES: Final = 20

_TOP: Final = {
    "templates": "is Alertmanager's: messages are built in here, and a rule's 'message' changes its text; "
    "leave it out",
    "tracing": "is Alertmanager's; leave it out",
}
_GLOBAL: Final = {
    "resolve_timeout": "leave it out: an alert is over when its job is well again, and not for want of news",
    "smtp_smarthost": "write 'host' and 'port' at the 'email' of each receiver",
    "smtp_from": "write 'from' at the 'email' of each receiver",
    "smtp_auth_username": "write 'username' at the 'email' of each receiver",
    "smtp_auth_password": "write password: \"env:SMTP_PASSWORD\" at the 'email' of each receiver",
    "smtp_auth_password_file": "write password: \"file:…\" at the 'email' of each receiver",
    "smtp_require_tls": "write tls: starttls, implicit or none at the 'email' of each receiver",
    "smtp_hello": "leave it out: the server greets by its own name",
    "smtp_auth_identity": "leave it out: it logs in by 'username' and 'password'",
    "smtp_auth_secret": "leave it out: it logs in by 'username' and 'password'",
    "slack_api_url": 'write slack: {url: "env:SLACK_URL"} at each receiver',
    "slack_api_url_file": 'write slack: {url: "file:…"} at each receiver',
    "slack_app_token": 'write slack: {token: "env:SLACK_TOKEN", channel: …} at each receiver',
    "pagerduty_url": "leave it out, or for a relay write 'url' at the 'pagerduty' of each receiver",
    "http_config": "write 'ca_file' at each channel, and 'delivery.allow_addresses' for networks inside",
}
_BY_APPRISE: Final = {
    "opsgenie": "opsgenie://…",
    "telegram": "tgram://…",
    "pushover": "pover://…",
    "discord": "discord://…",
    "wechat": "wecombot://…",
    "webex": "wxteams://…",
    "victorops": "splunk://…",
    "rocketchat": "rocket://…",
    "mattermost": "mmost://…",
    "sns": "sns://…",
}


def alertmanager_faults(data: Mapping[str, object]) -> Iterator[Fault]:
    """Return a fault for each key of a file that is Alertmanager's, with what to write in its stead."""
    for key in _TOP.keys() & data.keys():
        yield Fault(place=(key,), message=_TOP[key])
    settings = data.get("global")
    if "global" in data:
        yield from _of_global(settings)
    defaults = settings if isinstance(settings, dict) else {}
    for place, receiver in items(data.get("receivers"), ("receivers",)):
        yield from _of_receiver(receiver, place, defaults)


def without_spoken_of(faults: Iterable[Fault], foreign: Iterable[Fault]) -> Iterator[Fault]:
    """Return the faults but for those that say of a key only that it is not known."""
    known = {("global",), *(fault.place for fault in foreign)}
    return (fault for fault in faults if fault.place not in known)


def alertname_warnings(file: File) -> Iterator[Fault]:
    """Return where a file asks for the label that tells Alertmanager's alerts apart, and that ours lack."""
    jobs = [job for variants in file.jobs.values() for job in variants]
    if any(ALERTNAME in (part.labels or {}) for part in (file.defaults, *jobs)):
        return
    places = [place for place, named in _named_labels(file) if ALERTNAME in named]
    for place in places[:_MOST_LINES]:
        message = "no job of the file has the label 'alertname'; 'condition' and 'rule' tell alerts apart"
        yield Fault(place=place, message=message)


def equal_warnings(file: File) -> Iterator[Fault]:
    """Return the inhibitions that mute alerts of any job by those of any other, which hardly anybody means.

    A label that two alerts lack counts as equal, so that one which only others' alerts have narrows nothing.
    """
    jobs = [job for variants in file.jobs.values() for job in variants]
    known = RESERVED_LABELS.union(*(part.labels or {} for part in (file.defaults, *jobs)))
    for number, rule in enumerate((file.inhibit_rules or ())[:_MOST_LINES]):
        if rule.equal and known.isdisjoint(rule.equal) and not _chooses_jobs(rule):
            message = (
                "no job of the file has any of these labels, and what two alerts lack counts as equal: "
                "an alert of one job mutes those of all others; add 'job', or a label that your jobs have"
            )
            yield Fault(place=("inhibit_rules", number, "equal"), message=message)


def _chooses_jobs(rule: InhibitRule) -> bool:
    return "job" in {
        *_in_matchers(rule.target_matchers),
        *(rule.target_match or ()),
        *(rule.target_match_re or ()),
    }


def _named_labels(file: File) -> Iterator[tuple[Place, set[str]]]:
    if file.route is not None:
        yield from _of_route(file.route, ("route",))
    for number, rule in enumerate(file.inhibit_rules or ()):
        yield from _of_inhibition(rule, ("inhibit_rules", number))


def _of_route(route: RootRoute | Route, place: Place) -> Iterator[tuple[Place, set[str]]]:
    yield (*place, "group_by"), set(route.group_by or ())
    if isinstance(route, Route):
        yield (*place, "matchers"), _in_matchers(route.matchers)
        yield (*place, "match"), set(route.match or ())
        yield (*place, "match_re"), set(route.match_re or ())
    for number, child in enumerate(route.routes or ()):
        yield from _of_route(child, (*place, "routes", number))


def _of_inhibition(rule: InhibitRule, place: Place) -> Iterator[tuple[Place, set[str]]]:
    for side in ("source", "target"):
        yield (*place, f"{side}_matchers"), _in_matchers(getattr(rule, f"{side}_matchers"))
        yield (*place, f"{side}_match"), set(getattr(rule, f"{side}_match") or ())
        yield (*place, f"{side}_match_re"), set(getattr(rule, f"{side}_match_re") or ())


def _in_matchers(written: Iterable[str] | None) -> set[str]:
    return {matcher.name for text in written or () for matcher in read_matchers(text)}


def _of_global(settings: object) -> Iterator[Fault]:
    if not isinstance(settings, dict) or not settings:
        yield Fault(place=("global",), message="is Alertmanager's; leave it out")
        return
    for key in list(settings)[:_MOST_LINES]:
        name = str(key)
        known = _GLOBAL.get(name) or _of_another(name.partition("_")[0])
        yield Fault(place=("global", name), message=f"is Alertmanager's; {known}")


def _of_another(kind: str) -> str:
    address = _BY_APPRISE.get(kind)
    if address is None:
        return "leave it out: each receiver says all that it needs itself"
    return f'write apprise: {{url: "{address}"}} at each receiver, with what that service wants in it'


def _of_receiver(
    receiver: Mapping[str, object], place: Place, defaults: Mapping[str, object]
) -> Iterator[Fault]:
    for key in [str(key) for key in receiver if str(key).endswith("_configs")]:
        configs = [one for _, one in items(receiver.get(key), ())] or [{}]
        message = f"is Alertmanager's; write {_in_stead(key.removesuffix('_configs'), configs[0], defaults)}"
        if len(configs) > 1:
            rest = len(configs) - 1
            message += f"; the other {rest} {'is a receiver' if rest == 1 else 'are receivers'} of "
            message += "their own, each with a route that continues"
        yield Fault(place=(*place, key), message=message)


def _in_stead(kind: str, config: Mapping[str, object], defaults: Mapping[str, object]) -> str:
    """Return what says the same as one entry of a receiver."""
    match kind:
        case "slack":
            return _written("slack", {"url": '"env:SLACK_URL"'}) + ", with the address of 'api_url' in it"
        case "pagerduty":
            return _pagerduty(config, defaults)
        case "webhook":
            keys = {"url": '"env:WEBHOOK_URL"', "format": "alertmanager"}
            return _written("webhook", keys) + ", with the address of 'url' in it"
        case "email":
            return _written("email", _email(config, defaults))
        case "msteams" | "msteamsv2":
            return _written("teams", {"url": '"env:TEAMS_URL"'}) + ", the address of a workflow's webhook"
        case _:
            address = _BY_APPRISE.get(kind, "…")
            return _written("apprise", {"url": f'"{address}"'}) + ", or a webhook to what speaks to it"


def _pagerduty(config: Mapping[str, object], defaults: Mapping[str, object]) -> str:
    keys = {"routing_key": '"env:PAGERDUTY_KEY"'}
    url = config.get("url", defaults.get("pagerduty_url"))
    if isinstance(url, str) and url.rstrip("/") != OWN_PAGERDUTY:
        keys["url"] = _text(url)
    old = "service_key" in config and "routing_key" not in config
    hint = ", the key of an integration by the Events API v2, which 'service_key' is not" if old else ""
    return _written("pagerduty", keys) + hint


def _email(config: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, str]:
    def said(name: str) -> object:
        return config.get(name, defaults.get(f"smtp_{name}"))

    host, _, port = str(said("smarthost") or "").rpartition(":")
    found = {"host": _text(host or port), "port": port if host and port.isdigit() else "", "from": ""}
    found["from"] = _text(said("from"))
    to = [part.strip() for part in str(config.get("to") or "").split(",") if part.strip()]
    found["to"] = (
        f"[{', '.join(map(_text, to[:_MOST_LINES]))}]" if len(to) > 1 else _text(to[0] if to else None)
    )
    if said("require_tls") is False:
        found["tls"] = "none"
    if said("auth_username"):
        found["username"] = _text(said("auth_username"))
        file = said("auth_password_file")
        found["password"] = f'"file:{str(file)[:_MOST_SHOWN]}"' if file else '"env:SMTP_PASSWORD"'
    return {name: value for name, value in found.items() if value}


def _text(value: object) -> str:
    """Return a value as it is written in YAML within braces; what is not there, or is a secret, as `…`."""
    shown = str(value)[:_MOST_SHOWN] if isinstance(value, str) and value != "<secret>" else ""
    if not shown:
        return "…"
    return shown if _PLAIN.fullmatch(shown) else json.dumps(shown, ensure_ascii=False)


def _written(kind: str, keys: Mapping[str, str]) -> str:
    return f"{kind}: {{{', '.join(f'{name}: {value}' for name, value in keys.items())}}}"
