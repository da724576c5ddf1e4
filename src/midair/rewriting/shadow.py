"""A table of the wanted shape takes another's place: copied while work goes on, kept the same by triggers, exchanged in an instant."""

from collections.abc import Iterator

from midair.dialects.postgresql.attached import Attached, AttachedConstraint
from midair.dialects.postgresql.batch_copies import Copy, copying
from midair.dialects.postgresql.standins import StandIn
from midair.dialects.postgresql.state import cut_off_index, index_is_valid
from midair.model.backfill import Backfill, KeyColumn
from midair.model.contract import Ground, Held, Need
from midair.model.effects import LockLevel
from midair.model.frozen import frozen, replace
from midair.model.plan import Phase
from midair.model.schema import Table, bare_name, beside
from midair.model.statement import Sql, Statement
from midair.rewriting.described import described
from midair.rewriting.mirror import Mirror, settled, tried
from midair.rewriting.names import raw, raw_path
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Phases
from midair.rewriting.standing import Indexed, Standing
from midair.rewriting.syncing import literal

_Locks = tuple[tuple[str, LockLevel], ...]


@frozen
class Shadow:
    """A table and the one that takes its place.

    `made` are the statements that make it, empty and with a unique index on the key; `indexes` what is built once it is
    full. `new` is its name until the exchange, `old` what the other is called from then on. `standing` is what hangs on the
    place itself, whichever table has it.
    """

    table: Table
    facts: Attached
    other: StandIn
    statement: Statement
    new: str
    old: str
    left: str
    trigger: tuple[str, str]
    key: tuple[KeyColumn, ...]
    forth: Mirror
    back: Mirror
    made: tuple[str, ...]
    indexes: tuple[Indexed, ...]
    standing: Standing
    subscribed: bool = False
    notes: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    """What takes away again what `made` made, besides the table itself."""
    keeps: bool = False
    """The old table stays for good, as its author wrote it."""
    holds: tuple[Held, ...] = ()

    def phases(self, *, takes: int, reverses: str, cost: str | None) -> Phases:
        """The recipe; `cost` is what it needs of the disk, for people."""
        name = self.table.name
        return Phases(
            expand=tuple(self._expand()),
            contract=tuple(self._contract()),
            locks=tuple(sorted({*self._neighbours(), (self.old, LockLevel.ACCESS_EXCLUSIVE)})),
            undo_first=(),
            undo=tuple(self._undo()),
            undo_after=tuple(self.standing.validations(first=False)),
            undo_locks=tuple(sorted({*self._locks, (self.old, LockLevel.ACCESS_EXCLUSIVE)})),
            undo_needs=(self._window,),
            summary=f"{name} is the new table, and {self.old} goes on holding what the old one would",
            holds=(Held(name), Held(self.old), *self.holds),
            grounds=tuple(
                Ground(each, each.relation, each.relation, sheds=True) for each in (Held(name), *self.holds)
            ),
            reverses=reverses,
            verify=self._intact,
            comes_back="the table in its old shape, by the downgrade",
            notes=(*((cost,) if cost else ()), *self._told(), *self.notes),
            takes=takes,
        )

    # --- expand

    def _expand(self) -> Iterator[Piece]:
        name = self.table.name
        only: _Locks = ((name, LockLevel.SHARE_ROW_EXCLUSIVE),)
        gone = (Sql(f"DROP TABLE IF EXISTS {self.new}"), *(Sql(each) for each in self.taken))
        for number, sql in enumerate((*self.made, *self._described())):
            yield Piece(sql, why="the new table, empty", undo=gone if number == 0 else ())
        noted = (f"CREATE TABLE {self.left} (key text NOT NULL)", f"CREATE INDEX ON {self.left} (key)")
        yield Piece(
            noted[0],
            why="keys of rows to be looked at again",
            undo=(Sql(f"DROP TABLE IF EXISTS {self.left}"),),
        )
        yield Piece(noted[1], why="keys of rows to be looked at again")
        for mirror in (self.forth, self.back):
            for sql, undo in zip(mirror.definitions(), mirror.functions_gone(), strict=True):
                yield Piece(sql, why="repeats every write in the other table", undo=(Sql(undo),))
        yield Piece(
            tried(self.forth, self.back, self.new),
            why="the functions are run on a scratch copy before they are installed",
            long=True,
        )
        made = self.forth.triggers(name, self.trigger, always=self.subscribed)
        for number, sql in enumerate(made):
            undo = (
                (Sql(f"DROP TRIGGER IF EXISTS {self.trigger[number]} ON {name}"),)
                if number < len(self.trigger)
                else ()
            )
            yield Piece(sql, locks=only, why="every write is repeated in the new table", undo=undo)
        yield self._copy()
        yield from self._builds()
        yield Piece(f"ANALYZE {self.new}", why="the planner knows the new table", long=True)
        yield Piece(
            settled(self.forth, name, _MEND, compares=True),
            why="both tables hold the same, row by row",
            long=True,
        )
        for sql in self._exchange():
            yield Piece(sql, locks=self._locks, why="the tables exchange their names", fixed=True)
        for sql in self.standing.validations(first=True):
            yield Piece(sql, again=True, why="what was there is known to be right")

    def _described(self) -> Iterator[str]:
        yield f"ALTER TABLE {self.new} OWNER TO {self.other.owner}"
        if self.other.comment:
            yield f"COMMENT ON TABLE {self.new} IS {literal(self.other.comment)}"
        kept = {name for name, _ in self.forth.columns}
        for name, facts in self.facts.columns.items():
            if name in kept:
                yield from described(self.new, name, replace(facts, grants=()))

    def _copy(self) -> Piece:
        path = raw_path(self.table.name)
        source = path if len(path) == 2 else ("public", path[0])
        names = ", ".join(name for name, _ in self.forth.columns)
        values = ", ".join(value for _, value in self.forth.columns)
        sql = f"INSERT INTO {self.new} ({names}) SELECT {values} FROM {self.table.name} AS source"
        forth = self.forth
        call = forth.row_function if forth.fails else None
        same = tuple((each, each) for each in forth.names)
        part = copying(
            Copy((source[0], source[1]), self.new, self.key, forth.columns, same, forth.unnoted, call)
        )
        action = Backfill("INSERT", self.table.name, replace(self.statement, sql=sql), (part,), strict=True)
        why = f"the rows that were there, in batches, walked by {action.walks_by}"
        return Piece(sql, why=why, phase=Phase.BACKFILL, long=True, action=action)

    def _builds(self) -> Iterator[Piece]:
        for each in self.indexes:
            if not each.late:
                continue
            path = beside(self.new, each.temporary)
            yield Piece(
                each.made,
                why=f"{raw(each.name)} for the new table",
                alone=True,
                long=True,
                patient=True,
                probe=index_is_valid(path),
                repair=cut_off_index(path, self.new),
                undo=(Sql(f"DROP INDEX CONCURRENTLY IF EXISTS {path}"),),
            )
        for sql in self.standing.statistics_made(self.new):
            yield Piece(sql, why="for the planner")

    # --- the exchange

    def _exchange(self) -> Iterator[str]:
        name = self.table.name
        yield settled(self.forth, name, _MEND, compares=False)
        yield from self.forth.gone(name, self.trigger)
        yield from self.standing.leaves(name)
        for each in self.indexes:
            yield from each.aside(name)
        yield f"ALTER TABLE {name} RENAME TO {bare_name(self.old)}"
        yield f"ALTER TABLE {self.new} RENAME TO {bare_name(name)}"
        for each in self.indexes:
            yield from each.enters(name)
        yield from self.standing.enters(name, first=True)
        yield from self.back.triggers(name, self.trigger, always=self.subscribed)

    def _undo(self) -> Iterator[str]:
        name = self.table.name
        yield settled(self.back, name, _CLOSED, compares=False)
        yield from self.back.gone(name, self.trigger)
        yield from self.standing.leaves(name, dropped=True)
        yield f"ALTER TABLE {name} RENAME TO {bare_name(self.new)}"
        yield f"ALTER TABLE {self.old} RENAME TO {bare_name(name)}"
        yield from self.standing.enters(name, first=False)
        yield f"DROP TABLE {self.new}"
        for each in self.indexes:
            yield from each.returns(name)
        yield from self.standing.statistics_return(name)
        yield f"DROP TABLE {self.left}"

    def _contract(self) -> Iterator[str]:
        yield from self.back.gone(self.table.name, self.trigger)
        if not self.keeps:
            yield f"DROP TABLE {self.old}"
        yield f"DROP TABLE {self.left}"

    def _neighbours(self) -> _Locks:
        return ((self.table.name, LockLevel.ACCESS_EXCLUSIVE),)

    @property
    def _locks(self) -> _Locks:
        names = {self.table.name, *self.standing.neighbours}
        return tuple((each, LockLevel.ACCESS_EXCLUSIVE) for each in sorted(names))

    # --- while both are there

    @property
    def _window(self) -> Need:
        return Need(
            Sql(self.back.again()),
            f"rows of {self.table.name} cannot be held by the old table: the way back is closed while they are there",
        )

    @property
    def _intact(self) -> Need:
        text = (
            "SELECT (to_regclass(%s) IS NULL)::int + 2 - (SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass(%s)"
            " AND tgname = ANY (ARRAY[%s, %s]) AND tgenabled IN ('O', 'A'))::int"
        )
        values = (self.old, self.table.name, raw(self.trigger[0]), raw(self.trigger[1]))
        return Need(Sql(text, values), f"{self.old}, or the trigger that fills it, is not as it was made")

    def _told(self) -> Iterator[str]:
        name = self.table.name
        yield f"each write to {name} is made twice until contract"
        yield (
            f"{name} is another table from the exchange on: prepared statements are planned anew, its number (oid) changes, and a"
            " transaction under REPEATABLE READ that is older than the copy misses rows when it comes to it"
        )


_CLOSED = "the old table cannot hold these rows: change or delete them, then run `midair rollback` again"
_MEND = "the application goes on undisturbed: mend these rows, then run `midair resume`"


def foreign_keys(facts: Attached, table: str) -> tuple[AttachedConstraint, ...]:
    """Those of the table, and those of others that point to it; each once."""
    own = [each for each in facts.constraints if each.kind == "f"]
    return (*own, *(each for each in facts.inbound if each.table != table))
