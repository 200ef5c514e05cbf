"""What people have said of a job's runs, as far as a rule goes by it."""

from datetime import datetime
from typing import Final

from tocsin.jobs.run import Meaning, Remark
from tocsin.rules.facts import Facts
from tocsin.rules.showing import Pairs
from tocsin.rules.wording import clock_time

MEANINGS: Final = {
    Meaning.EXCLUDED: "excluded",
    Meaning.EXPECTED: "called expected",
    Meaning.NEW_NORMAL: "called the new normal",
}
_SHOWN: Final = 3


def is_called_ordinary(facts: Facts, run: str, order_at: datetime) -> bool:
    """Whether a person has said of a run that it is none to speak of.

    Of a run after one that was called the new normal too, until that has been learned.
    """
    unlearned = facts.state.unlearned
    for one in facts.state.remarks:
        if one.run == run:
            return True
        is_to_learn = unlearned is not None and unlearned.from_at <= one.order_at
        if is_to_learn and one.remark.meaning is Meaning.NEW_NORMAL and order_at >= one.order_at:
            return True
    return False


def words_of_remark(remark: Remark, timezone: str) -> str:
    """Return in words what was said of a run: `called expected by ann, 24 Mar 08:10: full load`."""
    said = f"{MEANINGS[remark.meaning]} by {remark.who}, {clock_time(remark.at, timezone)}"
    return f"{said}: {remark.note}" if remark.note else said


def remarks_of(facts: Facts) -> Pairs:
    """Return the last things that people have said of runs."""
    zone = facts.job.definition.timezone
    newest = facts.state.remarks[-_SHOWN:]
    return tuple((f"run {one.run}", words_of_remark(one.remark, zone)) for one in reversed(newest))
