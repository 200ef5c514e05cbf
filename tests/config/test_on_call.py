from datetime import UTC, date, datetime, time

import pytest

from tests.config.conftest import Faults, Load
from tocsin.oncall.restriction import Restriction
from tocsin.oncall.schedule import HandOverTo, on_call

NAMED = "{name: x, participants: ada, starts: 2026-01-01}"
PEOPLE = "responders: {ada: {contacts: {email: ada@example.com}}, bob: {}}\n"


HANDED_OVER = """
receivers: [{{name: chat, console: {{}}}}]
responders: {{ada: {{receivers: chat}}, bob: {{receivers: chat}}}}
oncall: {{payments: {{hand_over_to: {}, layers: {{participants: [ada, bob], starts: 2026-01-01}}}}}}
"""


def rota(layers: str) -> str:
    return f"{PEOPLE}oncall: {{payments: {{timezone: Europe/Berlin, layers: {layers}}}}}\n"


def test_an_on_call_schedule_is_what_the_file_says(load: Load) -> None:
    configuration = load(
        """\
        defaults: {timezone: Europe/Berlin}
        receivers: [{name: team, console: {}}, {name: ada-phone, webhook: {url: "https://x.example/a"}}]
        route: {receiver: team}
        responders:
          ada:
            description: Ada Lovelace
            receivers: ada-phone
            contacts: {slack: U1, email: ada@example.com}
          bob:
            receivers: []
        oncall:
          payments:
            description: money
            layers:
              - name: office
                participants: [ada, bob]
                rotation: 12h
                starts: 2026-11-23 09:00
                timezone: america/new_york
                restrictions: [{weekdays: [fri, monday], from: "08:00", to: "17:00"}, {weekdays: sun}]
              - {participants: bob, starts: "2026-11-23"}
        """
    ).configuration

    ada = configuration.responders["ada"]
    office, rest = configuration.on_call_schedules["payments"].layers
    assert (ada.receivers, ada.contact("slack"), ada.description) == (("ada-phone",), "U1", "Ada Lovelace")
    assert ada.contacts == (("email", "ada@example.com"), ("slack", "U1"))
    assert (office.name, rest.name) == ("office", "layer 2")
    assert (office.rotation.starts_on, office.rotation.starts) == (date(2026, 11, 23), time(9))
    assert (office.rotation.length_hours, office.rotation.timezone) == (12, "America/New_York")
    assert (rest.rotation.length_hours, rest.rotation.timezone) == (168, "Europe/Berlin")
    assert office.restrictions == (
        Restriction(weekdays=(0, 4), starts=time(8), ends=time(17)),
        Restriction(weekdays=(6,)),
    )
    assert configuration.on_call_schedules["payments"].timezone == "Europe/Berlin"


def test_without_any_there_is_none(load: Load) -> None:
    configuration = load("").configuration

    assert (configuration.responders, configuration.on_call_schedules) == ({}, {})


@pytest.mark.parametrize(
    ("layers", "path", "words", "suggestion"),
    [
        (
            "{participants: [ada, bab], starts: 2026-01-01}",
            "layers.participants[1]",
            "no responder is",
            "bob",
        ),
        ("[{participants: cyd, starts: 2026-01-01}]", "layers[0].participants", "no responder is", None),
        ("{participants: [], starts: 2026-01-01}", "layers.participants", "at least 1 entry", None),
        ("[]", "layers", "at least 1 entry", None),
        (
            f"[{NAMED}, {NAMED}]",
            "layers[1].name",
            "layer 'x' exists already: oncall.payments.layers[0]",
            None,
        ),
        ("{participants: ada}", "layers.starts", "is required", None),
        ("{participants: ada, starts: noon}", "layers.starts", "a day and a time of day", None),
        ("{participants: ada, starts: 2026-02-30 09:00}", "layers.starts", "a day and a time of day", None),
        ("{participants: ada, starts: 1999-01-01}", "layers.starts", "from 2000 to 2100", None),
        ("{participants: ada, starts: 2026-01-01, rotation: 0h}", "layers.rotation", "daily, weekly", None),
        ("{participants: ada, starts: 2026-01-01, rotation: 400d}", "layers.rotation", "daily, weekly", None),
        (
            "{participants: ada, starts: 2026-01-01, restrictions: {weekdays: t}}",
            "layers.restrictions.weekdays",
            "must be a weekday",
            None,
        ),
        (
            "{participants: ada, starts: 2026-01-01, restrictions: {from: '24:00'}}",
            "layers.restrictions.from",
            "the end of the day is '00:00'",
            None,
        ),
    ],
)
def test_mistakes_are_told_with_their_place(
    faults: Faults, layers: str, path: str, words: str, suggestion: str | None
) -> None:
    (problem,) = faults(rota(layers))

    assert problem.path == f"oncall.payments.{path}"
    assert words in problem.message
    assert problem.suggestion == suggestion


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("responders: {ada: {receivers: nobody}}", "responders.ada.receivers", "no receiver is called"),
        (
            "responders: {ada: {}}\noncall: {ada: {layers: {participants: ada, starts: 2026-01-01}}}",
            "oncall.ada",
            "a responder is called 'ada', too",
        ),
        ("responders: {a/b: {}}", "responders.'a/b'", "becomes part of an address"),
        ("responders: {ada: {contacts: {email: ada}}}", "responders.ada.contacts", "ada@example.com"),
        ("responders: {ada: {contacts: {phone: '123'}}}", "responders.ada.contacts", "must be a number"),
        ("oncall: {x.ics: {layers: {}}}", "oncall.'x.ics'", "becomes part of an address"),
        ("oncall: 5", "oncall", "must be a mapping"),
        ("oncall: {a: 5}", "oncall.a", "must be a mapping"),
    ],
)
def test_what_cannot_be_meant_is_refused(faults: Faults, text: str, path: str, words: str) -> None:
    problems = faults(text)

    assert any(words in problem.message and problem.path == path for problem in problems), problems


OFFICE = "participants: ada, starts: 2026-11-23, restrictions: [{weekdays: [mon, tue, wed, thu, fri], from: "


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (f"{{{OFFICE}'00:00'}}]}}", "nobody is on call Sat 00:00 – Mon 00:00 (Europe/Berlin)"),
        (
            f"{{{OFFICE}'00:00'}}, {{weekdays: sat, from: '08:00'}}, {{weekdays: sun}}]}}",
            "Sat 00:00–08:00 (E",
        ),
        (f"{{{OFFICE}'00:00'}}, {{weekdays: sat}}, {{weekdays: sun, to: '20:00'}}]}}", "Sun 20:00–24:00 (E"),
        (f"{{{OFFICE}'09:00', to: '10:00'}}]}}", "Mon 10:00 – Tue 09:00, Tue 10:00 – Wed 09:00"),
    ],
)
def test_gaps_in_the_week_are_a_warning(load: Load, layers: str, told: str) -> None:
    (warning,) = load(rota(layers)).warnings

    assert warning.path == "oncall.payments"
    assert told in warning.message


def test_an_on_call_schedule_without_gaps_gives_no_warning(load: Load) -> None:
    loaded = load(rota("[{participants: ada, starts: 2026-11-23}]"))

    schedule = loaded.configuration.on_call_schedules["payments"]
    assert loaded.warnings == ()
    assert on_call(schedule, (), datetime(2026, 12, 1, tzinfo=UTC)).responder == "ada"


@pytest.mark.parametrize(("written", "meant"), [("comes", HandOverTo.COMES), ("both", HandOverTo.BOTH)])
def test_who_is_told_of_hand_overs_is_read(load: Load, written: str, meant: HandOverTo) -> None:
    found = load(HANDED_OVER.format(written))

    assert found.configuration.on_call_schedules["payments"].hand_over_to is meant
    assert found.warnings == ()


def test_nobody_is_told_of_hand_overs_unless_that_is_wanted(load: Load) -> None:
    found = load(HANDED_OVER.replace("hand_over_to: {}, ", "").replace("{{", "{").replace("}}", "}"))

    assert found.configuration.on_call_schedules["payments"].hand_over_to is HandOverTo.NOBODY


def test_who_else_could_be_told_of_hand_overs_is_refused(faults: Faults) -> None:
    (fault,) = faults(HANDED_OVER.format("everybody"))

    assert fault.path == "oncall.payments.hand_over_to"


def test_who_cannot_be_told_of_a_hand_over_is_warned_of(load: Load) -> None:
    text = HANDED_OVER.format("comes").replace("bob: {receivers: chat}", "bob: {}")

    (warning,) = load(text).warnings

    assert warning.path == "oncall.payments.hand_over_to"
    assert warning.message.startswith("bob cannot be told of a hand-over")
