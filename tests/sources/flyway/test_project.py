"""Reading projects: locations, order, duplicates, files' own settings, Java migrations, new files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from midair.errors import BadMigration, BadSetting, DuplicateRevision, UnreadableFile, Unsupported
from midair.model.migration import RevisionId
from midair.sources.source import Options
from midair.sources.tools.flyway import SOURCE
from midair.sources.tools.flyway.checksum import checksum
from midair.sources.tools.flyway.local import FlywayProject
from midair.sources.tools.flyway.new import next_version

from .projects import project_in

CONF = "flyway.locations=filesystem:sql\n"


def revisions(project: FlywayProject) -> list[str]:
    return [each.revision for each in project.migrations]


def test_migrations_come_in_flyways_order(tmp_path: Path) -> None:
    files = {
        f"sql/{name}": ";"
        for name in (
            "V10__x.sql", "V9__x.sql", "V1.10__x.sql", "V1_9__x.sql", "B9__x.sql", "R__b.sql", "R__a_b.sql",
            "R__A.sql", "R__10.sql", "U9__x.sql", "afterMigrate.sql",
        )
    }  # fmt: skip
    project = project_in(tmp_path, {"flyway.conf": CONF, **files})
    assert revisions(project) == ["1.9", "1.10", "9", "B:9", "10", "R:10", "R:A", "R:a b", "R:b"]
    kinds = {each.revision: (each.kind, each.repeatable, each.reversible) for each in project.migrations}
    assert kinds[RevisionId("9")] == ("SQL", False, True)
    assert kinds[RevisionId("10")] == ("SQL", False, False)
    assert kinds[RevisionId("B:9")] == ("SQL_BASELINE", False, False)
    assert kinds[RevisionId("R:A")] == ("SQL", True, False)


def test_a_migration_knows_its_file_and_checksum(tmp_path: Path) -> None:
    project = project_in(tmp_path, {"flyway.conf": CONF, "sql/y1/V1__Drop_it.sql": "DROP TABLE orders;"})
    migration = project.migrations[0]
    assert (migration.span.path, migration.description, migration.checksum) == (
        "sql/y1/V1__Drop_it.sql",
        "Drop it",
        "392885628",
    )
    assert project.files[migration.revision].script == "y1/V1__Drop_it.sql"


def test_skipped_files_are_listed(tmp_path: Path) -> None:
    project = project_in(
        tmp_path, {"flyway.conf": CONF, "sql/V1__a.sql": ";", "sql/v2__b.sql": ";", "sql/V__c.sql": ";"}
    )
    said = "\n".join(project.warnings)
    assert "sql/v2__b.sql" in said
    assert "sql/V__c.sql" in said
    assert revisions(project) == ["1"]


def test_skipped_files_are_refused_when_naming_is_validated(tmp_path: Path) -> None:
    with pytest.raises(BadMigration, match=r"Invalid SQL filenames found:\n.*v2__b"):
        project_in(
            tmp_path, {"flyway.conf": CONF + "flyway.validateMigrationNaming=true", "sql/v2__b.sql": ";"}
        )


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("V1__a.sql", "V01__b.sql", "more than one migration with version 01"),
        ("V1__a.sql", "deep/V1__a.sql", "more than one migration with version 1"),
        ("R__a.sql", "deep/R__a.sql", "more than one repeatable migration with description a"),
        ("B1__a.sql", "B1.0__b.sql", "more than one migration with version 1"),
        (
            "beforeMigrate.sql",
            "deep/beforeMigrate.sql",
            "more than 1 SQL callback script called beforeMigrate.sql",
        ),
    ],
)
def test_duplicates_are_refused_with_both_files(tmp_path: Path, one: str, other: str, message: str) -> None:
    with pytest.raises(DuplicateRevision, match=message) as refused:
        project_in(tmp_path, {"flyway.conf": CONF, f"sql/{one}": ";", f"sql/{other}": "select 1;"})
    assert f"sql/{one}" in refused.value.message
    assert f"sql/{other}" in refused.value.message


def test_a_versioned_and_a_baseline_file_may_share_a_version(tmp_path: Path) -> None:
    project = project_in(tmp_path, {"flyway.conf": CONF, "sql/V1__a.sql": ";", "sql/B1__a.sql": ";"})
    assert revisions(project) == ["1", "B:1"]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("filesystem:sql", ["V1__a.sql", "deep/V3__c.sql"]),
        ("filesystem:a*/db", ["V1__a.sql", "deep/V3__c.sql"]),
        ("filesystem:**/db", ["V1__a.sql", "deep/V3__c.sql"]),
        ("filesystem:a?/db/*.sql", ["a1/db/V1__a.sql"]),
        ("filesystem:sql,filesystem:sql/deep", ["V1__a.sql", "deep/V3__c.sql"]),
    ],
)
def test_a_script_is_named_relative_to_its_location(
    tmp_path: Path, location: str, expected: list[str]
) -> None:
    home = "sql" if location.startswith("filesystem:sql") else "a1/db"
    files = {f"{home}/V1__a.sql": ";", f"{home}/deep/V3__c.sql": ";", f"{home}/.hidden/V4__d.sql": ";"}
    project = project_in(tmp_path, {"flyway.conf": f"flyway.locations={location}\n", **files})
    assert [file.script for file in project.files.values()] == expected


def test_a_missing_location_is_passed_over_with_a_warning(tmp_path: Path) -> None:
    project = project_in(
        tmp_path, {"flyway.conf": "flyway.locations=filesystem:sql,filesystem:gone\n", "sql/V1__a.sql": ";"}
    )
    assert revisions(project) == ["1"]
    assert any("filesystem:gone" in warning for warning in project.warnings)


def test_a_missing_location_is_refused_where_flyway_refuses_it(tmp_path: Path) -> None:
    conf = "flyway.locations=filesystem:gone\nflyway.failOnMissingLocations=true\n"
    with pytest.raises(UnreadableFile, match="filesystem:gone"):
        project_in(tmp_path, {"flyway.conf": conf})


def test_a_location_in_the_cloud_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="s3:bucket"):
        project_in(tmp_path, {"flyway.conf": "flyway.locations=s3:bucket/x\n"})


def test_a_classpath_location_in_two_modules_is_a_question(tmp_path: Path) -> None:
    files = {f"{module}/src/main/resources/db/migration/V1__a.sql": ";" for module in ("one", "two")}
    with pytest.raises(BadSetting, match="several modules"):
        project_in(tmp_path, {"flyway.conf": "flyway.locations=classpath:db/migration\n", **files})


def test_a_file_has_settings_of_its_own(tmp_path: Path) -> None:
    files = {
        "flyway.conf": CONF + "flyway.placeholders.tx=false\n",
        "sql/V1__a.sql": "select 1;",
        "sql/V1__a.SQL.conf": "executeInTransaction=${tx}\nencoding=ISO-8859-1\n",
        "sql/R__b.sql": "select '${left_alone}';",
        "sql/R__b.sql.conf": "placeholderReplacement=false\n",
    }
    project = project_in(tmp_path, files)
    own = project.files[RevisionId("1")].own
    assert (own.execute_in_transaction, own.encoding) == (False, "ISO-8859-1")
    assert project.files[RevisionId("R:b")].checksum == project.files[RevisionId("R:b")].raw_checksum


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("foo=1", BadSetting, "Unknown configuration property: foo"),
        ("executeInTransaction=no", BadSetting, "it can be true or false"),
        ("shouldExecute=${env}==prod", Unsupported, "shouldExecute=dev==prod is an expression"),
    ],
)
def test_a_bad_file_setting_is_refused(
    tmp_path: Path, text: str, error: type[Exception], message: str
) -> None:
    conf = CONF + "flyway.placeholders.env=dev\n"
    with pytest.raises(error, match=message):
        project_in(tmp_path, {"flyway.conf": conf, "sql/V1__a.sql": ";", "sql/V1__a.sql.conf": text})


def test_a_repeatable_is_hashed_after_its_placeholders_and_before(tmp_path: Path) -> None:
    text = "CREATE OR REPLACE VIEW v_env AS SELECT '${env}' AS env;\n"
    project = project_in(
        tmp_path, {"flyway.conf": CONF + "flyway.placeholders.env=dev\n", "sql/R__v.sql": text}
    )
    file = project.files[RevisionId("R:v")]
    assert (file.checksum, file.raw_checksum) == (-1298345457, -1488662789)


def test_a_repeatable_without_its_placeholder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMigration, match=r"sql/R__v\.sql:1 No value provided for placeholder: \$\{env\}"):
        project_in(tmp_path, {"flyway.conf": CONF, "sql/R__v.sql": "select '${env}';"})


def test_java_migrations_are_seen_and_named(tmp_path: Path) -> None:
    java = "package {p}; public class {c} extends BaseJavaMigration {{ }}"
    files = {
        "src/main/resources/application.properties": "spring.flyway.enabled=true\n",
        "src/main/resources/db/migration/V1__a.sql": ";",
        "src/main/java/db/migration/V1_2__Add_users.java": java.format(p="db.migration", c="V1_2__Add_users"),
        "src/main/kotlin/shop/R__Refresh.kt": "class R__Refresh : BaseJavaMigration()",
        "src/main/java/shop/V9__Not_one.java": "class V9__Not_one {}",
    }
    project = project_in(tmp_path, files)
    assert [(each.revision, each.kind, each.checksum) for each in project.migrations] == [
        ("1", "SQL", str(checksum(";"))),
        ("1.2", "JDBC", None),
        ("R:Refresh", "JDBC", None),
    ]
    assert project.files[RevisionId("1.2")].script == "db.migration.V1_2__Add_users"
    assert any("V1_2__Add_users.java is a program" in warning for warning in project.warnings)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], "1"),
        (["V1__a.sql", "V2__b.sql"], "3"),
        (["V008__a.sql"], "009"),
        (["V099__a.sql"], "100"),
        (["V1.9__a.sql"], "1.10"),
        (["V1_2_3__a.sql"], "1_2_4"),
        (["V20240131120000__a.sql"], "20260304050607"),
        (["V202401311200__a.sql"], "202603040506"),
        (["V20260304__a.sql"], "20260305"),
        (["V1706702400__a.sql"], "1772600767"),
        (["V1.20240131120000__a.sql"], "1.20260304050607"),
    ],
)
def test_the_next_version_follows_the_projects_own_convention(
    tmp_path: Path, names: list[str], expected: str
) -> None:
    project = project_in(tmp_path, {"flyway.conf": CONF, **{f"sql/{name}": ";" for name in names}})
    now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert next_version(list(project.files.values()), now) == expected


def test_a_new_migration_gets_its_undo_file_where_the_team_writes_them(tmp_path: Path) -> None:
    project = project_in(tmp_path, {"flyway.conf": CONF, "sql/y2/V7__a.sql": ";", "sql/y2/U7__a.sql": ";"})
    paths = SOURCE.new(project, "Add  an e-mail__column", Options())
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "sql/y2/V8__Add_an_e-mail_column.sql",
        "sql/y2/U8__Add_an_e-mail_column.sql",
    ]
    assert revisions(project_in(tmp_path, {})) == ["7", "8"]


def test_a_new_migration_in_an_empty_project_is_the_first(tmp_path: Path) -> None:
    project = project_in(tmp_path, {"flyway.conf": CONF, "sql/readme.txt": ""})
    assert [path.name for path in SOURCE.new(project, "init", Options())] == ["V1__init.sql"]


def test_a_description_without_letters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="gives no file name"):
        SOURCE.new(project_in(tmp_path, {"flyway.conf": CONF}), "  ?! ", Options())
