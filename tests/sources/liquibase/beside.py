"""One project and one database, seen by midair and by the real Liquibase."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.peers.commands import Answer, midair, run
from tests.peers.databases import Database, PostgreSQL, SQLite

ROWS = (
    "SELECT orderexecuted, id, author, filename, md5sum, description, comments, exectype, contexts, labels, tag"
    " FROM databasechangelog ORDER BY orderexecuted"
)
LIMIT_S = 300


@dataclass(frozen=True, slots=True)
class Side:
    """A project's folder and the database both tools work on."""

    program: Path
    root: Path
    changelog: str
    database: Database
    more: tuple[str, ...] = ()
    """Further options of the real tool's update (`--contexts=…`)."""
    settings: tuple[str, ...] = ()
    """The same for midair, as `name=value` of `[tools.liquibase]`."""

    def real(self, command: str, *words: str) -> Answer:
        """One command of the real tool."""
        login = () if isinstance(self.database, SQLite) else ("--username=postgres", "--password=x")
        taken = self.more if command.startswith(("update", "status", "validate", "changelog", "mark")) else ()
        if command == "validate":
            taken = ()
        return run(
            self.program,
            "--show-banner=false",
            "--search-path=.",
            command,
            f"--changelog-file={self.changelog}",
            f"--url={self._jdbc}",
            *login,
            *taken,
            *words,
            folder=self.root,
            limit_s=LIMIT_S,
        )

    @property
    def _jdbc(self) -> str:
        if isinstance(self.database, PostgreSQL):
            return f"jdbc:postgresql://{self.database.host}:5432/{self.database.name}"
        return f"jdbc:sqlite:{self.database.path}"

    def midair(self, *words: str) -> Answer:
        """One command of ours, as a user would type it."""
        url = self.database.url
        if isinstance(self.database, SQLite):
            url = f"sqlite:///{self.database.path}"
        return midair("-C", str(self.root), *words, "--url", url)

    def rows(self) -> list[tuple[object, ...]]:
        """What both must have written alike."""
        return self.database.rows(ROWS)

    def waiting(self) -> tuple[str, ...]:
        """What the real tool's status would run; fails unless its validate finds nothing wrong."""
        assert "No validation errors found" in self.real("validate").ok().text
        said = self.real("status").ok().text
        listed = tuple(line.strip() for line in said.splitlines() if line.startswith("     "))
        assert bool(listed) != ("is up to date" in said), said
        return listed


def laid_out(project: Path, root: Path, changelog: str, settings: tuple[str, ...] = ()) -> Path:
    """A writable copy of a project, with what midair is to know of it in its own settings file."""
    shutil.copytree(project, root, copy_function=shutil.copyfile)
    lines = ["[tools.liquibase]", f'changeLogFile = "{changelog}"', *settings]
    (root / "midair.toml").write_text("\n".join(lines) + "\n")
    return root
