"""The gallery shows what is sent today, all of it, and its pictures are of that."""

import re
from pathlib import Path

import pytest

from scripts.gallery.drawing import DRAWN
from scripts.gallery.payloads import CHANNELS, Shown
from scripts.gallery.scenes import KINDS, SEVERITIES
from scripts.gallery.sheets import all_shown, heading, mark_of, sheets_of, texts_of
from scripts.gallery.small import mark_in
from tocsin.config.grammar.telling import NOT_CHANNELS, Receiver
from tocsin.notify.message import MessageKind

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
MOST_BYTES = 2_000_000
HOW = "what is sent has changed: look at it, and make gallery"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Shown]]:
    return all_shown(tmp_path_factory.mktemp("gallery"))


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_texts_are_those_that_are_sent(everything: dict[str, list[Shown]], channel: str) -> None:
    kept = (GALLERY / f"{channel}.txt").read_text(encoding="utf-8")

    assert kept == texts_of(everything)[channel], HOW


@pytest.mark.parametrize("channel", DRAWN)
def test_the_pictures_are_of_what_is_sent(everything: dict[str, list[Shown]], channel: str) -> None:
    picture = (GALLERY / f"{channel}.png").read_bytes()

    assert mark_in(picture) == mark_of(sheets_of(everything)[channel]), HOW


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_severity_and_no_kind_is_missing(channel: str) -> None:
    kept = (GALLERY / f"{channel}.txt").read_text(encoding="utf-8")
    found = re.split(r"^(=====.*=====)\n", kept, flags=re.MULTILINE)[1:]

    assert found[::2] == [heading(severity, kind) for severity in SEVERITIES for kind in KINDS]
    assert all(text.strip() for text in found[1::2])


def test_every_channel_and_every_kind_of_news_is_shown(everything: dict[str, list[Shown]]) -> None:
    channels = {name.removesuffix("-bot").replace("alertmanager", "webhook") for name in CHANNELS}
    kinds = {re.findall(r'"kind": "(\w+)"', one.text)[0] for one in everything["webhook"]}

    assert channels == set(Receiver.model_fields) - NOT_CHANNELS
    assert kinds == {kind.value for kind in MessageKind} - {"test"}


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_is_of_the_severity_under_which_it_is_shown(
    everything: dict[str, list[Shown]], channel: str
) -> None:
    told = [one for one in everything["webhook"] if f'"severity": "{one.severity}"' not in one.text]

    assert told == []
    assert len(everything[channel]) == len(SEVERITIES) * len(KINDS)


def test_the_page_leads_to_every_file_and_the_files_are_small() -> None:
    page = (GALLERY / "README.md").read_text(encoding="utf-8")
    files = {path.name: path.stat().st_size for path in GALLERY.iterdir() if path.name != "README.md"}

    assert files.keys() == {f"{name}.txt" for name in CHANNELS} | {f"{name}.png" for name in DRAWN}
    assert [name for name in files if f"]({name})" not in page] == []
    assert sum(size for name, size in files.items() if name.endswith(".png")) < MOST_BYTES


def test_nothing_that_is_read_at_a_glance_is_too_long(everything: dict[str, list[Shown]]) -> None:
    parts = [int(re.findall(r"\((\d) parts?,", one.text)[0]) for one in everything["sms"]]
    subjects = [one.text.splitlines()[0].removeprefix("Subject: ") for one in everything["email"]]

    assert max(parts) <= 2
    assert max(len(subject) for subject in subjects) <= 160
    assert [subject for subject in subjects if subject.endswith("…")] == []
