"""What is allowed and yet unwise: told by `tocsin check` and by the server at its start."""

from collections.abc import Iterator

from tocsin.clock import now
from tocsin.config.contradictions import contradictions
from tocsin.config.dead_ends import always_quiet, ends
from tocsin.config.deadlocks import circles, mutual
from tocsin.config.escalations import escalation_warnings, named_in_escalations
from tocsin.config.from_alertmanager import alertname_warnings, equal_warnings
from tocsin.config.grammar.base import Part
from tocsin.config.grammar.file import File
from tocsin.config.grammar.routing import Route
from tocsin.config.hand_overs import hand_over_warnings
from tocsin.config.heard_late import pages_heard_late
from tocsin.config.maintenance import maintenance_warnings
from tocsin.config.never_speaking import misspelled_needs, too_short_windows
from tocsin.config.on_call import gap_warnings
from tocsin.config.problems import Fault, Place
from tocsin.config.references import Origin, Secret
from tocsin.config.routing import build_inhibit_rules, build_route, build_time_intervals
from tocsin.config.unmatched import unmatched_rules

PLAIN_ADDRESSES = (("webhook", "url"), ("pagerduty", "url"))


def advise(file: File) -> Iterator[Fault]:
    """Return what should be changed in a file that can be used."""
    for place, secret in _secrets(file, ()):
        if secret.origin is Origin.LITERAL and _is_sensitive(place, secret):
            message = "a secret stands in the file itself; refer to it as env:NAME or file:/path"
            yield Fault(place=place, message=message)
    yield from _unused_receivers(file)
    yield from _quiet_times(file)
    yield from alertname_warnings(file)
    yield from equal_warnings(file)
    yield from pages_heard_late(file)
    inhibit_rules = build_inhibit_rules(file.inhibit_rules or ())
    yield from mutual(inhibit_rules)
    yield from circles(inhibit_rules)
    yield from _passwords_in_the_open(file)
    yield from _unheard_answers(file)
    yield from of_promises(file)
    yield from maintenance_warnings(file.maintenance or (), now())
    yield from gap_warnings(file)
    yield from escalation_warnings(file)
    yield from hand_over_warnings(file)
    if file.keys.ingest and not file.keys.users:
        message = "nobody can log in with an ingest key; add 'users', unless a user token was made already"
        yield Fault(place=("keys", "ingest"), message=message)


def of_promises(file: File) -> Iterator[Fault]:
    """Return what is unwise in what jobs promise, and which rules watch none of them."""
    yield from contradictions(file, now())
    yield from unmatched_rules(file)
    yield from misspelled_needs(file)
    yield from too_short_windows(file, now())


def _secrets(value: object, place: Place) -> Iterator[tuple[Place, Secret]]:
    if isinstance(value, Secret):
        yield place, value
    elif isinstance(value, Part):
        for name, field in type(value).model_fields.items():
            yield from _secrets(getattr(value, name), (*place, field.alias or name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _secrets(item, (*place, number))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _secrets(item, (*place, key))


def _is_sensitive(place: Place, secret: Secret) -> bool:
    if place[-1] == "database":
        account = secret.value.rpartition("@")[0].partition("://")[2]
        return ":" in account
    return place[-1] != "username" and place[-2:] not in PLAIN_ADDRESSES


def _unused_receivers(file: File) -> Iterator[Fault]:
    receivers = file.receivers or []
    used = {receiver.fallback for receiver in receivers}
    if file.route is None:
        used |= {receiver.name for receiver in receivers[:1]}
    else:
        used |= {file.route.receiver, *(node.receiver for _, node in ends(build_route(file.route)))}
    used |= {name for responder in (file.responders or {}).values() for name in responder.receivers or ()}
    used |= named_in_escalations(file)
    for number, receiver in enumerate(receivers):
        if receiver.name not in used:
            yield Fault(
                place=("receivers", number, "name"), message=f"no route tells {receiver.name!r} of anything"
            )


def _quiet_times(file: File) -> Iterator[Fault]:
    """Tell the routes that are never open, and the time intervals that no route names."""
    if file.route is None:
        return
    written = [*(file.time_intervals or ()), *(file.mute_time_intervals or ())]
    yield from always_quiet(build_route(file.route), build_time_intervals(written), now())
    used = set(_intervals_of(file.route.routes or []))
    for key in ("time_intervals", "mute_time_intervals"):
        for number, one in enumerate(getattr(file, key) or ()):
            if one.name not in used:
                message = f"no route is quiet or speaks by the time interval {one.name!r}"
                yield Fault(place=(key, number, "name"), message=message)


def _intervals_of(routes: list[Route]) -> Iterator[str]:
    for route in routes:
        yield from route.mute_time_intervals or ()
        yield from route.active_time_intervals or ()
        yield from _intervals_of(route.routes or [])


def _unheard_answers(file: File) -> Iterator[Fault]:
    """Tell of telephones whose answers cannot reach us, though everything else for them is there."""
    if file.base_url:
        return
    for number, receiver in enumerate(file.receivers or []):
        for kind, means in (("sms", receiver.sms), ("phone", receiver.phone)):
            if means is not None and means.auth_token is not None:
                message = "answers are not heard without 'base_url', the address at which Twilio finds us"
                yield Fault(place=("receivers", number, kind), message=message)


def _passwords_in_the_open(file: File) -> Iterator[Fault]:
    for number, receiver in enumerate(file.receivers or []):
        if receiver.email and receiver.email.tls == "none" and receiver.email.password:
            message = "the password goes over the network unprotected; use starttls or implicit"
            yield Fault(place=("receivers", number, "email", "tls"), message=message)
