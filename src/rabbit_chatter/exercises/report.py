"""Verdicts for programs: JSON, and JUnit's XML that continuous integration shows."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from rabbit_chatter.exercises.verdict import Verdict


def as_json(verdicts: Mapping[str, Sequence[Verdict]]) -> list[dict[str, Any]]:
    """Return all verdicts by student, for ``json.dumps``."""
    return [
        {
            "student": student,
            "passed": sum(verdict.passed for verdict in of_one),
            "exercises": len(of_one),
            "verdicts": [verdict.as_json() for verdict in of_one],
        }
        for student, of_one in verdicts.items()
    ]


def as_junit(verdicts: Mapping[str, Sequence[Verdict]]) -> str:
    """Return a suite per student and a case per exercise, in the form that CI servers read.

    There is no standard; this is what https://github.com/testmoapp/junitxml describes.
    """
    root = ET.Element("testsuites")
    for student, of_one in verdicts.items():
        failed = sum(not verdict.passed for verdict in of_one)
        suite = ET.SubElement(
            root, "testsuite", name=student, tests=str(len(of_one)), failures=str(failed), errors="0"
        )
        for verdict in of_one:
            case = ET.SubElement(
                suite, "testcase", classname=student, name=verdict.exercise, time=f"{verdict.seconds:.3f}"
            )
            bad = [finding.text for finding in verdict.findings if not finding.good and finding.weight]
            if not verdict.passed:
                failure = ET.SubElement(case, "failure", message=_printable(bad[0] if bad else "not begun"))
                failure.text = _printable("\n".join(bad))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """Return ``text`` without the characters that XML cannot hold."""
    return "".join(c for c in text if c in "\n\t" or c.isprintable())
