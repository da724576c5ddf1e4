"""Migrations as statements: placeholders, transactions, callbacks, search path, programs."""

from pathlib import Path

import pytest

from midair.errors import BadMigration, Irreversible, Unsupported
from midair.model.address import Address, Product
from midair.model.migration import Direction, RevisionId, Script
from midair.sources.source import Options, Scripts, Work
from midair.sources.tools.flyway import SOURCE
from midair.sources.tools.flyway.local import FlywayProject

from .projects import project_in


class NoScratch:
    """Flyway's statements are in its files: asking for a database is a mistake."""

    def database(self, product: Product) -> "NoContext":
        raise AssertionError(f"asked for a scratch database of {product}")


class NoContext:
    """What a context would be."""

    def __enter__(self) -> Address:
        raise AssertionError

    def __exit__(self, *_: object) -> None:
        raise AssertionError


def scripts(
    project: FlywayProject, product: Product = Product.POSTGRESQL, direction: Direction = Direction.UP
) -> Scripts:
    chosen = tuple(each for each in project.migrations if direction is Direction.UP or each.reversible)
    return SOURCE.scripts(project, Work(chosen, direction, (), product), NoScratch(), Options())


def shape(script: Script) -> list[tuple[bool, list[str]]]:
    return [(block.atomic, [each.sql for each in block.statements]) for block in script.blocks]


def test_a_migration_is_one_transaction_with_its_places(tmp_path: Path) -> None:
    text = "-- first\ncreate table a (id int);\n\ncreate table ${name} (id int);\n"
    project = project_in(tmp_path, {"flyway.conf": "flyway.placeholders.name=b\n", "sql/V1__a.sql": text})
    script = scripts(project).by_revision[RevisionId("1")]
    assert shape(script) == [(True, ["create table a (id int)", "create table b (id int)"])]
    assert [str(each.span) for each in script.statements] == ["sql/V1__a.sql:2", "sql/V1__a.sql:4"]


def test_built_in_placeholders_have_flyways_values(tmp_path: Path) -> None:
    conf = "flyway.url=jdbc:postgresql://h/shop\nflyway.user=ana\nflyway.schemas=app\n"
    text = "select '${flyway:defaultSchema} ${flyway:user} ${flyway:database} ${flyway:table} ${flyway:filename}';"
    project = project_in(tmp_path, {"flyway.conf": conf, "sql/V1__a.sql": text})
    statements = scripts(project).by_revision[RevisionId("1")].statements
    assert statements[-1].sql == "select 'app ana shop flyway_schema_history V1__a.sql'"


def test_the_stamp_of_a_run_is_one_and_the_same(tmp_path: Path) -> None:
    project = project_in(
        tmp_path, {"flyway.conf": "", "sql/R__a.sql": "-- ${flyway:timestamp}\nselect '${flyway:timestamp}';"}
    )
    sql = scripts(project).by_revision[RevisionId("R:a")].statements[0].sql
    assert f"select '{project.started:%Y-%m-%d %H:%M:%S}'" in sql


@pytest.mark.parametrize(
    ("text", "conf", "own", "expected"),
    [
        ("create index concurrently i on t (a);", "", "", [False]),
        ("select 1;", "", "executeInTransaction=false", [False]),
        ("select 1;", "flyway.executeInTransaction=false", "", [False]),
        ("select 1;", "flyway.executeInTransaction=false", "executeInTransaction=true", [True]),
        ("select 1; create index concurrently i on t (a);", "flyway.mixed=true", "", [False]),
        ("select 1; vacuum t;", "", "executeInTransaction=false", [False]),
        ("begin; select 1; commit;", "", "", [True]),
        ("select 1; commit; select 2;", "", "", [True, True]),
        (
            "begin; select 1; commit; create index concurrently i on t (a);",
            "",
            "executeInTransaction=false",
            [True, False],
        ),
        ("create index concurrently i on t (a); vacuum t;", "", "", [False]),
    ],
)
def test_transactions_are_flyways(
    tmp_path: Path, text: str, conf: str, own: str, expected: list[bool]
) -> None:
    files = {"flyway.conf": conf, "sql/V1__a.sql": text, "sql/V1__a.sql.conf": own}
    script = scripts(project_in(tmp_path, files)).by_revision[RevisionId("1")]
    assert [block.atomic for block in script.blocks] == expected


def test_a_mixed_file_is_refused_with_both_lines(tmp_path: Path) -> None:
    text = "create table t (a int);\ncreate index concurrently i on t (a);\n"
    with pytest.raises(
        BadMigration, match=r"sql/V1__a\.sql:2 Detected both transactional .* at line 1"
    ) as refused:
        scripts(project_in(tmp_path, {"flyway.conf": "", "sql/V1__a.sql": text}))
    assert "V1__a.sql.conf" in (refused.value.hint or "")


def test_a_rollback_in_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMigration, match=r"sql/V1__a\.sql:1 ROLLBACK"):
        scripts(project_in(tmp_path, {"flyway.conf": "", "sql/V1__a.sql": "select 1; rollback;"}))


def test_group_makes_the_run_one_transaction(tmp_path: Path) -> None:
    assert project_in(tmp_path, {"flyway.conf": "flyway.group=true\n"}).history.run_is_one_transaction


def test_callbacks_stand_where_flyway_runs_them(tmp_path: Path) -> None:
    names = (
        "V1__a", "V2__b", "R__r", "beforeMigrate", "beforeMigrate__b", "beforeMigrate__a", "beforeEachMigrate",
        "afterEachMigrate", "afterVersioned", "beforeRepeatables", "afterMigrateApplied", "afterMigrate", "beforeValidate",
        "afterMigrateError",
    )  # fmt: skip
    files = {"flyway.conf": "", **{f"sql/{name}.sql": f"select '{name}';" for name in names}}
    found = scripts(project_in(tmp_path, files))
    said = [found.prologue, *found.by_revision.values(), found.epilogue]
    assert [
        [[sql.split("'")[1] for sql in statements] for _, statements in shape(each)] for each in said
    ] == [
        [["beforeValidate"], ["beforeMigrate"], ["beforeMigrate__a"], ["beforeMigrate__b"]],
        [["beforeEachMigrate", "V1__a", "afterEachMigrate"]],
        [["beforeEachMigrate", "V2__b", "afterEachMigrate"]],
        [["afterVersioned"], ["beforeRepeatables"], ["beforeEachMigrate", "R__r", "afterEachMigrate"]],
        [["afterMigrateApplied"], ["afterMigrate"]],
    ]


def test_callbacks_around_a_run_with_nothing_to_do(tmp_path: Path) -> None:
    names = ("beforeMigrate", "afterVersioned", "beforeRepeatables", "afterMigrateApplied", "afterMigrate")
    found = scripts(
        project_in(
            tmp_path, {"flyway.conf": "", **{f"sql/{name}.sql": f"select '{name}';" for name in names}}
        )
    )
    assert [each.sql.split("'")[1] for each in (*found.prologue.statements, *found.epilogue.statements)] == [
        "beforeMigrate",
        "afterVersioned",
        "afterMigrate",
    ]


def test_a_statement_callback_stands_around_each_statement(tmp_path: Path) -> None:
    files = {
        "flyway.conf": "",
        "sql/V1__a.sql": "select 1; select 2;",
        "sql/beforeEachMigrateStatement.sql": "select 'b';",
    }
    script = scripts(project_in(tmp_path, files)).by_revision[RevisionId("1")]
    assert [each.sql for each in script.statements] == ["select 'b'", "select 1", "select 'b'", "select 2"]


def test_callbacks_can_be_switched_off_or_kept_elsewhere(tmp_path: Path) -> None:
    files = {
        "sql/V1__a.sql": ";",
        "sql/afterMigrate.sql": "select 1;",
        "hooks/beforeMigrate.sql": "select 2;",
    }
    off = project_in(tmp_path / "off", {"flyway.conf": "flyway.skipDefaultCallbacks=true\n", **files})
    assert off.callbacks == ()
    kept = project_in(
        tmp_path / "kept", {"flyway.conf": "flyway.callbackLocations=filesystem:hooks\n", **files}
    )
    assert [each.path.name for each in kept.callbacks] == ["beforeMigrate.sql"]


def test_a_configured_schema_comes_first_in_the_search_path(tmp_path: Path) -> None:
    files = {"flyway.conf": "flyway.defaultSchema=app\n", "sql/V1__a.sql": "select 1;"}
    first = scripts(project_in(tmp_path, files)).by_revision[RevisionId("1")].statements[0].sql
    assert first.startswith("SELECT set_config('search_path', concat_ws(',', '\"app\"'")
    assert first.endswith("true)")
    assert len(scripts(project_in(tmp_path, {}), Product.SQLITE).by_revision[RevisionId("1")].statements) == 1


@pytest.mark.parametrize(
    ("text", "restored"),
    [
        ("set role reader;", ["RESET SESSION AUTHORIZATION", "RESET ROLE"]),
        ("select pg_catalog.set_config('search_path', '', false);", ["RESET search_path"]),
        ("select 'my role';", []),
    ],
)
def test_role_and_search_path_are_put_back(tmp_path: Path, text: str, restored: list[str]) -> None:
    statements = (
        scripts(project_in(tmp_path, {"flyway.conf": "", "sql/V1__a.sql": text}))
        .by_revision[RevisionId("1")]
        .statements
    )
    assert [each.sql for each in statements[1:]] == restored


def test_an_undo_file_is_the_way_back(tmp_path: Path) -> None:
    files = {
        "flyway.conf": "", "sql/V1__a.sql": "select 1;", "sql/U1.0__a.sql": "select -1;", "sql/beforeUndo.sql": "select 'b';",
    }  # fmt: skip
    found = scripts(project_in(tmp_path, files), direction=Direction.DOWN)
    assert [each.sql for each in found.by_revision[RevisionId("1")].statements] == ["select -1"]
    assert [each.sql for each in found.prologue.statements] == ["select 'b'"]


def test_without_an_undo_file_there_is_no_way_back(tmp_path: Path) -> None:
    project = project_in(tmp_path, {"flyway.conf": "", "sql/V1__a.sql": "select 1;"})
    with pytest.raises(Irreversible, match=r"sql/V1__a\.sql has no undo file"):
        SOURCE.scripts(
            project, Work(project.migrations, Direction.DOWN, (), Product.POSTGRESQL), NoScratch(), Options()
        )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("src/main/java/db/migration/V2__Load.java", "is a Java migration"),
        ("src/main/resources/db/migration/V2__load.sh", "is a program"),
    ],
)
def test_a_program_is_refused_by_name_with_the_way_on(tmp_path: Path, path: str, message: str) -> None:
    files = {
        "src/main/resources/application.properties": "spring.flyway.enabled=true\n",
        "src/main/resources/db/migration/V1__a.sql": "select 1;",
        path: "x",
    }
    project = project_in(tmp_path, files)
    with pytest.raises(Unsupported, match=message) as refused:
        scripts(project)
    assert path in refused.value.message
    assert "let Flyway run it" in (refused.value.hint or "")
    assert scripts_up_to(project, "1").by_revision.keys() == {"1"}


def scripts_up_to(project: FlywayProject, revision: str) -> Scripts:
    chosen = tuple(each for each in project.migrations if each.revision == revision)
    return SOURCE.scripts(project, Work(chosen, Direction.UP, (), Product.POSTGRESQL), NoScratch(), Options())


def test_outside_a_transaction_the_search_path_is_put_back(tmp_path: Path) -> None:
    files = {"flyway.conf": "flyway.schemas=app\n", "sql/V1__a.sql": "create index concurrently i on t (a);"}
    statements = scripts(project_in(tmp_path, files)).by_revision[RevisionId("1")].statements
    assert statements[0].sql.endswith("false)")
    assert statements[-1].sql == "RESET search_path"
