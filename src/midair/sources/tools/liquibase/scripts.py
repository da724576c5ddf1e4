"""Changesets as statements: forward, and back by their rollback blocks or by inverting each change."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from midair.database import Guard, Session, open_session
from midair.dialects.dialect import Dialect, dialect_of
from midair.errors import BadMigration, Irreversible, MidairError, StatementFailed, Unsupported
from midair.model.address import Product
from midair.model.migration import Block, Direction, Migration, RevisionId, Script
from midair.model.statement import Statement
from midair.sources.numbered import in_transaction, one_by_one
from midair.sources.source import Options, Project, Scratch, Scripts, Work
from midair.sources.tools.liquibase.files import normal
from midair.sources.tools.liquibase.model import Change, Changeset, Rollback
from midair.sources.tools.liquibase.project import LiquibaseProject, liquibase_project
from midair.sources.tools.liquibase.verify import visitors_of
from midair.sources.tools.liquibase.writing.names import Quoting
from midair.sources.tools.liquibase.writing.rebuild import needs_rebuild
from midair.sources.tools.liquibase.writing.statements import statements_of, undo_of
from midair.sources.tools.liquibase.writing.writer import Writer

_WAY_OUT = 'give the changeSet runInTransaction="false", and a changeSet of its own'


def scripts(project: Project, work: Work, scratch: Scratch, options: Options) -> Scripts:
    """The statements of each changeset in the work's direction.

    Raises:
        Unsupported: one of them is a program, or Java.
        BadMigration: a change lacks what it needs; the message names file, line and changeset.
        Irreversible: a rollback was asked for and there is none.
    """
    del options
    ours = liquibase_project(project)
    with ExitStack() as held:
        shadow = None
        if any(
            _rebuilds(ours.changesets[each.revision])
            for each in work.migrations
            if work.product is Product.SQLITE
        ):
            shadow = open_session(
                held.enter_context(scratch.database(work.product)), Guard(), "midair scratch"
            )
            held.callback(shadow.close)
        return _written(ours, work, Writing(ours, dialect_of(work.product, condensed=work.condensed), shadow))


def _rebuilds(changeset: Changeset) -> bool:
    """Whether a table is made anew for it: its definition then is another."""
    taken_back = (change for each in changeset.rollbacks for change in each.changes)
    return any(each.refers_to for each in changeset.rollbacks) or any(
        needs_rebuild(each) for each in (*changeset.changes, *taken_back)
    )


def _written(ours: LiquibaseProject, work: Work, writing: "Writing") -> Scripts:
    # Its changes never ran here: undoing them, as Liquibase does, would drop what another changeset made.
    unrun = {row.revision for row in work.applied if row.kind == "MARK_RAN"}
    if work.direction is Direction.UP:
        unrun.clear()
    return Scripts(
        {
            each.revision: Script() if each.revision in unrun else writing.script(each, work.direction)
            for each in work.migrations
        }
    )


@dataclass(frozen=True, slots=True)
class Writing:
    """One project's changesets written for one database.

    `shadow` is a SQLite database with its schema: what is written is run there too, so that it always has the
    definitions that the next change meets.
    """

    project: LiquibaseProject
    dialect: Dialect
    shadow: Session | None = None

    def script(self, migration: Migration, direction: Direction) -> Script:
        """One changeset's statements and transactions."""
        changeset = self.project.changesets[migration.revision]
        if direction is Direction.DOWN:
            return self._script(changeset, tuple(self.backward(changeset)))
        decision = self.project.decisions.of(migration.revision)
        if not decision.runs:
            return Script()
        if changeset.run_with not in (None, "jdbc"):
            raise Unsupported(
                f"{changeset.span} changeSet {changeset.key} is to be run with {changeset.run_with}",
                state="nothing was changed",
                hint="run that one changeSet with Liquibase, or record it as done with `midair stamp`",
            )
        try:
            statements = tuple(self.forward(changeset))
        except BadMigration:
            if changeset.mark_ran_when_invalid:
                return Script()
            raise
        except Unsupported as error:
            raise Unsupported(
                f"{error.message} (changeSet {changeset.key})", hint=error.hint, state=error.state
            ) from error
        made = self._script(changeset, statements)
        whole = "asks its preconditions when its turn comes"
        return Script(made.blocks, decision.later, whole) if decision.later else made

    def forward(self, changeset: Changeset) -> Iterator[Statement]:
        """What its changes run, in order."""
        to = self.writer(changeset)
        for change in changeset.changes:
            yield from self._shadowed(statements_of(change, to, visitors_of(changeset, self.project.runtime)))

    def _shadowed(self, statements: Iterable[Statement]) -> Iterator[Statement]:
        if self.shadow is None:
            yield from statements
            return
        for each in tuple(statements):
            with suppress(StatementFailed):  # rows are not there, and neither may be what needs them
                self.shadow.run(self._split(each), atomic=False)
            yield each

    def backward(self, changeset: Changeset) -> Iterator[Statement]:
        """What takes it back: its rollback blocks, or each change inverted, last one first.

        Raises:
            Irreversible: a change has no inverse, and there is no block.
        """
        to = self.writer(changeset)
        if changeset.rollbacks:
            for each in changeset.rollbacks:
                yield from self._block(each, to, changeset)
            return
        if changeset.formatted:
            raise Irreversible(
                f"{changeset.span} {changeset.key} has no --rollback",
                state="nothing was changed",
                hint="write --rollback and the SQL that takes it back, or --rollback empty",
            )
        for change in reversed(changeset.changes):
            yield from self._shadowed(undo_of(change, to, visitors_of(changeset, self.project.runtime)))

    def _block(self, rollback: Rollback, to: Writer, changeset: Changeset) -> Iterator[Statement]:
        if rollback.refers_to is not None:
            path, name, author = rollback.refers_to
            wanted = RevisionId(f"{normal(path)}::{name}::{author}")
            other = self.project.changesets.get(wanted)
            if other is None:
                raise BadMigration(
                    f"{rollback.span} the rollback refers to {wanted}, which is not in the changelog",
                    hint="check changeSetId, changeSetAuthor and changeSetPath",
                )
            yield from self.forward(other)
            return
        chosen = [each for each in visitors_of(changeset, self.project.runtime) if each.apply_to_rollback]
        for change in rollback.changes:
            yield from self._shadowed(statements_of(change, to, chosen))

    def writer(self, changeset: Changeset) -> Writer:
        """How this changeset's SQL is written."""
        runtime = self.project.runtime
        schema = runtime.default_schema or ("public" if runtime.dbms == "postgresql" else None)
        return Writer(
            runtime.dbms,
            Quoting(runtime.dbms, changeset.quoting),
            schema,
            self.project.files,
            self._column_types,
            self.shadow,
        )

    def _column_types(self, table: str) -> Mapping[str, str]:
        """The types the changelog itself gave a table's columns."""
        types: dict[str, str] = {}
        for changeset in self.project.changesets.values():
            for change in changeset.changes:
                if (change.get("tableName") or "").lower() == table.lower():
                    types |= dict(_types(change))
        return types

    def _script(self, changeset: Changeset, statements: tuple[Statement, ...]) -> Script:
        split = tuple(each for statement in statements for each in self._split(statement))
        try:
            if self.dialect.product is Product.MARIADB:
                return Script(_as_committed(split, self.dialect, together=changeset.in_transaction))
            if changeset.in_transaction or self.dialect.product is Product.SQLITE:
                return Script(in_transaction(split, self.dialect, _WAY_OUT))
            return Script(one_by_one(split, self.dialect))
        except MidairError as error:
            raise type(error)(
                f"{error.message} (changeSet {changeset.key})", hint=error.hint, state=error.state
            ) from error

    def _split(self, statement: Statement) -> tuple[Statement, ...]:
        """What Liquibase sends as one text can be several statements to the server."""
        if ";" not in statement.sql:
            return (statement,)
        return self.dialect.split(statement.sql, statement.span.path, statement.span.line)


def _as_committed(
    statements: tuple[Statement, ...], dialect: Dialect, *, together: bool
) -> tuple[Block, ...]:
    """A transaction where all of it is about rows; else one by one, because DDL commits what is open before it."""
    if not statements:
        return ()
    rows_only = not any(
        dialect.stands_alone(each) or dialect.controls_transaction(each) for each in statements
    )
    return (Block(statements, atomic=rows_only and (together or len(statements) == 1)),)


def _types(change: Change) -> Iterator[tuple[str, str]]:
    if change.name in ("createTable", "addColumn"):
        for each in change.columns or ():
            yield each.name.lower(), each.get("type") or ""
    if change.name == "modifyDataType" and (column := change.get("columnName")):
        yield column.lower(), change.get("newDataType") or ""
