"""Patterns of RE2 as Java writes them."""

import pytest

from tocsin.errors import NotMeasured
from tocsin.measure.spark_pattern import java_pattern


@pytest.mark.parametrize(
    ("pattern", "java"),
    [
        ("^a.b$", r"^a.b\z"),
        (r"a\$", r"a\$"),
        ("(?m)^a$", "(?m)^a$"),
        (r"\Qa$\E$", r"\Qa$\E\z"),
        ("(?P<who>a)", "(a)"),
        ("(?:a|b){2,3}", "(?:a|b){2,3}"),
        ("a{b}", r"a\{b}"),
        (r"\s\v", r"[\t\n\f\r ]\x0B"),
        ("[]a]", r"[\]a]"),
        ("[^a[b&&c]", r"[^a\[b\&\&c]"),
        ("[[:alpha:]_]", r"[[\p{Alpha}]_]"),
        ("[[:^digit:]]", r"[[^\p{Digit}]]"),
        (r"[\S$]", r"[[^\t\n\f\r ]$]"),
        (r"\pL\p{Lu}\p{Greek}\P{Greek}\p{^Greek}", r"\pL\p{Lu}\p{IsGreek}\P{IsGreek}\P{IsGreek}"),
        (r"[\p{Greek}\x{1F600}]", r"[\p{IsGreek}\x{1F600}]"),
    ],
)
def test_a_pattern_is_said_as_java_says_it(pattern: str, java: str) -> None:
    assert java_pattern(pattern) == f"(?du){java}"


@pytest.mark.parametrize("pattern", ["(?U)a+", r"\C", r"\123"])
def test_what_java_cannot_match_alike_is_refused(pattern: str) -> None:
    with pytest.raises(NotMeasured, match=r"Spark cannot match .* as RE2 does; write it otherwise"):
        java_pattern(pattern)


def test_what_is_no_pattern_of_re2_is_refused() -> None:
    with pytest.raises(NotMeasured):
        java_pattern("(?=a)")
