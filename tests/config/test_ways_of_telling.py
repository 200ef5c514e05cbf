from datetime import time

import pytest

from tests.config.conftest import Faults, Load

KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("channel", "place", "words"),
    [
        (
            "email: {host: h, from: a@b.example, to: c@b.example, digest: '8'}",
            "email.digest",
            "must be a time of day such as 08:00",
        ),
        (
            "email: {host: h, from: a@b.example, to: c@b.example, digest: '24:00'}",
            "email.digest",
            "must be a time of day such as 08:00",
        ),
        ("pagerduty: {routing_key: short}", "pagerduty.routing_key", "has 32 letters and digits"),
        (f"pagerduty: {{routing_key: {KEY}, region: mars}}", "pagerduty.region", "us"),
        (
            f"pagerduty: {{routing_key: {KEY}, webhook_secret: short}}",
            "pagerduty.webhook_secret",
            "is shorter than 16 characters",
        ),
        ("teams: {url: teams.example}", "teams.url", "a complete web address"),
        ("webhook: {url: 'https://x.example', format: grafana}", "webhook.format", "alertmanager"),
        ("apprise: {url: telegram}", "apprise.url", "has the form service://"),
    ],
)
def test_a_fault_of_a_channel_is_told_with_its_place(
    faults: Faults, channel: str, place: str, words: str
) -> None:
    (problem,) = faults(f"receivers: [{{name: a, {channel}}}]")

    assert problem.path.startswith(f"receivers[0].{place}")
    assert words in problem.message
    assert "short" not in problem.message.replace("shorter", "")


def test_a_digest_is_no_target_of_what_is_told_at_once(load: Load) -> None:
    configuration = load(
        """\
        defaults: {timezone: Europe/Berlin}
        receivers:
          - name: desk
            email: {host: h, from: a@b.example, to: c@b.example, digest: "08:00"}
            teams: {url: "https://x.example/y"}
        """
    ).configuration

    assert configuration.targets == {"desk": ("desk/teams",)}
    [plan] = configuration.digests
    assert (plan.target, plan.receiver, plan.at, plan.timezone) == (
        "desk/email",
        "desk",
        time(8),
        "Europe/Berlin",
    )


def test_who_calls_back_and_who_tracks_what_is_in_hand_is_known(load: Load) -> None:
    loaded = load(
        f"""\
        receivers:
          - name: on-call
            pagerduty: {{routing_key: {KEY}, webhook_secret: [first-secret-of-two, second-secret-of-two]}}
          - {{name: other, pagerduty: {{routing_key: {KEY}}}, fallback: on-call}}
        route: {{receiver: on-call, routes: [{{matchers: ['job="x"'], receiver: other}}]}}
        """
    )

    assert loaded.configuration.hears_acknowledgements == {"on-call/pagerduty", "other/pagerduty"}
    [call_back] = loaded.call_backs
    assert (call_back.kind, call_back.receiver) == ("pagerduty", "on-call")
    assert call_back.secrets == ("first-secret-of-two", "second-secret-of-two")
    assert "secret-of-two" not in repr(loaded)
