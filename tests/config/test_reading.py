import pytest
import yaml

from tocsin.config import reading
from tocsin.config.reading import read


@pytest.fixture(params=["as installed, in C where it can be", "in Python"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in Python":
        monkeypatch.setattr(reading, "_LOADER", yaml.SafeLoader)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 06:00", "06:00"),
        ("a: 23:00", "23:00"),
        ("a: yes", "yes"),
        ("a: NO", "NO"),
        ("a: on", "on"),
        ("a: 'true'", "true"),
        ("a: true", True),
        ("a: FALSE", False),
        ("a: 15", 15),
        ("a: '15'", "15"),
        ("a: -7", -7),
        ("a: 0.5", 0.5),
        ("a: .5", 0.5),
        ("a: 1e3", 1000.0),
        ("a: 0x1F", "0x1F"),
        ("a: 1_000", "1_000"),
        ("a: .inf", ".inf"),
        ("a: 2026-01-01", "2026-01-01"),
        ("a:", None),
        ("a: ~", None),
        ("a: ''", ""),
        ("a: !!str 5", "5"),
        ("a: >\n  two\n  words\n", "two words\n"),
    ],
)
def test_scalars_are_read_as_yaml_1_2_reads_them(text: str, value: object) -> None:
    document = read(text.encode())
    assert document.faults == ()
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"a: 1\n\tb: 2", 2, "tab"),
        (b"a: b: c", 1, "':' is out of place"),
        (b"ok: 1\na: [1, 2\nb: 3", 3, "not closed"),
        (b"a: 'x", 1, "quotation mark"),
        (b'a: "\\q"', 1, "backslash"),
        (b"a:\n  b: 1\n c: 2", 3, "indentation"),
        (b"a: 1\n@b: 2", 2, "reserved character"),
        (b"a: 1\nb: \x07", 2, "control character"),
        (b"a: 1\nb: \xff", 2, "not UTF-8"),
        (b"a: 1\n---\nb: 2", 2, "one document"),
        (b"a: *nothing", 1, "'*nothing' is not defined"),
        (b"a: 1\nb: &x [*x]", 2, "contains itself"),
        (b"a: !python/object 1", 1, "tag"),
        (b"? [a]\n: 1", 1, "a key must be text"),
        (b"[" * 100_000, 1, "nested deeper than 32"),
        (b"<<: 3", 1, "'<<'"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line_in_plain_words(text: bytes, line: int, words: str) -> None:
    faults = read(text).faults
    assert faults[0].mark is not None
    assert faults[0].mark[0] == line
    assert words in faults[0].message


def test_a_key_that_is_written_twice_is_told_with_both_lines_and_its_whole_path() -> None:
    (fault,) = read(b"jobs:\n  a: {}\n  b:\n    - {owner: x, owner: y}\n").faults
    assert (fault.place, fault.mark) == (("jobs", "b", 0, "owner"), (4, 18))
    assert "first time in line 4" in fault.message
    (fault,) = read(b"a: 1\nb: 2\na: 3").faults
    assert (fault.place, fault.mark) == (("a",), (3, 1))


def test_a_file_larger_than_16_mebibytes_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_events", lambda _: pytest.fail("parsed"))
    (fault,) = read(b"#" * (16 * 1024 * 1024 + 1)).faults
    assert "larger than 16 MiB" in fault.message


def test_aliases_that_multiply_are_refused_before_they_are_followed() -> None:
    bomb = b"a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
    for level in range(1, 20):
        bomb += b"a%d: &a%d [%s]\n" % (level, level, b",".join([b"*a%d" % (level - 1)] * 10))
    document = read(bomb)
    assert not document.is_whole
    assert "aliases" in document.faults[0].message


def test_a_mapping_takes_over_another_one_and_its_own_keys_win() -> None:
    document = read(b"base: &base {a: 1, b: 2}\nmine:\n  <<: *base\n  b: 3\nboth: {<<: [*base, {c: 4}]}\n")
    assert document.faults == ()
    assert document.data == {
        "base": {"a": 1, "b": 2},
        "mine": {"a": 1, "b": 3},
        "both": {"a": 1, "b": 2, "c": 4},
    }


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"---\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_empty_mapping(text: bytes) -> None:
    assert read(text).data == {}


def test_a_place_knows_its_line_also_where_it_does_not_exist() -> None:
    document = read(b"jobs:\n  a:\n    owner: x\nrules:\n  - name: r\n")
    assert document.line_of(("jobs", "a", "owner")) == 3
    assert document.line_of(("jobs", "a", "deadline")) == 2
    assert document.line_of(("rules", 0)) == 5
    assert document.line_of(("jobs", "a", 0, "owner")) == 3
    assert document.resolved(("jobs", "a", 0, "owner")) == ("jobs", "a", "owner")
