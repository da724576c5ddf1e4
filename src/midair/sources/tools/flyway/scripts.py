"""Migrations as statements: placeholders, splitting, transactions, callbacks (flyway.md §4.3, §5.9, §5.10, §7)."""

from collections.abc import Iterable, Iterator, Sequence

from midair.dialects.dialect import Dialect, dialect_of
from midair.errors import BadMigration, Irreversible, Unsupported
from midair.model.address import Product
from midair.model.frozen import frozen
from midair.model.migration import Block, Direction, Migration, Script
from midair.model.statement import Span, Statement, quoted
from midair.sources.source import Options, Project, Scratch, Scripts, Work
from midair.sources.tools.flyway import builtin
from midair.sources.tools.flyway.blocks import in_blocks
from midair.sources.tools.flyway.checksum import decode
from midair.sources.tools.flyway.local import FlywayProject, LocalFile, flyway_project
from midair.sources.tools.flyway.placeholders import replaced
from midair.sources.tools.flyway.session_state import restored


def scripts(project: Project, work: Work, scratch: Scratch, options: Options) -> Scripts:
    """The statements of each migration of the work, callbacks and search path included.

    Raises:
        Unsupported: a migration is a program; the message names it and the ways on.
        BadMigration: a file cannot be split, a placeholder has no value, or it mixes what can and cannot be in a transaction.
        Irreversible: there is no undo file.
    """
    del scratch, options  # everything is in the files
    writing = _Writing(
        flyway_project(project), dialect_of(work.product, condensed=work.condensed), work.direction
    )
    by_revision = {migration.revision: writing.migration(migration) for migration in work.migrations}
    first = next((migration.revision for migration in work.migrations if migration.repeatable), None)
    between = Script() if work.direction is Direction.DOWN else writing.around("afterVersioned")
    if first is not None:
        # What stands between the two halves of a run belongs to the first repeatable's beginning.
        before = (*between.blocks, *writing.around("beforeRepeatables").blocks)
        by_revision[first] = Script((*before, *by_revision[first].blocks))
        between = Script()
    return Scripts(by_revision, writing.prologue(), writing.epilogue(between, applied=bool(work.migrations)))


@frozen
class _Writing:
    project: FlywayProject
    dialect: Dialect
    direction: Direction

    def prologue(self) -> Script:
        if self.direction is Direction.DOWN:
            return self.around("beforeUndo")
        validation = ("beforeValidate", "afterValidate") if self.project.flyway.validate_on_migrate else ()
        return self.around(*validation, "createSchema", "beforeCreateSchema", "beforeMigrate")

    def epilogue(self, between: Script, *, applied: bool) -> Script:
        if self.direction is Direction.DOWN:
            return self.around("afterUndo")
        last = self.around(*(("afterMigrateApplied",) if applied else ()), "afterMigrate")
        return Script((*between.blocks, *last.blocks))

    def around(self, *events: str) -> Script:
        """The callbacks of these events, each file in a transaction of its own."""
        files = [file for event in events for file in self.project.callbacks if file.description == event]
        return Script(tuple(block for file in files for block in self._blocks(file, (), (), ())))

    def migration(self, migration: Migration) -> Script:
        file = self.project.files[migration.revision]
        if self.project.flyway.skip_executing_migrations:
            return Script()
        if self.direction is Direction.DOWN:
            file = self._undo_of(file)
        _refuse_program(file)
        word = "Undo" if self.direction is Direction.DOWN else "Migrate"
        before = self._each(f"beforeEach{word}")
        after = self._each(f"afterEach{word}")
        around_each = (self._each(f"beforeEach{word}Statement"), self._each(f"afterEach{word}Statement"))
        return Script(tuple(self._blocks(file, before, after, around_each)))

    def _undo_of(self, file: LocalFile) -> LocalFile:
        undo = self.project.undos.get(file.version) if file.version is not None else None
        if undo is None:
            raise Irreversible(
                f"{file.shown} has no undo file",
                hint=f"write {self.project.flyway.undo_sql_migration_prefix}{file.version_text}__….sql beside it",
            )
        return undo

    def _each(self, event: str) -> tuple[Statement, ...]:
        files = (file for file in self.project.callbacks if file.description == event)
        return tuple(statement for file in files for statement in self._statements(file))

    def _blocks(
        self,
        file: LocalFile,
        before: Sequence[Statement],
        after: Sequence[Statement],
        around_each: Sequence[Sequence[Statement]],
    ) -> Iterator[Block]:
        own = self._statements(file)
        atomic = self._is_atomic(file, own)
        body = own if not any(around_each) else tuple(_interleaved(own, *around_each))
        statements = (*before, *body, *after)
        if statements:
            path = self._search_path(file, atomic=atomic)
            # set for its transaction only, the path needs no restoring; without one it does
            state = restored(statements if atomic else (*path, *statements), self.dialect.product)
            yield from in_blocks((*path, *statements, *state), self.dialect, atomic=atomic)

    def _statements(self, file: LocalFile) -> tuple[Statement, ...]:
        project, settings = self.project, self.project.flyway
        detect = settings.detect_encoding and file.own.encoding is None
        text = decode(
            file.path, file.own.encoding or settings.encoding, detect=detect, shown=file.shown
        ).removeprefix("\ufeff")
        wanted = (
            settings.placeholder_replacement
            if file.own.placeholder_replacement is None
            else file.own.placeholder_replacement
        )
        if wanted:
            known = builtin.placeholders(settings, project.address, self.dialect.product, project.started)
            text = replaced(text, known.having({"flyway:filename": file.path.name}), file.shown)
        return self.dialect.split(text, file.shown, 1)

    def _is_atomic(self, file: LocalFile, statements: Iterable[Statement]) -> bool:
        settings = self.project.flyway
        asked = (
            settings.execute_in_transaction
            if file.own.execute_in_transaction is None
            else file.own.execute_in_transaction
        )
        if not asked:
            return False
        counted = [each for each in statements if not self.dialect.controls_transaction(each)]
        alone = [each for each in counted if self.dialect.stands_alone(each)]
        if not alone:
            return True
        if len(alone) < len(counted) and not settings.mixed:
            with_others = next(each for each in counted if each not in alone)
            raise BadMigration(
                f"{alone[0].span} Detected both transactional and non-transactional statements within the same migration"
                f" (even though mixed is false): the other kind is at line {with_others.span.line}",
                hint=f"move it to a file of its own, or write executeInTransaction=false into {file.path.name}.conf",
            )
        return False

    def _search_path(self, file: LocalFile, *, atomic: bool) -> tuple[Statement, ...]:
        """Flyway puts the configured default schema first; without one, the connection's own is first already."""
        schema = self.project.flyway.configured_schema
        if schema is None or self.dialect.product is not Product.POSTGRESQL:
            return ()
        name = quoted(schema).replace("'", "''")
        local = "true" if atomic else "false"
        text = f"SELECT set_config('search_path', concat_ws(',', '{name}', nullif(current_setting('search_path'), '')), {local})"
        return (Statement(text, Span(file.shown, 1)),)


def _interleaved(
    statements: Iterable[Statement], before: Sequence[Statement], after: Sequence[Statement]
) -> Iterator[Statement]:
    for statement in statements:
        yield from before
        yield statement
        yield from after


def _refuse_program(file: LocalFile) -> None:
    if file.type == "JDBC":
        raise Unsupported(
            f"{file.shown} is a Java migration ({file.script}), which midair does not run",
            state="nothing was changed",
            hint="stop before it with `midair apply <the version before>`, let Flyway run it, then go on with midair",
        )
    if file.type == "SCRIPT":
        raise Unsupported(
            f"{file.shown} is a program, which midair does not run",
            state="nothing was changed",
            hint="stop before it with `midair apply <the version before>`, let Flyway run it, then go on with midair",
        )
