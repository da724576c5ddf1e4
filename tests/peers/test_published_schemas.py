"""What `check` writes for code scanning and test reports, held against the schemas their publishers keep."""

import json
from pathlib import Path

import pytest
from jsonschema.validators import validator_for
from lxml import etree

from tests.cli.in_process import midair
from tests.peers.places import public_project
from tests.support.folders import written

pytestmark = pytest.mark.peers

FILES = {
    "migrations/1_t.up.sql": 'CREATE TABLE t (id bigint PRIMARY KEY, "<&\'" text);\n',
    "migrations/1_t.down.sql": "DROP TABLE t;\n",
    "migrations/2_i.up.sql": 'CREATE INDEX i ON t ("<&\'");\nALTER TABLE t DROP COLUMN "<&\'";\n',
    "migrations/3_j.up.sql": '-- midair: allow MA101 because "]]>" is small\nCREATE INDEX j ON t (id);\n',
    "migrations/4_cut.up.sql": "CREATE TABLE 'x",
    "midair.toml": '[rules]\nignore = ["MA7"]\n',
}


def test_sarif_is_what_oasis_publishes(tmp_path: Path) -> None:
    schema = json.loads((public_project("schemas") / "sarif-schema-2.1.0.json").read_text())
    document = json.loads(midair(written(tmp_path, FILES), "check", "-f", "sarif").stdout)
    judge = validator_for(schema)(schema)
    assert [f"{list(error.path)}: {error.message}" for error in judge.iter_errors(document)] == []
    kinds = {
        each["suppressions"][0]["kind"] for each in document["runs"][0]["results"] if "suppressions" in each
    }
    assert kinds == {"inSource", "external"}
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert not judge.is_valid(document)


def test_junit_is_what_jenkins_reads(tmp_path: Path) -> None:
    schema = etree.XMLSchema(etree.parse(str(public_project("schemas") / "junit-10.xsd")))
    text = midair(written(tmp_path, FILES), "check", "-f", "junit").stdout
    document = etree.fromstring(text.encode())
    schema.assertValid(document)
    assert len(document.findall(".//testcase")) == 4
    assert document.findall(".//failure")
    document[0].append(etree.Element("surprise"))
    assert not schema.validate(document)
