from datetime import timedelta

from tests.alerts.words import ACKNOWLEDGED, NOON, alert
from tocsin.alerts.digest import Digest, digest_of
from tocsin.notify.digest import digest_message
from tocsin.notify.letter import letter
from tocsin.notify.message import TEXT_LIMIT, Link, MessageKind
from tocsin.rules.finding import Severity


def a_digest(count: int, *, is_whole: bool = True, summary: str = "failed") -> Digest:
    alerts = [alert(id=f"{number:03}", job=f"job{number}", summary=summary) for number in range(count)]
    return digest_of(alerts, NOON - timedelta(days=1), NOON, is_whole=is_whole)


def test_a_digest_is_a_summary_of_its_own_with_counts_and_a_link() -> None:
    message = digest_message(a_digest(2), key="digest-1", timezone="UTC", base_url="https://t.example/")

    assert message.kind is MessageKind.SUMMARY
    assert message.title == "had 2 alerts, 2 still open"
    assert message.evidence == (
        ("since", "2026-03-09 12:00 UTC"),
        ("still open", "2"),
        ("over", "0"),
        ("warning", "2"),
    )
    assert message.links == (Link(name="overview", url="https://t.example/"),)


def test_as_many_alerts_as_have_room_are_named_and_the_others_counted() -> None:
    message = digest_message(a_digest(500, is_whole=False), key="k", timezone="UTC", base_url="")

    lines = message.text.splitlines()
    assert len(message.text) <= TEXT_LIMIT
    assert len(lines) > 20
    assert lines[-1] == f"… and {500 - len(lines) + 1} or more others"
    assert message.title == "had at least 500 alerts, 500 still open"


def test_what_was_not_all_looked_at_is_not_called_quiet() -> None:
    message = digest_message(a_digest(0, is_whole=False), key="k", timezone="UTC", base_url="")

    assert message.title == "had so many alerts that not all were looked at"
    assert "Nothing was wrong" not in message.text


def test_a_long_line_does_not_hide_how_it_stands() -> None:
    message = digest_message(a_digest(1, summary="x" * 500), key="k", timezone="UTC", base_url="")

    assert message.text.endswith("… (since 2026-03-10 12:00 UTC, nobody has it)")


def test_who_has_it_is_told() -> None:
    taken = alert(state=ACKNOWLEDGED, acknowledged_by="ann", severity=Severity.PAGE, environment="staging")
    digest = digest_of([taken], NOON, NOON, is_whole=True)

    text = digest_message(digest, key="k", timezone="UTC", base_url="").text

    assert text == "PAGE etl [staging]: failed (since 2026-03-10 12:00 UTC, ann has it)"


def test_as_a_letter_every_alert_has_its_line() -> None:
    written = letter(digest_message(a_digest(3), key="k", timezone="UTC", base_url=""))

    assert written.subject == "[SUMMARY] all jobs had 3 alerts, 3 still open"
    assert written.html.count("WARNING job") >= 3
    assert "WARNING job0: failed" in written.text
