"""The history as files: out of a real server, into another one, and what is wrong with files."""

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin, real_server_in
from tests.cli.test_real_server import eventually, run_job
from tocsin.cli import carrying
from tocsin.cli.exits import Exit

HEADER = b'{"type":"tocsin-history","version":1}\n'
CHECK_IN = b'{"type":"check_in","received_at":"2026-01-01T00:00:00Z","check_in":{"job":"x","kind":"%b"}}\n'


def test_a_history_is_saved_and_given_to_another_server(
    tocsin: Tocsin, real_server: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert run_job(real_server, "nightly export", "sh", "-c", "exit 3") == 3
    eventually(tocsin, "runs", "nightly export", "--server", real_server, holds="failed")

    saved = tocsin(
        "export", "--jobs", "nightly", "--since", "2d", "-o", "h.jsonl.gz", "--server", real_server
    )

    assert (saved.code, saved.out) == (0, "")
    assert "h.jsonl.gz: 5 lines" in saved.err
    lines = [json.loads(line) for line in gzip.decompress(Path("h.jsonl.gz").read_bytes()).splitlines()]
    assert [line["type"] for line in lines] == ["tocsin-history", "job", "run", "check_in", "check_in"]
    assert lines[3]["check_in"]["job"] == "nightly export"
    with real_server_in(tmp_path_factory.mktemp("other")) as other:
        first = tocsin("import", "h.jsonl.gz", "--server", other)
        again = tocsin("import", "h.jsonl.gz", "--server", other)
        assert "exit code 3" in tocsin("runs", "nightly export", "--server", other).out
        assert tocsin("alerts", "--exit-code", "--server", other).code == 0
        out = tocsin("export", "--since", lines[0]["since"], "--jobs", "nightly", "--server", other).out
    assert "4 lines are new to the server; 0 it knew" in first.err
    assert "0 lines are new to the server; 4 it knew" in again.err
    assert out.encode() == gzip.decompress(Path("h.jsonl.gz").read_bytes())


def test_a_file_is_not_replaced_unless_that_is_meant(tocsin: Tocsin, real_server: str) -> None:
    Path("h.jsonl").write_text("mine")

    refused = tocsin("export", "-o", "h.jsonl", "--server", real_server)
    assert (refused.code, Path("h.jsonl").read_text()) == (Exit.FAILED, "mine")
    assert tocsin("export", "-o", "h.jsonl", "--force", "--server", real_server).code == 0


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.jsonl", None, "none.jsonl cannot be read: No such file or directory"),
        ("empty.jsonl", b"\n", "empty.jsonl is empty; write one with: tocsin export -o FILE"),
        ("not.jsonl", b"hello\n", "not.jsonl, line 1: is not of a history that tocsin export wrote"),
        ("other.jsonl", b'{"type":"job"}\n', "other.jsonl, line 1: is not of a history"),
        ("torn.jsonl.gz", gzip.compress(b"x" * 1000, mtime=0)[:-9], "torn.jsonl.gz is damaged or not whole"),
        ("plain.jsonl.gz", b"{}", "plain.jsonl.gz is damaged or not whole"),
        ("long.jsonl", b"x" * 300_000, "line 1: is longer than 200 KiB"),
        (
            "new.jsonl",
            b'{"type":"tocsin-history","version":2}\n',
            "line 1: is of version 2; this Tocsin reads version 1",
        ),
        (
            "bad.jsonl",
            HEADER + CHECK_IN % b"success" + CHECK_IN % b"ended",
            "line 3: check_in.kind",
        ),
    ],
)
def test_a_file_that_is_no_history_is_named_with_its_line(
    tocsin: Tocsin, real_server: str, name: str, content: bytes | None, says: str
) -> None:
    if content is not None:
        Path(name).write_bytes(content)

    said = tocsin("import", name, "--server", real_server)

    assert said.code != 0
    assert says in said.err


def test_a_pattern_that_cannot_be_read_is_refused(tocsin: Tocsin, real_server: str) -> None:
    said = tocsin("export", "--jobs", "(", "--server", real_server)

    assert said.code == Exit.REFUSED
    assert "is not valid RE2" in said.err


def test_the_line_that_is_wrong_is_named_though_others_are_left_out(
    tocsin: Tocsin, real_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "LINES_AT_ONCE", 3)
    known = CHECK_IN.replace(b'"x"', b'"numbered"') % b"success"
    Path("h.jsonl").write_bytes(HEADER + known)
    assert tocsin("import", "h.jsonl", "--server", real_server).code == 0
    others = b"".join(CHECK_IN.replace(b'"x"', b'"y%d"' % number) % b"start" for number in range(9))

    Path("h.jsonl").write_bytes(HEADER + known + others + known + CHECK_IN % b"bad")

    assert "line 13: check_in.kind" in tocsin("import", "h.jsonl", "--server", real_server).err
