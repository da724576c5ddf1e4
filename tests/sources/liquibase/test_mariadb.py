"""Liquibase on a real MariaDB: midair's SQL, its rows, and who takes over from whom."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from midair.sources.tools.liquibase.files import ChangeFiles, SearchPath
from midair.sources.tools.liquibase.model import Changeset
from midair.sources.tools.liquibase.verify import visitors_of
from midair.sources.tools.liquibase.writing.names import Quoting
from midair.sources.tools.liquibase.writing.statements import statements_of
from midair.sources.tools.liquibase.writing.writer import Writer
from tests.peers.mariadb import MariaDB, MariaServer, maria_server
from tests.peers.places import peer

from .beside import Side, laid_out
from .recorded import GOLDEN, read
from .test_sql import TYPES

pytestmark = pytest.mark.peers

CHANGELOG = "changelog.xml"


@pytest.fixture(scope="module")
def maria() -> Generator[MariaServer]:
    with maria_server() as running:
        yield running


def side(database: MariaDB, project: str, root: Path) -> Side:
    if not root.exists():
        laid_out(GOLDEN / "projects" / project, root, CHANGELOG)
    return Side(peer("liquibase"), root, CHANGELOG, database)


def run_there(changesets: list[Changeset], project: str, database: MariaDB) -> int:
    """Sends what midair writes for these changesets, as it is; how many statements."""
    folder = GOLDEN / "projects" / project
    files = ChangeFiles(SearchPath((folder,), folder), "UTF-8")
    _, sums = read(project, "mariadb")
    sent = 0
    with closing(database.connected()) as connection, connection.cursor() as cursor:
        for each in changesets:
            to = Writer(
                "mariadb",
                Quoting("mariadb", each.quoting),
                database.name,
                files,
                lambda table: TYPES.get(table, {}),
            )
            for change in each.changes:
                for made in statements_of(change, to, visitors_of(each, sums.runtime)):
                    cursor.execute(made.sql)
                    sent += 1
    return sent


@pytest.mark.parametrize("project", ["core", "modern"])
def test_what_midair_writes_makes_the_schema_the_real_tool_makes(
    maria: MariaServer, project: str, tmp_path: Path
) -> None:
    theirs = side(maria.database(), project, tmp_path / "project")
    ours = maria.database()
    theirs.real("update").ok()
    ran = theirs.database.rows(
        "SELECT FILENAME, ID, AUTHOR FROM DATABASECHANGELOG WHERE EXECTYPE = 'EXECUTED' ORDER BY ORDEREXECUTED"
    )
    changesets, _ = read(project, "mariadb")
    sent = run_there([changesets[str(f), str(i), str(a)] for f, i, a in ran], project, ours)
    assert sent > 15
    assert ours.schema() == tuple(
        line for line in theirs.database.schema() if "DATABASECHANGELOG" not in line
    )
    assert ours.contents() == theirs.database.contents()
