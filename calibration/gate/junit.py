"""JUnit XML of a gate, for continuous-integration systems; only written here, never read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from cascade.display.sanitize import printable
from cascade.files import write_atomically

if TYPE_CHECKING:
    from calibration.gate.finding import Finding, Gate

_FORBIDDEN = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""Characters that XML does not allow, beside the control characters that `printable` escapes."""


def write_junit(gate: Gate, path: Path, *, policy: str, sentences: dict[Finding, str], allow_undecided: bool) -> None:
    """Write one test case for each finding: a failure if it fails, skipped if undecided is allowed.

    Args:
        gate: the gate's outcome.
        path: the file, written atomically.
        policy: the policy's file.
        sentences: the text of each finding.
        allow_undecided: whether undecided counts as passed.
    """
    failures = skipped = 0
    suite = ET.Element("testsuite", name="cascade check")
    for finding in gate.findings:
        case = ET.SubElement(suite, "testcase", classname=_plain(finding.task), name=_named(finding))
        if finding.outcome == "undecided" and allow_undecided:
            skipped += 1
            ET.SubElement(case, "skipped", message=_plain(sentences[finding]))
        elif finding.outcome != "pass":
            failures += 1
            ET.SubElement(case, "failure", type=finding.outcome, message=_plain(sentences[finding]))
        else:
            ET.SubElement(case, "system-out").text = _plain(sentences[finding])
    counts = {"tests": str(len(gate.findings)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}
    suite.attrib.update(counts)
    properties = ET.Element("properties")
    for name, value in (("policy", policy), ("confidence", f"{gate.confidence:g}")):
        ET.SubElement(properties, "property", name=name, value=_plain(value))
    suite.insert(0, properties)
    root = ET.Element("testsuites", counts)
    root.append(suite)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    write_atomically(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + text + "\n")


def _named(finding: Finding) -> str:
    about = (finding.criterion.kind, finding.criterion.dimension, finding.slice)
    return _plain(" ".join(part for part in about if part is not None))


def _plain(text: str) -> str:
    return printable(text).translate(_FORBIDDEN)
