"""The results of tests as JUnit XML, as servers of continuous integration read it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tocsin.cli.exits import Exit, give_up
from tocsin.cli.output import say

_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class Case(NamedTuple):
    """One test: how long it took, and in words what was wrong, the gist first; without any it is good."""

    name: str
    seconds: float = 0.0
    wrong: Sequence[str] = ()
    line: int | None = None


class Cases(NamedTuple):
    """The tests of one file."""

    source: str
    cases: Sequence[Case]


def write_junit(path: Path, suites: Sequence[Cases], *, code: Exit = Exit.FAILED) -> None:
    """Write the XML to a file and say so; ends the command by this code where it cannot be written."""
    try:
        path.write_bytes(junit(suites))
    except OSError as error:
        give_up(f"{path} cannot be written: {error.strerror}", code)
    say(f"{path} written")


def junit(suites: Sequence[Cases]) -> bytes:
    """Return the XML: a suite for each file, a case for each test, with what was wrong."""
    root = Element("testsuites")
    for suite in suites:
        whole = SubElement(root, "testsuite", _counted(suite))
        for one in suite.cases:
            about = {"classname": suite.source, "name": one.name, "time": f"{one.seconds:.3f}"}
            about |= {"file": suite.source} | ({"line": str(one.line)} if one.line else {})
            case = SubElement(whole, "testcase", {name: _clean(value) for name, value in about.items()})
            if one.wrong:
                failure = SubElement(case, "failure", {"message": _clean(" ".join(one.wrong[:2]))})
                failure.text = _clean("\n".join(one.wrong))
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _counted(suite: Cases) -> dict[str, str]:
    return {
        "name": _clean(suite.source),
        "tests": str(len(suite.cases)),
        "failures": str(sum(bool(one.wrong) for one in suite.cases)),
        "errors": "0",
        "time": f"{sum(one.seconds for one in suite.cases):.3f}",
    }


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
