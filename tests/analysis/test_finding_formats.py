"""Findings as text for machines: valid against what GitHub, GitLab, SARIF and JUnit readers expect."""

import json
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from looking import candidate, look

from midair.analysis.analyse import analyse, risk_of
from midair.analysis.mend import mended
from midair.model.finding import Risk
from midair.reporting.format import Look
from midair.reporting.report import Checked, CheckPayload, Page, Report
from midair.reporting.write import written

TEXT = """\
ALTER TABLE orders DROP COLUMN "50%, a:b";
-- midair: allow MA101 because the table is tiny
CREATE INDEX orders_a ON orders (a);
"""

# The parts of the published schemas that a reader relies on.
SARIF = {
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results", "columnKind"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {"required": ["id"]},
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": [
                                "ruleId",
                                "ruleIndex",
                                "level",
                                "message",
                                "locations",
                                "partialFingerprints",
                            ],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"type": "object", "required": ["text"]},
                                "partialFingerprints": {
                                    "type": "object",
                                    "additionalProperties": {"type": "string"},
                                },
                                "suppressions": {
                                    "type": "array",
                                    "items": {
                                        "required": ["kind"],
                                        "properties": {"kind": {"enum": ["inSource", "external"]}},
                                    },
                                },
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {
                                                            "uri": {"type": "string", "pattern": "^[^/]"}
                                                        }
                                                    },
                                                    "region": {
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                        }
                                                    },
                                                },
                                            }
                                        }
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "required": ["path", "lines"],
                "properties": {
                    "lines": {
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    }
                },
            },
        },
    },
}


@pytest.fixture
def report() -> Report:
    found = look(TEXT)
    migrations = (Checked("1.sql", "1.sql", risk_of(found), risk_of(found, online=True)),)
    lines = tuple(("1.sql", number, line) for number, line in enumerate(TEXT.splitlines(), start=1))
    return Report(
        "check", CheckPayload(migrations, found, Risk.HIGH, excerpts=lines), datetime(2026, 1, 2, tzinfo=UTC)
    )


def _json(report: Report, name: str) -> Any:
    return json.loads(written(report, name, Look()))


def test_sarif_is_valid_and_keeps_suppressions(report: Report) -> None:
    document = _json(report, "sarif")
    Draft202012Validator(SARIF).validate(document)
    results = document["runs"][0]["results"]
    allowed = [each["suppressions"][0]["justification"] for each in results if "suppressions" in each]
    assert allowed == ["the table is tiny"]
    rules = document["runs"][0]["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in results)


def test_a_sarif_fix_edits_the_file_as_check_fix_would() -> None:
    text = "SELECT 1; CREATE INDEX\n  orders_a ON orders (a);\nCREATE INDEX orders_b ON orders (b);\n"
    every = analyse([candidate(text, "a b/ü.sql")], None, 18)
    found = tuple(each for each in every if each.code == "MA101")
    payload = CheckPayload(
        (), found, Risk.HIGH, rules=(Page("MA101", "x", "y", risk=Risk.HIGH, url="https://a/MA101"),)
    )
    document = _json(Report("check", payload, datetime(2026, 1, 2, tzinfo=UTC)), "sarif")
    (rule,) = document["runs"][0]["tool"]["driver"]["rules"]
    assert rule["helpUri"] == "https://a/MA101"
    assert rule["defaultConfiguration"] == {"level": "error"}
    lines = text.split("\n")
    for result in reversed(document["runs"][0]["results"]):
        (change,) = result["fixes"][0]["artifactChanges"]
        assert change["artifactLocation"]["uri"] == "a%20b/%C3%BC.sql"
        (edit,) = change["replacements"]
        region = edit["deletedRegion"]
        head = lines[region["startLine"] - 1][: region["startColumn"] - 1]
        tail = lines[region["endLine"] - 1][region["endColumn"] - 1 :]
        lines[region["startLine"] - 1 : region["endLine"]] = [head + edit["insertedContent"]["text"] + tail]
    assert len(found) == 2
    assert "\n".join(lines) == mended(text, "a b/ü.sql", found)[0]


def test_gitlab_gets_every_finding_once_without_the_allowed_ones(report: Report) -> None:
    document = _json(report, "gitlab")
    Draft202012Validator(GITLAB).validate(document)
    marks = [each["fingerprint"] for each in document]
    assert len(set(marks)) == len(marks)
    assert "index-without-concurrently" not in [each["check_name"] for each in document]


def test_github_annotations_escape_what_would_end_them(report: Report) -> None:
    first, *_ = written(report, "github", Look()).splitlines()
    assert first.startswith("::error file=1.sql,line=1,endLine=1,title=MA201 column-drop::")
    assert "%25" in first
    assert "50%," not in first


def test_junit_counts_what_is_at_the_threshold(report: Report) -> None:
    suite = ElementTree.fromstring(written(report, "junit", Look()))[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert [each.get("type") for each in suite.iter("failure")] == ["MA201"]


def test_text_shows_the_line_underlined_and_what_to_do_instead(report: Report) -> None:
    text = written(report, "text", Look())
    assert '  1 | ALTER TABLE orders DROP COLUMN "50%, a:b";' in text
    assert "    | ^^^^" in text
    assert "instead: " in text
    assert "1 allowed" in text


def test_the_comment_stays_within_what_github_takes() -> None:
    many = look("".join(f"ALTER TABLE t{number} DROP COLUMN c;\n" for number in range(1500)))
    payload = CheckPayload((Checked("1.sql", "1.sql", Risk.HIGH, Risk.HIGH),), many, Risk.HIGH)
    text = written(Report("check", payload, datetime(2026, 1, 2, tzinfo=UTC)), "markdown", Look())
    assert len(text) < 65_536
    assert "more; `midair check` lists them all" in text


def test_json_says_risks_in_words(report: Report) -> None:
    payload = _json(report, "json")["payload"]
    assert {each["risk"] for each in payload["findings"]} <= {"low", "medium", "high"}
    assert payload["threshold"] == "high"
