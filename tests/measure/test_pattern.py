"""PostgreSQL is given a regular expression that finds what the RE2 pattern finds, or none."""

from collections.abc import Iterator

import psycopg
import pytest

from tocsin.errors import NotMeasured
from tocsin.measure.pattern import postgres_pattern, re2_pattern
from tocsin.rules.pattern import compile_pattern

TEXTS = (
    "", "a", "ab", "aéb", "a\nb", "٣", "7", "word", "two words", "_x1", "\t", "\u00a0", "[", "]", "a-b",
    "a^b", "A.B", "$", "a$", "\n", "a\n", "ÿ", "\U0001f600", "foo bar", "foobar", "\\", "a|b", "(a)", "xx",
)  # fmt: skip  # one under the other they would fill the screen
PATTERNS = (
    r"a.b", r"^a$", r"\d", r"\D", r"\w+", r"^\W$", r"\s", r"^\S+$", r"\bfoo\b", r"\Bbar", r"\Aa\z", r"[\d\s]",
    r"[^\w]", r"[]a]", r"[^]a]", r"[a\-b]", r"[\]\[]", r"[\x41-\x{1F600}]", r"\x61", r"\x{1F600}", r"x\{2\}",
    r"x{2}", r"(?i)a\.b", r"(?P<n>a)b", r"(?<n>a)b", r"(?:a|b)c?", r"a+?b", r"[[:alpha:]]{2}", r"\$", r"\^",
    r"\t|\n", r"[^a]", r"\\", r"\|", r"[$]", r"^$", r"(a)|(b)", r".", r"a\.?b", r"[.]",
)  # fmt: skip  # the same


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url) as connection:
        yield connection


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_re2_finds_postgres_finds(connection: psycopg.Connection, pattern: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t FROM unnest(%s::text[]) t WHERE t ~ %s", [list(TEXTS), postgres_pattern(pattern)]
        )
        found = {text for (text,) in cursor}

    assert found == {text for text in TEXTS if compile_pattern(pattern).search(text)}


@pytest.mark.parametrize("pattern", [r"\pL", r"\p{Greek}", r"[\D]", r"(?s)a.b", r"a(?i)b", r"\Qa.b\E", r"\C"])
def test_what_postgres_cannot_say_the_same_is_refused(pattern: str) -> None:
    with pytest.raises(NotMeasured, match=r"PostgreSQL cannot match .* as RE2 does"):
        postgres_pattern(pattern)


@pytest.mark.parametrize("translated", [re2_pattern, postgres_pattern])
def test_what_re2_refuses_is_refused(translated: object) -> None:
    assert callable(translated)
    with pytest.raises(NotMeasured, match="is not valid RE2") as refused:
        translated("(?=a)")
    assert refused.value.is_statement
