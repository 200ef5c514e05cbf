import io
from dataclasses import replace
from threading import Event, Thread
from typing import TextIO

import pytest

from tests.notify.messages import AT, a_message
from tocsin.notify.channels.console import LOG_LINES, SAID_WIDTH, ConsoleChannel
from tocsin.notify.message import Message, MessageKind


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(message: Message, stream: io.StringIO | None = None, colour: bool | None = False) -> str:  # noqa: FBT001, FBT002 - as the channel has it
    stream = stream or io.StringIO()
    ConsoleChannel(stream, colour=colour).send(message, at=AT)
    return stream.getvalue()


def test_a_message_is_one_block_in_three_columns() -> None:
    assert printed(a_message()) == (
        "07:30:02  CRITICAL        daily_etl  missed its deadline 06:00\n"
        "                          The run of 30 March was due at 06:00 and is still working.\n"
        "          since           2026-03-30 06:00:00 CEST (Europe/Berlin), for 1 h 30 min\n"
        "          deadline        06:00 CEST\n"
        "          progress        43 %\n"
        "          likely cause    The source was late.\n"
        "          do now          Look at the slow query.\n"
        "          owner           team data\n"
        "          job             http://127.0.0.1:8080/jobs/daily_etl\n"
        "          runbook         https://wiki.example.com/etl?a=1&b=2\n"
        "                          │ reading\n"
        "                          │ still reading\n"
        "\n"
    )


def test_the_end_says_once_how_long_it_took() -> None:
    text = "daily_etl is well again after 1 h 30 min."
    block = printed(a_message(kind=MessageKind.RESOLVED, text=text, log_tail="", evidence=()))

    assert block.startswith("07:30:02  RESOLVED        daily_etl  missed its deadline 06:00\n")
    assert block.count("1 h 30 min") == 1


def test_what_the_headline_says_already_is_not_said_again() -> None:
    block = printed(a_message(text="daily_etl missed its deadline 06:00.", evidence=(("since", "06:00"),)))

    assert block.count("missed its deadline") == 1
    assert block.count("since") == 1


def test_long_sentences_wrap_in_their_column_and_long_addresses_stay_whole() -> None:
    url = "https://example.com/" + "x" * 200
    block = printed(a_message(next_step="one two three four " * 20, text=url))

    assert url in block
    assert all(len(line) <= 110 for line in block.splitlines() if "x" * 200 not in line)


def test_a_long_headline_and_the_lines_of_a_log_stay_in_their_column() -> None:
    block = printed(a_message(title="words and " * 15, log_tail="§" * 200)).splitlines()

    assert max(map(len, block)) <= 26 + SAID_WIDTH
    assert [line for line in block[1:] if line and not line.startswith(" " * 10)] == []
    assert " ".join(line[26:] for line in block[:3]).count("words") == 15
    assert "".join(block).count("§") == 200


def test_of_a_long_log_the_end_is_shown() -> None:
    block = printed(a_message(log_tail="\n".join(f"line {number}" for number in range(100))))

    assert block.count("│ line") == LOG_LINES
    assert block.endswith("│ line 99\n\n")


@pytest.mark.parametrize(
    ("severity", "kind", "code"),
    [
        ("info", MessageKind.FIRING, "\x1b[1;36mINFO"),
        ("warning", MessageKind.LOUDER, "\x1b[1;33mNOW WARNING"),
        ("critical", MessageKind.REPEAT, "\x1b[1;91mSTILL CRITICAL"),
        ("page", MessageKind.FIRING, "\x1b[1;97;41mPAGE"),
        ("page", MessageKind.RESOLVED, "\x1b[1;32mRESOLVED"),
        ("doom", MessageKind.FIRING, "\x1b[1;95mDOOM"),
    ],
)
def test_a_terminal_shows_severity_in_colour_and_the_end_in_green(
    severity: str, kind: MessageKind, code: str
) -> None:
    assert code in printed(a_message(severity=severity, kind=kind), Terminal(), colour=None)


def test_a_drill_is_not_shown_in_the_colour_of_trouble() -> None:
    drill, over = a_message(severity="page", is_drill=True), MessageKind.RESOLVED

    assert "\x1b[1;95mDRILL PAGE" in printed(drill, Terminal(), colour=None)
    assert "\x1b[1;32mDRILL RESOLVED" in printed(replace(drill, kind=over), Terminal(), colour=None)


def test_a_file_is_not_coloured_and_neither_is_a_terminal_that_does_not_want_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" in printed(a_message(), Terminal(), colour=None)
    assert "\x1b" not in printed(a_message(), io.StringIO(), colour=None)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in printed(a_message(), Terminal(), colour=None)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in printed(a_message(), Terminal(), colour=None)


@pytest.mark.parametrize(
    ("encoding", "bar"), [("ascii", "| reading"), ("latin-1", "| reading"), ("utf-8", "│ reading")]
)
def test_letters_that_the_terminal_lacks_are_replaced(encoding: str, bar: str) -> None:
    raw = io.BytesIO()
    stream: TextIO = io.TextIOWrapper(raw, encoding=encoding)
    ConsoleChannel(stream, colour=False).send(a_message(job="Zoë 😀"), at=AT)

    assert bar in raw.getvalue().decode(encoding)


class Crowd(io.StringIO):
    """Lets other threads in while one writes, and counts how many are there."""

    inside = 0
    most = 0

    def write(self, text: str) -> int:
        self.inside += 1
        Event().wait(0.001)
        self.most = max(self.most, self.inside)
        self.inside -= 1
        return super().write(text)


def test_blocks_of_several_threads_do_not_mix() -> None:
    stream = Crowd()
    channel = ConsoleChannel(stream, colour=False)
    threads = [Thread(target=channel.send, args=(a_message(),), kwargs={"at": AT}) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert stream.most == 1
    assert stream.getvalue() == printed(a_message()) * 16
