"""Settings from every place they can be written in, and which place wins."""

from pathlib import Path

import pytest

from midair.errors import BadAddress, BadSetting, NotSet
from midair.model.address import Product, Secret
from midair.sources.source import Options
from midair.sources.tools.flyway import SOURCE
from midair.sources.tools.flyway.jdbc import address_of
from midair.sources.tools.flyway.local import flyway_project

from .projects import project_in, write

ONE = {"sql/V1__a.sql": "select 1;"}


def test_a_conf_file_is_read_by_its_own_rules(tmp_path: Path) -> None:
    conf = (
        "# a comment\n  flyway.table = my_history  \nflyway.schemas=a, b\nflyway.placeholders.Path=c:\\temp\\new\n"
        "flyway.user=${DB_USER}\nflyway.password=${NOPE}\nflyway.baselineDescription=one \\\n  two\nother.key=1\n"
        "flyway.outOfOrder=true\n"
    )
    project = project_in(tmp_path, {**ONE, "flyway.conf": conf}, Options(variables={"DB_USER": "ana"}))
    settings = project.flyway
    assert settings.table == "my_history"
    assert settings.schemas == ("a", "b")
    assert settings.placeholders == {"Path": "c:\\temp\\new"}
    assert settings.user == "ana"
    assert settings.password == Secret("")
    assert settings.baseline_description == "one two"
    assert settings.out_of_order


def test_an_unknown_key_of_a_conf_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"flyway\.conf: Unknown configuration property: flyway\.outOfOder"):
        project_in(tmp_path, {**ONE, "flyway.conf": "flyway.outOfOder=true\n"})


def test_a_boolean_is_true_or_false(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="it can be true or false"):
        project_in(tmp_path, {**ONE, "flyway.conf": "flyway.group=yes\n"})


TOML = """
id = "shop"
[flyway]
environment = "dev"
locations = ["filesystem:migrations"]
outOfOrder = true
[flyway.placeholders]
env = "dev"
[flyway.postgresql.transactional]
lock = false
[environments.dev]
url = "jdbc:postgresql://db:5433/shop"
user = "shop"
password = "${env.SHOP_PASSWORD}"
schemas = ["shop", "audit"]
[environments.dev.flyway]
table = "h"
[environments.prod]
url = "jdbc:postgresql://prod/shop"
password = "${vault.pw}"
"""


def test_a_toml_file_is_read_with_its_environment(tmp_path: Path) -> None:
    files = {"migrations/V1__a.sql": "select 1;", "flyway.toml": TOML}
    project = project_in(tmp_path, files, Options(variables={"SHOP_PASSWORD": "s3cret"}))
    settings = project.flyway
    assert settings.schemas == ("shop", "audit")
    assert settings.table == "h"
    assert settings.environment == "dev"
    assert not settings.postgresql_transactional_lock
    assert settings.placeholders == {"env": "dev"}
    assert project.address is not None
    assert str(project.address) == "postgresql://shop@db:5433/shop"
    assert project.address.password == Secret("s3cret")
    assert project.origin == "flyway.toml [environments.dev]"
    assert [each.revision for each in project.migrations] == ["1"]


def test_the_user_file_is_stronger_than_the_project_file(tmp_path: Path) -> None:
    files = {
        **ONE,
        "flyway.toml": '[flyway]\ntable="a"\ntarget="1"\n',
        "flyway.user.toml": '[flyway]\ntable="b"\n',
    }
    settings = project_in(tmp_path, files).flyway
    assert (settings.table, settings.target) == ("b", "1")


def test_a_resolver_midair_does_not_have_is_named(tmp_path: Path) -> None:
    files = {"migrations/V1__a.sql": "select 1;", "flyway.toml": TOML}
    with pytest.raises(BadSetting, match="resolver 'vault'"):
        project_in(tmp_path, files, Options(tool={"environment": "prod"}))


def test_a_missing_variable_of_a_toml_file_is_an_error(tmp_path: Path) -> None:
    files = {"migrations/V1__a.sql": "select 1;", "flyway.toml": TOML}
    with pytest.raises(NotSet, match="SHOP_PASSWORD"):
        project_in(tmp_path, files)


def test_an_unknown_environment_is_refused_with_those_there_are(tmp_path: Path) -> None:
    files = {"migrations/V1__a.sql": "select 1;", "flyway.toml": TOML}
    with pytest.raises(BadSetting, match="no environment 'stage'") as refused:
        project_in(tmp_path, files, Options(tool={"environment": "stage"}))
    assert refused.value.hint == "it has dev, prod"


def test_toml_makes_conf_files_silent(tmp_path: Path) -> None:
    files = {**ONE, "flyway.toml": '[flyway]\ntable="from_toml"\n', "flyway.conf": "flyway.table=from_conf\n"}
    assert project_in(tmp_path, files).flyway.table == "from_toml"


def test_variables_beat_files_and_midairs_own_settings_beat_both(tmp_path: Path) -> None:
    files = {**ONE, "flyway.conf": "flyway.table=file\nflyway.target=1\nflyway.installedBy=file\n"}
    variables = {
        "FLYWAY_TABLE": "variable", "FLYWAY_INSTALLED_BY": "variable", "FLYWAY_PLACEHOLDERS_ENV": "prod",
        "FLYWAY_POSTGRESQL_TRANSACTIONAL_LOCK": "false", "FLYWAY_SQL_MIGRATION_SUFFIXES": ".sql,.pkb",
    }  # fmt: skip
    settings = project_in(tmp_path, files, Options(variables=variables, tool={"table": "midair"})).flyway
    assert (settings.table, settings.installed_by, settings.target) == ("midair", "variable", "1")
    assert settings.placeholders == {"env": "prod"}
    assert not settings.postgresql_transactional_lock
    assert settings.sql_migration_suffixes == (".sql", ".pkb")


def test_config_files_can_be_named(tmp_path: Path) -> None:
    files = {**ONE, "flyway.conf": "flyway.table=a\n", "ci/extra.conf": "flyway.table=b\n"}
    options = Options(variables={"FLYWAY_CONFIG_FILES": "ci/extra.conf"})
    assert project_in(tmp_path, files, options).flyway.table == "b"


SPRING = """
spring:
  datasource:
    url: jdbc:postgresql://${DB_HOST:localhost}:5432/shop
    username: shop
    password: ${DB_PASSWORD}
  flyway:
    out-of-order: true
    baseline-on-migrate: true
    locations: classpath:db/{vendor}
    placeholders:
      env: dev
---
spring:
  config.activate.on-profile: prod
  flyway:
    table: prod_history
"""


def test_a_spring_application_is_read(tmp_path: Path) -> None:
    files = {
        "src/main/resources/application.yml": SPRING,
        "src/main/resources/db/postgresql/V1__a.sql": "select 1;",
    }
    project = project_in(tmp_path, files)
    settings = project.flyway
    assert settings.out_of_order
    assert settings.baseline_on_migrate
    assert settings.table == "flyway_schema_history"
    assert settings.placeholders == {"env": "dev"}
    assert str(project.address) == "postgresql://shop@localhost:5432/shop"
    assert [each.span.path for each in project.migrations] == ["src/main/resources/db/postgresql/V1__a.sql"]
    assert any("DB_PASSWORD" in warning for warning in project.warnings)


def test_a_profile_of_a_spring_application_adds_to_it(tmp_path: Path) -> None:
    files = {
        "src/main/resources/application.yml": SPRING,
        "src/main/resources/application-prod.properties": "spring.flyway.group=true\nspring.flyway.url=jdbc:sqlite:x.db\n",
        "src/main/resources/db/sqlite/V1__a.sql": "select 1;",
    }
    options = Options(variables={"SPRING_PROFILES_ACTIVE": "prod", "SPRING_FLYWAY_TARGET": "1"})
    project = project_in(tmp_path, files, options)
    assert (project.flyway.table, project.flyway.group, project.flyway.target) == ("prod_history", True, "1")
    assert str(project.address) == f"sqlite:{tmp_path}/x.db"


def test_a_quarkus_application_is_read(tmp_path: Path) -> None:
    files = {
        "src/main/resources/application.properties": (
            "quarkus.datasource.jdbc.url=jdbc:postgresql://db/shop\nquarkus.datasource.username=q\n"
            "quarkus.flyway.table=q_history\n"
        ),
        "src/main/resources/db/migration/V1__a.sql": "select 1;",
    }
    project = project_in(tmp_path, files)
    assert project.flyway.table == "q_history"
    assert str(project.address) == "postgresql://q@db:5432/shop"


POM = """<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <properties><db>shop</db><flyway.table>from_property</flyway.table></properties>
  <build><plugins><plugin>
    <groupId>org.flywaydb</groupId><artifactId>flyway-maven-plugin</artifactId>
    <configuration>
      <!-- the local one -->
      <url>jdbc:postgresql://localhost/${db}?currentSchema=a&amp;ApplicationName=x</url>
      <user>ana</user>
      <schemas><schema>a</schema><schema>b</schema></schemas>
      <placeholders><env>dev</env></placeholders>
    </configuration>
  </plugin></plugins></build>
</project>
"""


def test_a_pom_is_read(tmp_path: Path) -> None:
    files = {"pom.xml": POM, "src/main/resources/db/migration/V1__a.sql": "select 1;"}
    project = project_in(tmp_path, files)
    assert project.flyway.table == "from_property"
    assert project.flyway.schemas == ("a", "b")
    assert project.flyway.placeholders == {"env": "dev"}
    assert project.address is not None
    assert project.address.options == (("options", "-c search_path=a"), ("application_name", "x"))
    assert [each.revision for each in project.migrations] == ["1"]


def test_an_entity_in_a_pom_reads_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("stolen")
    pom = POM.replace(
        '<?xml version="1.0"?>',
        f'<?xml version="1.0"?><!DOCTYPE project [<!ENTITY x SYSTEM "{secret.as_uri()}">]>',
    ).replace("<user>ana</user>", "<user>&x;</user>")
    project = project_in(tmp_path / "p", {"pom.xml": pom, "src/main/resources/db/migration/V1__a.sql": ";"})
    assert project.address is not None
    assert project.address.user != "stolen"


GRADLE = """
plugins { id 'org.flywaydb.flyway' version '10.0.0' }
flyway {
    url = 'jdbc:postgresql://localhost/shop'
    user = "ana"
    password = System.getenv('PW')
    schemas = ['a', 'b']
    outOfOrder = true
    placeholders = [env: 'dev']
}
"""


def test_the_literals_of_a_gradle_build_are_read_and_the_rest_named(tmp_path: Path) -> None:
    files = {"build.gradle": GRADLE, "src/main/resources/db/migration/V1__a.sql": "select 1;"}
    project = project_in(tmp_path, files)
    assert project.flyway.schemas == ("a", "b")
    assert project.flyway.out_of_order
    assert str(project.address) == "postgresql://ana@localhost:5432/shop"
    assert [each for each in project.warnings if "build.gradle:6 flyway.password" in each]


@pytest.mark.parametrize(
    ("url", "shown", "options"),
    [
        ("jdbc:postgresql://h/db", "postgresql://u@h:5432/db", ()),
        ("jdbc:postgresql://h:6000/db", "postgresql://u@h:6000/db", ()),
        ("jdbc:postgresql://a,b:6000/db", "postgresql://u@a,b/db", (("port", "5432,6000"),)),
        ("jdbc:postgresql:db", "postgresql://u@localhost:5432/db", ()),
        ("jdbc:postgresql:/", "postgresql://u@localhost:5432/u", ()),
        ("jdbc:postgresql://h/", "postgresql://u@h:5432/u", ()),
        ("jdbc:p6spy:postgresql://h/db", "postgresql://u@h:5432/db", ()),
        ("jdbc:aws-wrapper:postgresql://h/db", "postgresql://u@h:5432/db", ()),
        (
            "jdbc:postgresql://h/my%20db?ssl=true",
            "postgresql://u@h:5432/my db",
            (("sslmode", "verify-full"),),
        ),
        (
            "jdbc:postgresql://h/db?sslmode=require&prepareThreshold=0",
            "postgresql://u@h:5432/db",
            (("sslmode", "require"),),
        ),
        (
            "jdbc:postgresql://h/db?currentSchema=a,b&options=-c%20x%3D1",
            "postgresql://u@h:5432/db",
            (("options", "-c x=1 -c search_path=a,b"),),
        ),
        (
            "jdbc:postgresql://h/db?connectTimeout=3&tcpKeepAlive=true&targetServerType=primary",
            "postgresql://u@h:5432/db",
            (("keepalives", "1"), ("target_session_attrs", "read-write"), ("connect_timeout", "3")),
        ),
        ("jdbc:sqlite:data/app.db?foreign_keys=on", "sqlite:data/app.db", ()),
        ("jdbc:sqlite:", "sqlite::memory:", ()),
        ("jdbc:sqlite::memory:", "sqlite::memory:", ()),
        ("jdbc:mysql://h/db?useSSL=false", "mysql://u@h:3306/db", ()),
        ("jdbc:google:mysql://h/db", "mysql://u@h:3306/db", ()),
        ("jdbc:mariadb://h:3307/db", "mysql://u@h:3307/db", ()),
    ],
)
def test_a_jdbc_url_is_an_address(url: str, shown: str, options: tuple[tuple[str, str], ...]) -> None:
    address = address_of(url, "u", Secret(""), "flyway.conf")
    assert str(address) == shown
    assert address.options == options


def test_user_and_password_may_stand_in_the_url_and_never_show() -> None:
    address = address_of("jdbc:postgresql://h/db?user=ana&password=p%40ss", "", Secret(""), "flyway.conf")
    assert (address.product, address.user, address.password) == (Product.POSTGRESQL, "ana", Secret("p@ss"))
    assert "p@ss" not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        "jdbc:oracle:thin:@h:1521:x",
        "jdbc-secretsmanager:postgresql://h/db",
        "jdbc:tc:postgresql:16:///db",
        "nonsense",
    ],
)
def test_a_url_midair_cannot_follow_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(BadAddress) as refused:
        address_of(f"{url}?password=s3cret", "u", Secret(""), "flyway.conf")
    assert "s3cret" not in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize(
    "files",
    [
        {"pom.xml": "<project/>"},
        {"build.gradle": "plugins { id 'java' }"},
        {"sql/1_init.sql": "select 1;"},
        {"migrations/000001_init.up.sql": "select 1;"},
        {"db/migration/V1.sql": "select 1;"},
        {"src/main/resources/application.yml": "spring:\n  datasource:\n    url: x\n"},
        {"migrations/V1__init.sql": "select 1;", "Cargo.toml": '[dependencies]\nrefinery = "0.8"\n'},
        {"migrations/V1__init.sql": "select 1;", "schemachange-config.yml": "root-folder: ."},
        {"db/changelog/db.changelog-master.yaml": "databaseChangeLog: []"},
    ],
    ids=lambda files: next(iter(files)),
)
def test_what_is_not_flyways_is_not_recognised(tmp_path: Path, files: dict[str, str]) -> None:
    assert list(SOURCE.recognises(write(tmp_path, files), {})) == []


@pytest.mark.parametrize(
    ("files", "folder", "mark"),
    [
        ({"sql/V1__a.sql": ";"}, "sql", "sql/V1__a.sql"),
        ({"migrations/V1__a.sql": ";"}, "migrations", "migrations/V1__a.sql"),
        ({"db/migration/2024/V1__a.sql": ";"}, "db/migration", "db/migration/2024/V1__a.sql"),
        ({"V1__a.sql": ";"}, ".", "V1__a.sql"),
        ({"conf/flyway.conf": ""}, ".", "conf/flyway.conf"),
        ({"flyway.toml": ""}, ".", "flyway.toml"),
        (
            {
                "src/main/resources/db/migration/V1__a.sql": ";",
                "src/main/resources/application.properties": "a=b",
            },
            "src/main/resources/db/migration",
            "src/main/resources/application.properties",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_project_is_recognised_by_its_own_files(
    tmp_path: Path, files: dict[str, str], folder: str, mark: str
) -> None:
    found = list(SOURCE.recognises(write(tmp_path, files), {}))
    assert [(each.tool, each.root, each.folder, each.marks) for each in found] == [
        ("flyway", tmp_path, tmp_path / folder, (mark,))
    ]


def test_a_project_right_below_is_found_too_and_only_once(tmp_path: Path) -> None:
    write(tmp_path, {"service/flyway.conf": "", "service/sql/V1__a.sql": ";", "other/readme.md": ""})
    assert [each.root.name for each in SOURCE.recognises(tmp_path, {})] == ["service"]


def test_a_project_of_another_source_is_a_mistake_of_ours(tmp_path: Path) -> None:
    project = project_in(tmp_path, ONE)
    assert flyway_project(project) is project
