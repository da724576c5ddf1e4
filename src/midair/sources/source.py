"""What a source is: recognises one tool's project and reads it into migrations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from midair.database.session import Session
from midair.model.address import Address, Product
from midair.model.frozen import frozen
from midair.model.intent import Declared
from midair.model.migration import Applied, Direction, Migration, RevisionId, Script, Standing
from midair.model.statement import Sql, Statement
from midair.sources.history import History


@frozen
class Found:
    """A project recognised from its own files, nothing run. `marks` are what gave it away, for people."""

    tool: str
    root: Path
    folder: Path
    """Where the migrations are."""
    marks: tuple[str, ...]
    config: Path | None = None
    """The tool's own configuration file."""


@frozen
class Options:
    """What the caller decides about reading; a source never looks settings up itself.

    `variables` is the process environment; `tool` holds the strings of `[tools.<name>]` in
    `midair.toml` (and the `[projects]` entry), documented by each source.
    """

    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    tool: Mapping[str, str] = field(default_factory=dict[str, str])
    python: str | None = None
    """The project's interpreter, when the user named it."""
    product: Product | None = None
    """The target's product, where the project has separate migrations per product."""
    database: str | None = None
    """The target's database, where a tool writes its name before every table's (Liquibase on MariaDB)."""
    url_words: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the target's URL says to the tool alone (`x-migrations-table=…`, golang-migrate), names without `x-`."""
    may_run: bool = True
    """Whether the project's own programs may be run (`check --no-exec` says no)."""


@frozen
class Project:
    """One project, read: its migrations in the tool's own order, and its history table as data.

    `address` is the database the tool's own files name, `origin` says where it was found.
    `warnings` are sentences about files the tool would skip or settings that cannot be honoured.
    """

    tool: str
    root: Path
    folder: Path
    migrations: tuple[Migration, ...]
    history: History
    address: Address | None = None
    origin: str | None = None
    warnings: tuple[str, ...] = ()
    product: Product | None = None
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """The tool's own settings in force that `compare` needs (goose: `allow_missing`; dbmate: `strict`)."""


class Scratch(Protocol):
    """Gives throwaway databases to sources whose migrations are programs."""

    def database(self, product: Product) -> AbstractContextManager[Address]:
        """An empty database of the product, gone when the context ends."""
        ...


@frozen
class Work:
    """Migrations to be turned into statements, in the order they will run, for a database whose history holds `applied`.

    `condensed`: they are only looked at, so rows that repeat may be left out of large files.
    """

    migrations: tuple[Migration, ...]
    direction: Direction
    applied: tuple[Applied, ...]
    product: Product
    condensed: bool = False


@frozen
class Scripts:
    """The statements of each migration, and what the tool does around the run as a whole."""

    by_revision: Mapping[RevisionId, Script]
    prologue: Script = field(default_factory=Script)
    epilogue: Script = field(default_factory=Script)
    before_history: tuple[Sql, ...] = ()
    """What must exist before the history table does (a missing schema)."""


Dump = Callable[[Sequence[str]], str]
"""Runs the server's own dump program with these arguments against the target and gives its output."""


@frozen
class Sent:
    """What a live program is about to send at once.

    `query`: it gives rows back and does nothing else. `outside`: it is in no transaction. `text` is all of it.
    """

    statements: tuple[Statement, ...]
    text: str
    query: bool = False
    outside: bool = False


class Turn(StrEnum):
    """What becomes of it."""

    SEND = "send"
    """The program sends it."""
    KEEP = "keep"
    """The program sends it, and its rows are kept beside."""
    READ = "read"
    """The program gets the rows that were kept."""
    SKIP = "skip"
    """It is done: the program goes on."""
    APART = "apart"
    """The program's transaction ends, then `run_apart` does it."""


class Watch(Protocol):
    """Decides what becomes of each thing that a live program sends; called in the program's order."""

    def turn(self, sent: Sent) -> Turn:
        """What becomes of the next thing it sends."""
        ...

    def rows(self) -> str:
        """The table in which the rows of what was last asked about are kept, as SQL."""
        ...

    def records(self) -> tuple[str, ...]:
        """SQL that is sent right before the program's transaction commits, and commits with it."""
        ...

    def over(self) -> None:
        """The program is through, and its tool is about to record it."""
        ...

    def run_apart(self) -> None:
        """Does what was last asked about, now that the program's transaction is over."""
        ...

    def stays(self, reason: str) -> None:
        """From here on the program's transaction must not be ended but by itself."""
        ...


@frozen
class LiveRun:
    """Migrations' own program that is to run against the target, all in one go.

    `bounds` are settings of its connections (`lock_timeout`). With `watch` it asks before each statement and each commit;
    `only_judged`: it only asks whether it may send, and which rows it sends does not matter.
    """

    project: Project
    migrations: tuple[Migration, ...]
    direction: Direction
    address: Address
    options: Options
    bounds: Mapping[str, str] = field(default_factory=dict[str, str])
    watch: Watch | None = None
    only_judged: bool = False


@frozen
class Source:
    """One tool. All members are functions over data; heavy imports happen inside them.

    `recognises(folder, variables)` yields the tool's projects at or right below a folder, without running
    anything. `read` gives the project, still without running anything and without a database.
    `compare` judges every migration against the history, by the tool's own rules, in the order
    they would run; it raises what the tool would refuse for. `scripts` gives statements, and is the only one that
    may need the scratch database. `new(project, description, options)` writes an empty migration in the tool's format and
    returns the files. `live` runs migrations' own program, or is `None`.
    """

    tool: str
    recognises: Callable[[Path, Mapping[str, str]], Iterator[Found]]
    read: Callable[[Found, Options], Project]
    compare: Callable[[Project, Sequence[Applied]], tuple[Standing, ...]]
    scripts: Callable[[Project, Work, Scratch, Options], Scripts]
    new: Callable[[Project, str, Options], tuple[Path, ...]]
    live: Callable[[LiveRun], None] | None = None
    products: frozenset[Product] = frozenset({Product.POSTGRESQL, Product.SQLITE})
    """The databases on which midair runs the tool's migrations."""
    baseline: Callable[[Session, Project], tuple[Sql, ...]] | None = None
    """Tools with a baseline row of their own (Flyway) write it here; others are stamped row by row."""
    judge: Callable[[Project, Sequence[Applied]], tuple[Standing, ...]] | None = None
    """As `compare`, without refusing: for showing a history the tool would not go on with."""
    after_run: Callable[[Project, Session, Dump], None] | None = None
    """What the tool does once its migrations are in (dbmate writes its schema file)."""
    unrun: Callable[[Project, Work], Scripts] | None = None
    """For programs: what their files show without being run. A script's `live` says what of it they do not show."""
    repair: Callable[[Session, Project, Sequence[Applied]], tuple[tuple[str, Sql], ...]] | None = None
    """What the tool's own repair would write: a sentence for people and the SQL, pair by pair."""
    generate: Callable[[Project, str, Sequence[Statement], Options], tuple[Path, ...]] | None = None
    """`new`, filled: writes these statements as migrations of the tool's own."""
    declared: Callable[[str, str], tuple[Declared, ...]] | None = None
    """What a file's own language declares about its statements beyond comments: from its text and its path."""
    tag: Callable[[Session, Project, str], tuple[Sql, ...]] | None = None
    """Gives the newest applied migration a name, in the tool's own history (Liquibase)."""
