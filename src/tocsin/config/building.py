"""The file's keys made into the values that the engine is told."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from tocsin.alerts.digest import DigestPlan
from tocsin.alerts.flapping import Flapping
from tocsin.alerts.route import Route
from tocsin.alerts.throttle import Throttle
from tocsin.config.crosscheck import CONSOLE
from tocsin.config.drills import build_drills
from tocsin.config.escalations import build_escalations
from tocsin.config.failures import build_known_failures, build_severity_cases
from tocsin.config.grammar import rules as rule_grammar
from tocsin.config.grammar import telling
from tocsin.config.grammar.base import read_span
from tocsin.config.grammar.delivery import read_limit
from tocsin.config.grammar.file import File
from tocsin.config.grammar.file import Flapping as WrittenFlapping
from tocsin.config.grammar.file import Throttle as WrittenThrottle
from tocsin.config.grammar.means.base import Means
from tocsin.config.grammar.means.console import Console
from tocsin.config.grammar.means.twilio import Twilio
from tocsin.config.maintenance import build_maintenance
from tocsin.config.on_call import build_on_call_schedules, build_responders
from tocsin.config.promises import definitions, general_definition
from tocsin.config.routing import build_inhibit_rules, build_route, build_time_intervals
from tocsin.config.settings import CallBack, ServerSettings, default_database, key_of
from tocsin.engine.configuration import Configuration, Policy
from tocsin.engine.pacing import DEFAULT_LIMITS, Limit
from tocsin.notify.answering import Line
from tocsin.notify.channel import Channel
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.rules.finding import Severity
from tocsin.rules.rule import MofN, Rule

CONSOLE_RECEIVER = telling.Receiver(name=CONSOLE, console=Console())


def build_configuration(file: File) -> Configuration:
    """Return what the file tells the engine."""
    rules, jobs, defaults = _rules(file), definitions(file), general_definition(file)
    inhibit_rules = build_inhibit_rules(file.inhibit_rules or ())
    known_failures = build_known_failures(file.failure_classes or ())
    own_failures = [known_failures.digest] if file.failure_classes else []
    watched = (rules, sorted(jobs.items(), key=lambda job: job[0]), defaults)
    return Configuration(
        digest=_digest(*watched, *([inhibit_rules] if inhibit_rules else ()), *own_failures),
        rules=rules,
        route=_route(file),
        targets={r.name: tuple(_targets(r)) for r in _receivers(file)},
        digests=_digests(file, defaults.timezone),
        fallbacks={r.name: r.fallback for r in _receivers(file) if r.fallback},
        hears_acknowledgements=frozenset(
            target
            for r in _receivers(file)
            for means in r.means
            if means.hears_acknowledgements
            for target in _targets_of(r, means)
        ),
        time_intervals=build_time_intervals(
            [*(file.time_intervals or ()), *(file.mute_time_intervals or ())]
        ),
        inhibit_rules=inhibit_rules,
        maintenance=build_maintenance(file.maintenance or ()),
        jobs=jobs,
        defaults=defaults,
        policy=_policy(file),
        base_url=(file.base_url or "").rstrip("/"),
        responders=build_responders(file),
        on_call_schedules=build_on_call_schedules(file),
        escalations=build_escalations(file),
        drills=build_drills(file),
        known_failures=known_failures,
    )


def _digests(file: File, timezone: str) -> tuple[DigestPlan, ...]:
    return tuple(
        DigestPlan(target=target, receiver=receiver.name, at=at, timezone=timezone)
        for receiver in _receivers(file)
        for means in receiver.means
        if (at := means.digest_at) is not None
        for target in _targets_of(receiver, means)
    )


def build_channels(file: File) -> dict[str, Channel]:
    """Return the channels by the names of their targets, "on-call/slack"."""
    told = ((r, means) for r in _receivers(file) for means in r.means)
    return {
        target: channel
        for receiver, means in told
        for target, (_, channel) in zip(_targets_of(receiver, means), means.channels, strict=True)
    }


def build_lines(file: File) -> tuple[Line, ...]:
    """Return the telephones that may answer."""
    means = ((receiver, one) for receiver in _receivers(file) for one in receiver.means)
    return tuple(
        line for receiver, one in means if isinstance(one, Twilio) for line in one.lines(receiver.name)
    )


def build_call_backs(file: File) -> tuple[CallBack, ...]:
    """Return which receivers are called back by their vendors."""
    return tuple(
        CallBack(kind=means.channel.kind, receiver=receiver.name, secrets=means.hook_secrets)
        for receiver in _receivers(file)
        for means in receiver.means
        if means.hook_secrets
    )


def build_server(file: File, environment: Mapping[str, str]) -> ServerSettings:
    """Return what the file says about the server and its users."""
    server, keys = file.server, file.keys
    ingest = enumerate(keys.ingest or (), start=1)
    return ServerSettings(
        host=server.host,
        port=server.port,
        tls_certificate=server.tls_certificate,
        tls_key=server.tls_key,
        database=server.database.value if server.database else default_database(environment),
        ingest_keys=tuple(key_of(f"ingest key {number} of the file", key.value) for number, key in ingest),
        user_tokens=tuple(key_of(name, key.value) for name, key in (keys.users or {}).items()),
    )


def _receivers(file: File) -> tuple[telling.Receiver, ...]:
    return tuple(file.receivers or (CONSOLE_RECEIVER,))


def _targets(receiver: telling.Receiver) -> Iterator[str]:
    at_once = (means for means in receiver.means if means.digest_at is None)
    return (target for means in at_once for target in _targets_of(receiver, means))


def _targets_of(receiver: telling.Receiver, means: Means) -> Iterator[str]:
    return (f"{receiver.name}/{name}" for name, _ in means.channels)


def _route(file: File) -> Route:
    if file.route is None:
        return Route(receiver=_receivers(file)[0].name)
    return build_route(file.route)


def _rules(file: File) -> tuple[Rule, ...]:
    written = tuple(_rule(rule) for rule in file.rules or ())
    mentioned = {rule.condition for rule in written}
    kept = (rule for rule in DEFAULT_RULES if file.default_rules and rule.condition not in mentioned)
    return (*written, *kept)


def _rule(rule: rule_grammar.Rule) -> Rule:
    plain = Rule(name=rule.name, condition=rule.condition)
    return Rule(
        name=rule.name,
        condition=rule.condition,
        job_pattern=rule.job_pattern or "",
        matchers=tuple(rule.matchers or ()),
        severity=Severity[rule.severity.upper()] if rule.severity else None,
        in_a_row=rule.in_a_row or plain.in_a_row,
        m_of_n=MofN(bad=rule.m_of_n.bad, of=rule.m_of_n.of) if rule.m_of_n else None,
        message=rule.message or "",
        runbook=rule.runbook or "",
        enabled=rule.enabled,
        fingerprint=tuple(rule.fingerprint) if rule.fingerprint else plain.fingerprint,
        severity_by=build_severity_cases(rule.severity_by or ()),
        threshold=_float(rule.threshold),
        page_threshold=_float(rule.page_threshold),
        window_for=None if rule.window_minutes is None else timedelta(minutes=rule.window_minutes),
        least=_float(rule.least),
        fewest=None if rule.fewest is None else int(rule.fewest),
        direction=rule.direction or "",
        of=rule.of or "",
    )


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)


def _policy(file: File) -> Policy:
    alerts, retention = file.alerts, file.retention
    return Policy(
        repeat_every=read_span(alerts.repeat_interval),
        acknowledged_for=read_span(alerts.acknowledged_for),
        deduplication_window=timedelta(minutes=alerts.deduplication.window_minutes),
        deduplication_limit=alerts.deduplication.limit,
        flapping=_flapping(alerts.flapping),
        throttle=_throttle(alerts.throttle),
        flush_wait_for=timedelta(minutes=alerts.flush_wait_minutes),
        fallback_after=timedelta(minutes=alerts.fallback_after_minutes),
        give_up_after=timedelta(hours=alerts.give_up_after_hours),
        keep_logs_for=timedelta(days=retention.days),
        keep_runs_for=timedelta(days=retention.run_days),
        limits={**DEFAULT_LIMITS, **{k: _limits(texts) for k, texts in file.delivery.rate_limits.items()}},
        at_once=dict(file.delivery.at_once),
    )


def _throttle(written: WrittenThrottle) -> Throttle | None:
    if not written.enabled:
        return None
    return Throttle(
        window=timedelta(minutes=written.window_minutes),
        limit=written.limit,
        cool_down_for=timedelta(minutes=written.cool_down_minutes),
    )


def _flapping(written: WrittenFlapping) -> Flapping | None:
    if not written.enabled:
        return None
    return Flapping(runs=written.runs, changes=written.changes, settled_runs=written.settled_runs)


def _limits(texts: Iterable[str]) -> tuple[Limit, ...]:
    return tuple(read_limit(text) for text in texts)


def _digest(*values: object) -> str:
    """Return 16 hexadecimal digits that are equal for equal values, on every machine and in every process."""
    return hashlib.blake2b(repr(values).encode(), digest_size=8).hexdigest()
