"""Hand-overs of on-call schedules: whether those who are to be told of them can be."""

from collections.abc import Iterator

from tocsin.config.escalations import kinds_by_name
from tocsin.config.grammar.file import File
from tocsin.config.problems import Fault
from tocsin.engine.handing_over import NOT_FOR_READING
from tocsin.oncall.schedule import HandOverTo


def hand_over_warnings(file: File) -> Iterator[Fault]:
    """Return who of an on-call schedule is to be told of hand-overs and has nothing to read it at."""
    kinds = kinds_by_name(file)
    for name, schedule in (file.oncall or {}).items():
        if HandOverTo(schedule.hand_over_to) is HandOverTo.NOBODY:
            continue
        people = dict.fromkeys(who for layer in schedule.layers for who in layer.participants)
        deaf = [who for who in people if not kinds.get(who, set()) - NOT_FOR_READING]
        if deaf:
            message = (
                f"{', '.join(deaf)} cannot be told of a hand-over: give them a receiver where people read, "
                "which a telephone call and PagerDuty are not"
            )
            yield Fault(place=("oncall", name, "hand_over_to"), message=message)
