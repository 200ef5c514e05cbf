"""The results of tests as JUnit XML, as servers of continuous integration read it."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

if TYPE_CHECKING:
    from tocsin.cli.rule_tests import Suite

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def junit(suites: Sequence["Suite"]) -> bytes:
    """Return the XML: a suite for each file, a case for each test, with what was expected and what came."""
    root = Element("testsuites")
    for suite in suites:
        whole = SubElement(root, "testsuite", _counted(suite))
        for one in suite.tried:
            test = one.rehearsal.test
            about = {"classname": suite.source, "name": test.name, "time": f"{one.seconds:.3f}"}
            about |= {"file": suite.source, "line": str(test.line)}
            case = SubElement(whole, "testcase", {name: _clean(value) for name, value in about.items()})
            if not one.rehearsal.is_good:
                failure = SubElement(case, "failure", {"message": _clean(" ".join(one.lines[:2]))})
                failure.text = _clean("\n".join(one.lines))
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _counted(suite: "Suite") -> dict[str, str]:
    return {
        "name": _clean(suite.source),
        "tests": str(len(suite.tried)),
        "failures": str(suite.failed),
        "errors": "0",
        "time": f"{sum(one.seconds for one in suite.tried):.3f}",
    }


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
