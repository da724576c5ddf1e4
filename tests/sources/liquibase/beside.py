"""One project and one database, seen by midair and by the real Liquibase."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.commands import Answer, midair, run
from tests.peers.databases import Database, PostgreSQL, SQLite
from tests.peers.mariadb import MariaDB

ROWS = (
    "SELECT orderexecuted, id, author, filename, md5sum, description, comments, exectype, contexts, labels, tag"
    " FROM {} ORDER BY orderexecuted"
)
_WITHOUT_CHANGELOG = ("tag", "tag-exists", "clear-checksums", "release-locks")
LIMIT_S = 300
NOT_NEVER = {"LIQUIBASE_COMMAND_CONTEXTS": "other"}
"""Leaves out the changeset whose context is `never`, which has no way back."""


@dataclass(frozen=True, slots=True)
class Side:
    """A project's folder and the database both tools work on."""

    program: Path
    root: Path
    changelog: str
    database: Database | MariaDB
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """What both find in their environment."""

    def real(self, command: str, *words: str) -> Answer:
        """One command of the real tool."""
        return run(
            self.program,
            "--show-banner=false",
            "--search-path=.",
            command,
            *(() if command in _WITHOUT_CHANGELOG else (f"--changelog-file={self.changelog}",)),
            f"--url={self._jdbc}",
            *self._login,
            *words,
            folder=self.root,
            variables=self.variables,
            limit_s=LIMIT_S,
        )

    @property
    def _login(self) -> tuple[str, ...]:
        if isinstance(self.database, SQLite):
            return ()
        user = self.database.user if isinstance(self.database, MariaDB) else "postgres"
        return f"--username={user}", "--password=x"

    @property
    def _jdbc(self) -> str:
        if isinstance(self.database, PostgreSQL):
            return f"jdbc:postgresql://{self.database.host}:5432/{self.database.name}"
        if isinstance(self.database, MariaDB):
            return f"jdbc:mariadb://{self.database.host}:3306/{self.database.name}"
        return f"jdbc:sqlite:{self.database.path}"

    def midair(self, *words: str) -> Answer:
        """One command of ours, as a user would type it."""
        url = self.database.url
        if isinstance(self.database, SQLite):
            url = f"sqlite:///{self.database.path}"
        return midair("-C", str(self.root), *words, "--url", url, variables=self.variables)

    def rows(self) -> list[tuple[object, ...]]:
        """What both must have written alike."""
        table = self.variables.get("LIQUIBASE_DATABASE_CHANGELOG_TABLE_NAME", "DATABASECHANGELOG")
        return self.database.rows(ROWS.format(table))

    def waiting(self) -> tuple[str, ...]:
        """What the real tool's status would run; fails unless its validate finds nothing wrong."""
        assert "No validation errors found" in self.real("validate").ok().text
        said = self.real("status").ok().text
        listed = tuple(line.strip() for line in said.splitlines() if line.startswith("     "))
        assert bool(listed) != ("is up to date" in said), said
        return listed


def laid_out(project: Path, root: Path, changelog: str) -> Path:
    """A writable copy of a project, with the properties file that names its root changelog."""
    shutil.copytree(project, root, copy_function=shutil.copyfile)
    (root / "liquibase.properties").write_text(f"changeLogFile={changelog}\n")
    return root


def handed_over(reference: Side, begun_by_it: Side, begun_by_us: Side, point: int) -> None:
    """Fails unless each takes over after `point` changesets and again 7 later, and all three end alike.

    `reference` is left to the real tool alone.
    """
    for command in (f"update-count --count={point}", "update-count --count=7", "update"):
        reference.real(*command.split()).ok()
    begun_by_it.real("update-count", f"--count={point}").ok()
    begun_by_it.midair("apply", "+7").ok()
    begun_by_it.real("update").ok()
    begun_by_us.midair("apply", f"+{point}").ok()
    begun_by_us.real("update-count", "--count=7").ok()
    begun_by_us.midair("apply").ok()
    for each in (begun_by_it, begun_by_us):
        assert each.rows() == reference.rows()
        assert each.database.schema() == reference.database.schema()
        assert each.waiting() == reference.waiting()


COMMANDS = (
    ("update-count --count=2", "apply +2"),
    ("update-to-tag --tag=v1", "apply v1"),
    ("update", "apply"),
    ("update", "apply"),
    ("rollback-count --count=2", "rollback -2"),
    ("rollback --tag=v1", "rollback v1"),
    ("update", "apply"),
    ("tag --tag=manual", "tag manual"),
    ("clear-checksums", None),
    ("update", "apply"),
    ("rollback-to-date --date=2020-01-01", "rollback after:2020-01-01"),
    ("changelog-sync-to-tag --tag=v1", "stamp v1"),
    ("mark-next-changeset-ran", "stamp +1"),
    ("changelog-sync", "stamp head"),
)
"""The real tool's command and ours; `None`: both databases get the real one's."""


def alike_after_every_command(ours: Side, theirs: Side) -> None:
    """Fails unless rows and schema are the real tool's after each of the commands."""
    for real, mine in COMMANDS:
        theirs.real(*real.split()).ok()
        if mine is None:
            ours.real(*real.split()).ok()
        else:
            ours.midair(*mine.split()).ok()
        assert ours.rows() == theirs.rows(), (real, mine)
        assert ours.database.schema() == theirs.database.schema(), (real, mine)
