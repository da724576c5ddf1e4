"""The SQL of every change type, its types and its filters, equal to the real tool's tables."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import midair
from midair.database import Guard, open_session
from midair.errors import BadMigration, Irreversible, MidairError
from midair.model.address import Address
from midair.sources.tools.liquibase.expressions import has_labels, in_context
from midair.sources.tools.liquibase.fields import INVERTIBLE
from midair.sources.tools.liquibase.files import ChangeFiles, SearchPath
from midair.sources.tools.liquibase.model import Changeset
from midair.sources.tools.liquibase.verify import visitors_of
from midair.sources.tools.liquibase.writing.names import Quoting
from midair.sources.tools.liquibase.writing.splitting import pieces
from midair.sources.tools.liquibase.writing.statements import UNDOES, statements_of, undo_of
from midair.sources.tools.liquibase.writing.types import sql_type
from midair.sources.tools.liquibase.writing.writer import Writer
from tests.conftest import url_of
from tests.support.listening import Remembering

from .recorded import DATABASES, GOLDEN, golden, read

ON_PURPOSE = {"k14", "f3", "a17"}
"""k14: one DO block for what is read from the catalog; f3: a comment alone is not sent; a17 does not validate."""
SCHEMAS = {"postgresql": "public", "sqlite": None, "mariadb": "DBNAME"}

TYPES: Mapping[str, Mapping[str, str]] = {
    "people": {"id": "int", "name": "varchar(50)", "born": "timestamp", "score": "double", "ok": "boolean"}
}


def writer_of(changeset: Changeset, project: str, dbms: str) -> Writer:
    folder = GOLDEN / "projects" / project
    files = ChangeFiles(SearchPath((folder,), folder), "UTF-8")
    quoting = Quoting(dbms, changeset.quoting)
    return Writer(dbms, quoting, SCHEMAS[dbms], files, lambda table: TYPES.get(table, {}))


def expected_and_read(project: str, dbms: str) -> Iterator[tuple[Changeset, dict[str, Any]]]:
    changesets, _ = read(project, dbms)
    for each in golden(f"v4.29.0/{dbms}/{project}/changesets.json"):
        changeset = changesets.get((each["file"], each["id"], each["author"]))
        if changeset is not None and changeset.id not in ON_PURPOSE:
            yield changeset, each


@pytest.mark.parametrize("dbms", DATABASES)
@pytest.mark.parametrize("project", ["core", "modern"])
def test_the_sql_of_every_change_is_that_of_the_real_tool(project: str, dbms: str) -> None:
    _, sums = read(project, dbms)
    compared = 0
    for changeset, each in expected_and_read(project, dbms):
        to = writer_of(changeset, project, dbms)
        for change, theirs in zip(changeset.changes, each["changes"], strict=True):
            if change.name == "loadData" and not theirs["sql"]:
                continue  # sent as prepared inserts there, which leave no text
            ours = [made.sql for made in statements_of(change, to, visitors_of(changeset, sums.runtime))]
            assert ours == theirs["sql"], (changeset.key, change.name)
            compared += 1
    assert compared > 15


@pytest.mark.parametrize("dbms", DATABASES)
@pytest.mark.parametrize("project", ["core", "modern"])
def test_the_automatic_rollback_of_every_change_is_that_of_the_real_tool(project: str, dbms: str) -> None:
    _, sums = read(project, dbms)
    compared = 0
    for changeset, each in expected_and_read(project, dbms):
        to = writer_of(changeset, project, dbms)
        for change, theirs in zip(changeset.changes, each["changes"], strict=True):
            try:
                ours = [made.sql for made in undo_of(change, to, visitors_of(changeset, sums.runtime))]
            except Irreversible:
                ours = None
            assert ours == theirs["autoRollback"], (changeset.key, change.name)
            compared += 1
    assert compared > 15


@pytest.mark.parametrize("dbms", [*DATABASES, "mysql"])
def test_every_data_type_becomes_the_one_the_real_tool_writes(dbms: str) -> None:
    table = golden("v4.29.0/tables/types.json")
    different = {name for name, types in table.items() if sql_type(name, dbms) != types[dbms]}
    # the real tool writes VARCHAR[](10), which no server takes, and a Java type's own name on MariaDB
    assert different <= {"varchar(10)[]", "java.sql.Types.TIMESTAMP(3)"}


def test_contexts_and_labels_are_judged_as_the_real_tool_judges_them() -> None:
    def judged(expression: str, items: list[str], kind: str) -> object:
        try:
            return in_context(expression, items) if kind == "context" else has_labels(items, expression)
        except BadMigration:
            return "ERROR"

    wrong = [
        (each["expression"], each["items"], kind)
        for each in golden("v4.29.0/tables/expressions.json")
        for kind in ("context", "label")
        for items in [[item for item in each["items"].split(",") if item]]
        if judged(each["expression"], items, kind)
        != (each[kind] if isinstance(each[kind], bool) else "ERROR")
        and (items or kind == "context")
    ]
    assert wrong == [("(a, b)", "", "context")] or wrong == []


def test_scripts_are_cut_where_the_real_tool_cuts_them() -> None:
    table = golden("v4.29.0/tables/splitting.json")
    same = sum(
        [
            made.sql
            for made in pieces(
                each["sql"],
                split=each["split"],
                strip=each["strip"],
                delimiter=each["endDelimiter"],
                dollars=False,
            )
        ]
        == each["statements"]
        for each in table
    )
    # the rest: a regular expression as delimiter stays in the text there, and a lone `begin;` swallows the file
    assert same >= 226
    assert len(table) == 256


def test_a_dollar_quoted_body_is_one_statement_on_postgresql() -> None:
    text = "create function f() returns int as $$ begin if true then return 1; end if; end; $$ language plpgsql; select 2;"
    made = pieces(text, split=True, strip=False, delimiter=None, dollars=True)
    assert [each.sql[-16:] for each in made] == ["language plpgsql", "select 2"]


def test_lines_are_those_of_the_file_though_comments_are_stripped() -> None:
    text = "-- one\n/* two\nthree */ select 1;\n\n-- five\nselect 2;"
    made = pieces(text, split=True, strip=True, delimiter=None, dollars=True)
    assert [(each.sql, each.line) for each in made] == [("select 1", 2), ("select 2", 5)]


def test_the_edge_changelog_never_ends_in_anything_but_our_errors() -> None:
    changesets, sums = read("edge", "postgresql")

    def refusal(changeset: Changeset) -> str | None:
        to, visitors = writer_of(changeset, "edge", "postgresql"), visitors_of(changeset, sums.runtime)
        try:
            for change in changeset.changes:
                tuple(statements_of(change, to, visitors))
        except MidairError as error:
            return error.message
        return None

    refused = [said for each in changesets.values() if (said := refusal(each)) is not None]
    assert 0 < len(refused) < 12
    assert all(":" in said for said in refused)


def test_the_changes_said_to_be_invertible_are_those_whose_inverse_is_written() -> None:
    assert set(UNDOES) == INVERTIBLE


LATE = """<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog">
<changeSet id="1" author="a"><createTable tableName="t">
  <column name="id" type="int"><constraints primaryKey="true" deferrable="true" initiallyDeferred="true"/></column>
  <column name="b" type="int"/></createTable>
  <createIndex tableName="t" indexName="t_b" unique="true"><column name="b"/></createIndex></changeSet>
<changeSet id="2" author="a"><addUniqueConstraint tableName="t" columnNames="b" constraintName="t_once"
  forIndexName="t_b" deferrable="true" initiallyDeferred="true"/></changeSet>
<changeSet id="3" author="a"><addUniqueConstraint tableName="t" columnNames="id, b" constraintName="t_both"
  tablespace="pg_default" deferrable="true" initiallyDeferred="true"/></changeSet>
</databaseChangeLog>
"""


def test_keys_that_are_checked_late_and_constraints_of_an_index_are_what_the_server_takes(
    database: Address, tmp_path: Path
) -> None:
    (tmp_path / "changelog.xml").write_text(LATE)
    midair.apply(midair.Request(tmp_path, url=url_of(database)), Remembering())
    session = open_session(database, Guard(), "midair tests")
    try:
        found = session.query(
            "SELECT conname, condeferrable, condeferred, conindid::regclass::text FROM pg_constraint"
            " WHERE conrelid = 't'::regclass AND contype IN ('p', 'u') ORDER BY 1"
        )
    finally:
        session.close()
    assert found == [(name, True, True, name) for name in ("t_both", "t_once", "t_pkey")]
