"""What the simulated server is told: rules, routes, receivers, times."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from tests.simulation.jobs import Plan
from tocsin.alerts.group import Pace
from tocsin.alerts.inhibition import InhibitRule
from tocsin.alerts.matcher import Matcher
from tocsin.alerts.route import Route
from tocsin.engine.configuration import Configuration, Policy
from tocsin.oncall import escalation
from tocsin.oncall.escalation import Level
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.rules.finding import Severity
from tocsin.rules.rule import Rule

TARGETS = ("ops/webhook", "ops/email", "pager/webhook", "chat/slack", "spare/webhook")
RECEIVERS = {
    "ops": ("ops/webhook", "ops/email"),
    "pager": ("pager/webhook",),
    "chat": ("chat/slack",),
    "spare": ("spare/webhook",),
}
# Whom only escalations and fallbacks reach.
ESCALATED = frozenset({"spare/webhook"})
DEFAULT_RECEIVER = "ops"
FALLBACKS = {"pager": "spare", "ops": "spare"}
RECEIVER_OF = {
    Severity.INFO: "ops",
    Severity.WARNING: "chat",
    Severity.CRITICAL: "ops",
    Severity.PAGE: "pager",
}
GOLD_FAILED = Rule(
    name="gold failed",
    condition="job_failure",
    matchers=('tier="gold"',),
    severity=Severity.PAGE,
)
# Its people are reached by the fallback, which no route names: what it hears first-hand is escalated.
ESCALATION = escalation.Policy(
    policy_id="standard",
    name="standard",
    levels=(
        Level(name="on-call", targets=("spare",), timeout_minutes=7),
        Level(name="manager", targets=("spare",), timeout_minutes=10),
    ),
)
# Two at a time are told as one already, so that hours of life see many groups.
POLICY = Policy(blind_after=timedelta(minutes=3), pace=Pace(together_from=2))
# Which job's alerts mute which other's; what the auditor reckons with, too.
MUTED_BY = {"mail": "sync", "archive": "wander"}
INHIBIT_RULES = tuple(
    InhibitRule(
        source_matchers=(Matcher(name="job", operator="=", value=source),),
        target_matchers=(Matcher(name="job", operator="=", value=target),),
        equal=("environment",),
    )
    for target, source in MUTED_BY.items()
)


def configuration(plans: Iterable[Plan], repeat_every: timedelta, *, inhibits: bool) -> Configuration:
    """Return the configuration of a seed."""
    return Configuration(
        digest="simulation",
        rules=(*DEFAULT_RULES, GOLD_FAILED),
        route=Route(
            receiver=DEFAULT_RECEIVER,
            escalation="standard",
            routes=(
                Route(
                    receiver="pager",
                    matchers=(Matcher(name="severity", operator="=", value="page"),),
                    escalation="",
                ),
                Route(
                    receiver="chat",
                    matchers=(Matcher(name="severity", operator="=", value="warning"),),
                    escalation="",
                ),
            ),
        ),
        targets=RECEIVERS,
        fallbacks=FALLBACKS,
        escalations={"standard": ESCALATION},
        inhibit_rules=INHIBIT_RULES if inhibits else (),
        jobs={plan.key: plan.definition for plan in plans if plan.scheduled and not plan.from_code},
        policy=replace(POLICY, repeat_every=repeat_every),
    )
