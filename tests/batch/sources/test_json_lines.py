"""Files of JSON lines: every line is a record or a bad one, whatever stands in it."""

import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.batch.sources import lines as lines_module
from tocsin.batch.sources.bad_record import BadRecord
from tocsin.batch.sources.json_lines import json_lines
from tocsin.batch.sources.lines import KEPT_BYTES, Skipping

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
GOOD = JSON.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace"))
LINE = GOOD | st.binary(max_size=40) | st.sampled_from([b"", b"\r", b"{", b"1 2", b'{"a":', b" "])
FILE = st.lists(LINE, max_size=25).map(b"\n".join)


def read(content: bytes, start: int = 0, limit: int = 2**20) -> list[object]:
    return list(json_lines(io.BytesIO(content), "f.jsonl", Skipping(start), limit))


def meant(content: bytes) -> list[bytes]:
    """Return the lines that say something."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line for line in lines if line not in (b"", b"\r")]


@given(content=FILE)
@example(content=b"1 2\n{\n}")
def test_every_line_is_a_record_or_a_bad_one_and_none_is_lost(content: bytes) -> None:
    records = read(content)

    assert len(records) == len(meant(content))
    for record, line in zip(records, meant(content), strict=True):
        if isinstance(record, BadRecord):
            assert record.raw == line
        else:
            assert record == json.loads(line)


@given(content=FILE, start=st.integers(0, 30), limit=st.sampled_from([1, 2, 7, 64, 2**20]))
def test_from_any_ordinal_on_comes_what_comes_there_from_the_start(
    content: bytes, start: int, limit: int
) -> None:
    assert read(content, start, limit) == read(content, 0, limit)[start:]


@given(content=FILE, limit=st.integers(1, 30))
def test_a_line_is_kept_whole_up_to_the_limit_however_the_blocks_are_cut(content: bytes, limit: int) -> None:
    for record, line in zip(read(content, limit=limit), meant(content), strict=True):
        if len(line) > limit:
            assert isinstance(record, BadRecord)
            assert record.raw == line[:KEPT_BYTES]
            assert f"{len(line):,} bytes, longer than {limit:,}" in record.reason
        elif isinstance(record, BadRecord):
            assert record.raw == line
        else:
            assert record == json.loads(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a":', "not JSON: "),
        (b'{"a": NaN}', "not JSON: "),
        (b'{"a":1}{"b":2}', "not JSON: "),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b"[" * 50_000, "nested too deeply"),
    ],
)
def test_a_bad_line_says_where_it_stands_and_what_is_wrong(line: bytes, reason: str) -> None:
    bad = read(b'{"n":1}\n\n' + line + b'\n{"n":2}\n')[1]

    assert isinstance(bad, BadRecord)
    assert bad.reason.startswith(f"f.jsonl line 3: {reason}")
    assert bad.raw == line


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_line() -> None:
    assert read(b"\xef\xbb\xbf1\n2\n") == [1, 2]


def test_the_last_line_needs_no_end() -> None:
    assert read(b"1\r\n2") == [1, 2]


def test_of_a_line_without_end_no_more_is_held_than_the_limit() -> None:
    class Endless(io.BytesIO):
        left = 400
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.left -= 1
            self.most = max(self.most, size or 0)
            return b"x" * (size or 0) if self.left else b""

    endless = Endless()
    (bad,) = json_lines(endless, "f.jsonl", Skipping(0), 1_000)

    assert isinstance(bad, BadRecord)
    assert len(bad.raw) <= KEPT_BYTES
    assert endless.most == 1_000


def test_line_numbers_are_right_far_behind_what_was_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "BLOCK_BYTES", 64)
    content = b"".join(b'{"n":%d}\n\n' % number for number in range(200)) + b"bad\n" * 3

    whole = read(content)
    bad = [record for record in whole if isinstance(record, BadRecord)]

    assert [b.reason.partition(":")[0] for b in bad] == [f"f.jsonl line {n}" for n in (401, 402, 403)]
    assert read(content, 150)[-3:] == bad
    assert whole[:200] == [{"n": number} for number in range(200)]
