"""Whether what a page shows of an output is what was put out, but for what differs each time."""

import re

ELSE_EACH_TIME = (
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(Z|\+00:00)?", "INSTANT"),
    (r"\b\d\d:\d\d:\d\d\b", "TIME"),
    (r"\b[0-9a-f]{32}\b", "RUN"),
    (r"\bin \d+\.\d+ s\b", "in SECONDS"),
    (r"\bafter \d+(\.\d+)? s\b", "after SECONDS"),
    # Of all rows that failed, those that are found first are shown.
    (r"\bcarrier=\w+, flight=\d+", "FLIGHT"),
)
LEFT_OUT = re.compile(r"^\.\.\.$", re.MULTILINE)


def is_shown_as_it_is(shown: str, put_out: str) -> bool:
    """Return whether each part of what is shown stands in what was put out; `...` is what lies between."""
    there = _alike(put_out)
    place = 0
    for part in LEFT_OUT.split(shown):
        wanted = _alike(part)
        found = there.find(wanted, place)
        if found < 0:
            return False
        place = found + len(wanted)
    return True


def _alike(text: str) -> str:
    text = " ".join(text.split())
    for pattern, word in ELSE_EACH_TIME:
        text = re.sub(pattern, word, text)
    return text
