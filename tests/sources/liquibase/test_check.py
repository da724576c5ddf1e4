"""What `check` says of changelogs that no run would take as they stand: it goes on, and says what it did not see."""

from pathlib import Path

import pytest

import midair
from midair.errors import DuplicateRevision

JAVA = """databaseChangeLog:
- changeSet:
    id: 1
    author: ann
    changes:
    - customChange: {class: com.acme.Fill}
- changeSet:
    id: 2
    author: ann
    preConditions: [{sqlCheck: {expectedResult: 0, sql: select count(*) from pets}}]
    changes:
    - renameTable: {oldTableName: pets, newTableName: animals}
"""
TWINS = """databaseChangeLog:
- changeSet:
    id: 1
    author: ann
    context: postgresql
    changes: [{sql: {sql: select 1}}]
- changeSet:
    id: 1
    author: ann
    context: mysql
    changes: [{sql: {sql: select 2}}]
"""


def test_a_changeset_in_java_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    (tmp_path / "changelog.yaml").write_text(JAVA)
    judged = midair.check(midair.Request(tmp_path), midair.Question())
    java, asked = judged.candidates
    assert java.unseen is not None
    assert "customChange is the Java class com.acme.Fill" in java.unseen
    assert asked.unseen == "its preconditions are asked when its turn comes"
    assert next(
        (each.code, each.span.line) for each in judged.findings if each.revision == asked.migration.revision
    ) == ("MA302", 12)


def test_twins_that_contexts_tell_apart_are_refused_with_the_contexts_to_choose(tmp_path: Path) -> None:
    (tmp_path / "changelog.yaml").write_text(TWINS)
    with pytest.raises(
        DuplicateRevision, match=r"changelog\.yaml:7 .* changeSet at changelog\.yaml:2"
    ) as refused:
        midair.check(midair.Request(tmp_path), midair.Question())
    assert refused.value.hint is not None
    assert "(postgresql or mysql)" in refused.value.hint
