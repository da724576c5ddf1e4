"""A second column for a table's column: filled, kept in step, given all that hangs on the first, and exchanged with it."""

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.attached import AttachedColumn
from midair.dialects.postgresql.batches import batched, filled
from midair.dialects.postgresql.conversions import base_of
from midair.dialects.postgresql.facts import SINCE
from midair.dialects.postgresql.state import cut_off_index, index_is_valid
from midair.model.change import AddColumn, AlterColumnType, Column, Default
from midair.model.contract import Held, Need
from midair.model.effects import LockLevel
from midair.model.frozen import frozen, replace
from midair.model.plan import Phase
from midair.model.schema import Table, bare_name, beside
from midair.model.statement import Sql
from midair.rewriting.carried import WAY, Carried
from midair.rewriting.costs import told
from midair.rewriting.described import described
from midair.rewriting.exchange import Exchange
from midair.rewriting.names import raw, temporary
from midair.rewriting.piece import Piece
from midair.rewriting.prepared import written
from midair.rewriting.recipe import NoWay
from midair.rewriting.rewrite import Case
from midair.rewriting.syncing import (
    SAMPLES,
    SCRATCH,
    Sync,
    misfits,
    refusal,
    trial,
)

COUNTED = {"int2": "smallint", "int4": "integer", "int8": "bigint"}
_Locks = tuple[tuple[str, LockLevel], ...]


@frozen
class Twin:
    """A column and the one that takes its place. `up` and `down` fill the one from the other, `index` is the name of
    the one that finds rows without a value, and `added` the statement that makes the new column. `default` is what the
    column has afterwards; `resets`: the old default is gone before the type is changed.
    """

    table: Table
    column: Column
    facts: AttachedColumn
    subscribed: bool
    change: AlterColumnType
    new: str
    old: str
    added: str
    trigger: str
    up: Sync
    down: Sync
    carried: tuple[Carried, ...]
    case: Case
    default: Default | None
    resets: bool

    def prepared(self) -> tuple[Piece, ...] | NoWay:
        """Everything up to the exchange; `NoWay` where the rows cannot be filled in batches."""
        fill = self._fill()
        return fill if isinstance(fill, NoWay) else (*self._begins(), fill, *self._proves(), *self._carries())

    @property
    def contract(self) -> tuple[str, ...]:
        """The old column goes, with what filled it."""
        return (*self._ends(self.down), f"ALTER TABLE {self.table.name} DROP COLUMN {self.old}")

    @property
    def undo(self) -> tuple[str, ...]:
        """The exchange backwards."""
        return self._exchange(self.old, None).statements(self._ends(self.down))

    @property
    def holds(self) -> tuple[Held, ...]:
        """The column, and the foreign keys that were made anew on other tables."""
        others = (Held(each.table, each.name) for each in self.carried if each.table != self.table.name)
        return (Held(self.table.name, self.column.name), *others)

    @property
    def summary(self) -> str:
        """For `status`."""
        column = f"{self.table.name}.{self.column.name}"
        return f"{column} is {self.change.type}, and {self.old} keeps it as {self.column.type}"

    # --- expand

    def _begins(self) -> tuple[Piece, ...]:
        name = self.table.name
        only: _Locks = ((name, LockLevel.ACCESS_EXCLUSIVE),)
        made = [self.added, *described(name, self.new, self.facts), self.up.trigger(self.trigger, name)]
        if self.subscribed:
            made.append(f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {self.trigger}")
        return (
            Piece(self.up.definition(), why="fills the new column from the old one"),
            Piece(
                self.down.definition(),
                why="fills the old column from the new one, once they have changed places",
            ),
            Piece(
                self._trial(),
                why="both functions are run on a scratch copy before they are installed",
                long=True,
            ),
            *(Piece(sql, locks=only, why="every write fills the new column too") for sql in made),
        )

    def _fill(self) -> Piece | NoWay:
        scene = self.case.scene.after((AddColumn(self.table.name, Column(self.new, self.change.type)),))
        if self.change.using is not None:
            wanted = f"UPDATE {self.table.name} SET {self.new} = {self.change.using} WHERE {self.new} IS NULL"
            tried = batched(replace(self.case.statement, sql=wanted), scene.schema, scene.version)
            if isinstance(tried, str):
                return NoWay(f"its USING expression cannot be computed row by row: {tried}", WAY)
        sql = f"UPDATE {self.table.name} SET {self.new} = {self.new} WHERE {self._unfilled()}"
        statement = replace(self.case.statement, sql=sql)
        made = filled(statement, scene.schema, scene.version, strict=not self.up.fails)
        if isinstance(made, str):
            return NoWay(f"the rows of {self.table.name} cannot be filled in batches: {made}", WAY)
        why = f"the rows that were there: the trigger fills them, in batches, walked by {made.walks_by}"
        return Piece(sql, why=why, phase=Phase.BACKFILL, long=True, action=made)

    def _unfilled(self) -> str:
        """The rows that have no value yet, or cannot have one."""
        if self.change.using is not None and not self.change.plain_cast:
            return f"{self.new} IS NULL"
        return f"{self.new} IS NULL AND {self.column.name} IS NOT NULL"

    def _proves(self) -> tuple[Piece, ...]:
        """What a conversion that may fail needs: the rows it failed for, found at once and under the lock."""
        if not self.up.fails:
            return ()
        index = beside(self.table.name, self._index)
        build = f"CREATE INDEX CONCURRENTLY {self._index} ON {self.table.name} ((1)) WHERE {self._unfilled()}"
        return (
            Piece(
                build,
                why="finds the rows without a value, then and under the lock",
                alone=True,
                long=True,
                patient=True,
                probe=index_is_valid(index),
                repair=cut_off_index(index, self.table.name),
                undo=(Sql(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"),),
            ),
            Piece(self._misfits(), why="every value has one of the new type", long=True),
        )

    @property
    def _index(self) -> str:
        return temporary("un", self.table.name, self.column.name)

    def _misfits(self) -> str:
        key = self.table.primary_key
        text = f"% rows of {self.table.name} have a {self.column.name} that is no {self.change.type}, the first is %"
        hint = "the application goes on undisturbed: mend these rows, then run `midair resume`"
        check = f"({self._expression()}) IS NOT NULL" if self.change.using is not None else "true"
        return misfits(self.table.name, self._unfilled(), check, key.columns if key else (), text, hint)

    def _expression(self) -> str:
        return self.up.value.replace("NEW.", "new.")

    def _carries(self) -> tuple[Piece, ...]:
        required = (
            (Piece(self._required(self.new), again=True, why="every row has a value"),)
            if self.column.not_null
            else ()
        )
        made = tuple(
            Piece(each.made, again=each.valid, why=f"{raw(each.name)} for the new column")
            for each in self.carried
        )
        looked = Piece(
            f"ANALYZE {self.table.name} ({self.new})", why="the planner knows the new column", long=True
        )
        return (*required, *made, looked)

    def _required(self, column: str) -> str:
        if self.case.scene.version >= SINCE["not null constraint"]:
            return f"ALTER TABLE {self.table.name} ADD CONSTRAINT {self._not_null} NOT NULL {column}"
        return f"ALTER TABLE {self.table.name} ALTER COLUMN {column} SET NOT NULL"

    @property
    def _not_null(self) -> str:
        return temporary("nn", self.table.name, self.column.name)

    def exchanged(self) -> tuple[str, ...]:
        """The exchange, for one transaction under `locks`."""
        turned = [*self._ends(self.up), self.down.trigger(self.trigger, self.table.name)]
        if self.subscribed:
            turned.append(f"ALTER TABLE {self.table.name} ENABLE ALWAYS TRIGGER {self.trigger}")
        # The trigger that is made first names columns as they will be: it fires only once they are.
        return self._exchange(self.new, self.old).statements(turned)

    @property
    def last_look(self) -> tuple[str, ...]:
        """Under the lock, before the exchange: no value was written meanwhile that the new type does not take."""
        if not self.up.fails:
            return ()
        return (self._misfits(), f"DROP INDEX {beside(self.table.name, self._index)}")

    def _exchange(self, comes: str, aside: str | None) -> Exchange:
        kind = COUNTED.get(self.change.type.name if aside else self.column.type.name)
        facts = self.facts
        if facts.sequence is not None and aside is None and kind is not None:
            now = COUNTED.get(self.change.type.name, kind)
            facts = replace(facts, sequence=replace(facts.sequence, kind=now))
        native = self.case.scene.version >= SINCE["not null constraint"] and self.column.not_null
        names = (facts.not_null, self._not_null) if native and facts.not_null else None
        enters = self.column if aside is None else replace(self.column, default=self.default)
        had = self.column.default is not None
        return Exchange(self.table.name, enters, facts, comes, aside, self.carried, kind, names, had)

    def _ends(self, sync: Sync) -> tuple[str, str]:
        return f"DROP TRIGGER {self.trigger} ON {self.table.name}", f"DROP FUNCTION {sync.function}()"

    @property
    def locks(self) -> _Locks:
        """What the exchange locks: the table, and those that refer to it or that it refers to."""
        tables = {self.table.name, *(name for each in self.carried for name in each.tables)}
        return tuple((name, LockLevel.ACCESS_EXCLUSIVE) for name in sorted(tables))

    # --- the way back

    @property
    def before_undo(self) -> tuple[str, ...]:
        """Naive statements that make what the old column lost."""
        required = (self._required(self.old),) if self.column.not_null else ()
        return (*required, *(each.again for each in self.carried if each.builds_back))

    @property
    def window(self) -> Need:
        """Nothing was written that the old type cannot hold."""
        name, column = self.table.name, self.column.name
        # A later statement may have let NULL in.
        lost = f"{self.old} IS NULL" + ("" if self.column.not_null else f" AND {column} IS NOT NULL")
        closed = f"{name}.{column} holds values that are no {self.column.type}, written since: the way back is closed while they are there"
        return Need(
            Sql(f"SELECT count(*) FROM {name} WHERE {lost}"),
            closed + ("; NULL is none either" if self.column.not_null else ""),
        )

    @property
    def intact(self) -> Need:
        """The old column and its trigger are there."""
        text = (
            "SELECT 2 - (SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s AND NOT attisdropped)::int"
            " - (SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = %s AND tgenabled IN ('O', 'A'))::int"
        )
        values = (self.table.name, raw(self.old), self.table.name, raw(self.trigger))
        return Need(
            Sql(text, values),
            f"{self.table.name}.{self.old}, or the trigger that fills it, is not as it was made",
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of the plan should know."""
        column = f"{self.table.name}.{self.column.name}"
        notes = [
            f"{column} stands last in the table from then on: SELECT *, COPY and INSERT without column names see another order;"
            " statements prepared before that read it, and SELECT * at contract once more, fail until they are prepared again"
            + written(self.column.type, self.change.type)
        ]
        cost = told(self.case.scene, self.table.name, whole=False)
        notes += [cost] if cost else []
        if self.down.value == "NULL":
            notes.append(
                f"nobody said how {column} becomes {self.column.type} again: the first value written after ready closes the way back"
            )
        stars = self.case.scene.usage(self.table.name).stars
        if stars:
            notes.append(f"seen to read every column of {self.table.name}: {stars[0]}")
        if self.case.scene.usages is None:
            notes.append(
                f"nobody can tell how the application speaks of {self.table.name}: pg_stat_statements is not installed, or not for this role"
            )
        if any(each.kind in ("key", "unique index") for each in self.carried):
            notes.append(
                f"upserts of {self.table.name} may meet duplicate-key errors between the build of the new unique index and the exchange"
            )
        return tuple(notes)

    # --- the trial

    def _trial(self) -> str:
        """Each branch of both functions: rows of the table's own, NULL, omitted, the ends of the types, changed and unchanged."""
        column, new, old = self.column.name, self.new, self.old
        steps = [
            _on_scratch(self.added),
            self.up.trigger("forth", SCRATCH),
            f"UPDATE {SCRATCH} SET {new} = NULL",
        ]
        if not self.up.fails:
            missing = f"EXISTS (SELECT FROM {SCRATCH} WHERE {column} IS NOT NULL AND {new} IS NULL)"
            steps.append(
                refusal(
                    missing,
                    f"the trigger gives {column} no value of the new type",
                    "this is midair's own check: nothing was installed",
                )
            )
        may_be_null = not base_of(self.column.type, self.case.scene.schema)[1]
        if may_be_null:
            steps += [f"INSERT INTO {SCRATCH} DEFAULT VALUES", *_inserts(column, self.column.type.name)]
            steps.append(f"UPDATE {SCRATCH} SET {column} = NULL WHERE {column} IS NULL")
        steps += [
            f"DROP TRIGGER forth ON {SCRATCH}",
            f"ALTER TABLE {SCRATCH} RENAME COLUMN {column} TO {old}",
            f"ALTER TABLE {SCRATCH} RENAME COLUMN {new} TO {column}",
            self.down.trigger("back", SCRATCH),
            f"UPDATE {SCRATCH} SET {old} = {old}",
            f"INSERT INTO {SCRATCH} SELECT * FROM {SCRATCH}",
            *_inserts(column, self.change.type.name),
        ]
        if may_be_null:
            steps.append(f"UPDATE {SCRATCH} SET {column} = NULL")
        steps += [
            f"DELETE FROM {SCRATCH}",
            f"ALTER TABLE {SCRATCH} DROP COLUMN {column}",
            f"ALTER TABLE {SCRATCH} RENAME COLUMN {old} TO {column}",
            *self._as_written(),
        ]
        return trial(self.table.name, steps)

    def _as_written(self) -> list[str]:
        """The author's own statement, and the default beside it, on no row: what the server refuses it refuses now."""
        written = _on_scratch(self.case.sql)
        if f"{bare_name(self.table.name)}." in (self.change.using or ""):
            return []  # it says the table's own name
        default = None if self.resets else self.column.default
        set_default = (
            f"ALTER TABLE {SCRATCH} ALTER COLUMN {self.column.name} SET DEFAULT {default.sql}"
            if default
            else ""
        )
        return [each for each in (f"DROP TRIGGER back ON {SCRATCH}", set_default, written) if each]


def _on_scratch(sql: str) -> str:
    return compose.on_table(sql, (SCRATCH,)) or sql


def _inserts(column: str, kind: str) -> list[str]:
    return [f"INSERT INTO {SCRATCH} ({column}) VALUES ({each})" for each in SAMPLES.get(kind, ())]
