"""What a file of the project is to Flyway: the frozen values the other files of this folder speak."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from midair.model.frozen import frozen
from midair.model.migration import Migration, RevisionId
from midair.sources.source import Project
from midair.sources.tools.flyway.configuration import Settings
from midair.sources.tools.flyway.names import Kind, Version

DESCRIPTION_LENGTH = 200
SCRIPT_LENGTH = 1000


@frozen
class ScriptSettings:
    """A file's own settings (`V1__x.sql.conf`); `None` where it leaves the project's."""

    execute_in_transaction: bool | None = None
    encoding: str | None = None
    placeholder_replacement: bool | None = None
    should_execute: bool = True


@frozen
class LocalFile:
    """One migration of the project. `type` is the history's word; `raw_checksum` is that of the text before placeholders."""

    kind: Kind
    type: str
    version: Version | None
    description: str
    script: str
    path: Path
    shown: str
    """The path relative to the project's root."""
    checksum: int | None = None
    raw_checksum: int | None = None
    own: ScriptSettings = field(default_factory=ScriptSettings)
    version_text: str = ""
    """The version as the file's name spells it."""

    @property
    def revision(self) -> RevisionId:
        """The version as shown; `B:<version>` for a baseline file; `R:<description>` for a repeatable one."""
        return revision_of(self.type, self.version.text if self.version else None, self.description)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlywayProject(Project):
    """A project with what only Flyway's rules need: its settings, its files by revision, when reading began."""

    flyway: Settings
    files: Mapping[RevisionId, LocalFile]
    undos: Mapping[Version, LocalFile]
    callbacks: tuple[LocalFile, ...]
    started: datetime

    def file_of(self, migration: Migration) -> LocalFile:
        """The file behind a migration of this project."""
        return self.files[migration.revision]


def revision_of(type_word: str, version: str | None, description: str) -> RevisionId:
    """A row's or file's identity: versions have theirs, repeatables their description."""
    if version is None:
        return RevisionId(f"R:{description}")
    return RevisionId(f"B:{version}" if type_word in BASELINE_TYPES else version)


BASELINE_TYPES = frozenset({"SQL_BASELINE", "JDBC_BASELINE", "SQL_STATE_SCRIPT", "JDBC_STATE_SCRIPT"})
UNDO_TYPES = frozenset({"UNDO_SQL", "UNDO_JDBC", "UNDO_SCRIPT"})
JAVA_TYPES = frozenset({"JDBC", "SPRING_JDBC", "CUSTOM", "JDBC_BASELINE", "JDBC_STATE_SCRIPT"})
"""Rows of programs midair cannot see for certain without a JVM."""
SYNTHETIC_TYPES = frozenset({"BASELINE", "SCHEMA", "DELETE"}) | UNDO_TYPES


def flyway_project(project: Project) -> FlywayProject:
    """The project as this source read it.

    Raises:
        TypeError: another source read it, which is a mistake of ours.
    """
    if not isinstance(project, FlywayProject):
        raise TypeError("a project of another tool reached the Flyway source")
    return project


def cut_description(text: str) -> str:
    """A description as the history's column holds it."""
    return text if len(text) <= DESCRIPTION_LENGTH else text[: DESCRIPTION_LENGTH - 3] + "..."


def cut_script(text: str) -> str:
    """A script name as the history's column holds it: the end is what tells files apart."""
    return text if len(text) <= SCRIPT_LENGTH else "..." + text[-(SCRIPT_LENGTH - 3) :]
