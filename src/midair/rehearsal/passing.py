"""What a migration lost in passing: things that went or weakened although no statement says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.parse import statement_of
from midair.model import change as c
from midair.model.change import Change
from midair.model.inventory import Difference, Inventory, Thing, differences
from midair.model.schema import bare_name
from midair.model.statement import Statement
from midair.rehearsal import verdicts
from midair.rehearsal.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Intent:
    """What the statements of a migration say outright."""

    statements: tuple[Statement, ...]
    changes: tuple[Change, ...]

    def names(self, name: str) -> bool:
        """A statement drops, renames or changes something of this name."""
        bare = bare_name(name)
        return any(_named(each) == bare for each in self.changes)

    def says(self, kind: str) -> bool:
        """A statement of this kind (`grant_stmt`) is among them."""
        return any(statement_of(each.sql)[0] == kind for each in self.statements)

    def sets(self, table: str, column: str) -> bool:
        """A statement gives values to this column."""
        return any(
            isinstance(each, c.Update) and each.table == table and column in each.sets
            for each in self.changes
        ) or any(isinstance(each, (c.Block, c.Opaque, c.Query)) for each in self.changes)

    def deletes(self, table: str) -> bool:
        """A statement removes rows of this table, or does something nobody can read."""
        return any(
            (isinstance(each, c.Delete) and each.table == table)
            or isinstance(each, (c.Truncate, c.Block, c.Opaque))
            for each in self.changes
        )

    @property
    def moves_data(self) -> bool:
        """It copies values somewhere."""
        return any(isinstance(each, (c.Update, c.Insert)) for each in self.changes) or any(
            statement_of(each.sql)[0] == "create_table_as_stmt" for each in self.statements
        )


def intent_of(statements: Sequence[Statement]) -> Intent:
    """What these statements say."""
    return Intent(tuple(statements), tuple(change for each in statements for change in changes_of(each.sql)))


def _named(change: Change) -> str | None:
    match change:
        case c.DropConstraint() | c.RenameConstraint() | c.DropIndex() | c.ChangePart() | c.RenameObject():
            return bare_name(str(getattr(change, "name", "") or getattr(change, "index", "")))
        case c.DropObject():
            return bare_name(change.name)
        case _:
            return None


def lost_in_passing(
    before: Inventory, after: Inventory, intent: Intent
) -> Iterator[tuple[Verdict, str, str | None]]:
    """Each loss as verdict, sentence and table."""
    for each in differences(before, after):
        told = _judged(each, before, after, intent)
        if told is not None:
            yield (*told, each.table)


def _judged(
    each: Difference, before: Inventory, after: Inventory, intent: Intent
) -> tuple[Verdict, str] | None:
    thing = each.thing
    match thing.kind:
        case "column" if each.first and each.second:
            return _column(thing, each.first, each.second, intent)
        case "index" if each.second is None and not intent.names(thing.name):
            kept = _columns_stay(each.first or "", each.table, before, after)
            return (
                (verdicts.INDEX_LOST, f"{thing} is gone, and its columns are still there") if kept else None
            )
        case "index" if each.second and each.second.endswith("INVALID"):
            return verdicts.INVALID_INDEX, f"{thing} is invalid"
        case "constraint" if each.second is None and not intent.names(_own_name(thing)):
            if _same_constraint(each, after):
                return None
            kept = _columns_stay(f"ALTER TABLE t ADD {each.first}", each.table, before, after)
            return (
                (verdicts.CONSTRAINT_LOST, f"{thing} ({each.first}) is gone, and its columns are still there")
                if kept
                else None
            )
        case "constraint" if each.second and each.second.endswith("NOT VALID") and each.first is None:
            return verdicts.CHECK_WEAKER, f"{thing} is left NOT VALID"
        case "sequence" if each.second and "OWNED BY" in (each.first or "") and "OWNED BY" not in each.second:
            used = any(
                kind.kind == "column" and f"{bare_name(thing.name)}'" in text
                for kind, text in after.definitions.items()
            )
            return (verdicts.SEQUENCE_NOT_OWNED, f"{thing} belongs to no column any more") if used else None
        case "grant" if not intent.says("grant_stmt") or each.second is None:
            if (
                _object_stays(thing, after)
                and set((each.first or "").split(", ")) - set((each.second or "").split(", "))
                and not _revoked(intent)
            ):
                return verdicts.GRANT_LOST, f"{thing.name} was granted to {each.first}, and is not any more"
        case "comment" if (
            each.second is None and not intent.says("comment_stmt") and _object_stays(thing, after)
        ):
            return verdicts.COMMENT_LOST, f"the comment on {thing.name} is gone"
        case "trigger" if each.second is None and not intent.names(_own_name(thing)):
            if Thing("table", each.table or "") in after.definitions:
                return verdicts.TRIGGER_LOST, f"{thing} is gone"
        case "trigger" if each.first and each.second and each.second.endswith("DISABLED"):
            return verdicts.TRIGGER_LOST, f"{thing} is left disabled"
        case "policy" if each.second is None and not intent.names(_own_name(thing)):
            if Thing("table", each.table or "") in after.definitions:
                return verdicts.POLICY_LOST, f"{thing} is gone"
        case "table" if (
            "ROW LEVEL SECURITY" in (each.first or "")
            and each.second is not None
            and "ROW LEVEL SECURITY" not in each.second
        ):
            return verdicts.POLICY_LOST, f"{thing} has no row security any more"
        case _:
            pass
    return None


def _column(thing: Thing, first: str, second: str, intent: Intent) -> tuple[Verdict, str] | None:
    column = bare_name(thing.name)
    retyped = (
        first.split(" DEFAULT ")[0].split(" NOT NULL")[0]
        != second.split(" DEFAULT ")[0].split(" NOT NULL")[0]
    )
    meant = any(isinstance(each, c.DropDefault) and each.column == column for each in intent.changes)
    if (
        " DEFAULT " in first
        and not any(word in second for word in (" DEFAULT ", "IDENTITY", "GENERATED"))
        and (retyped or not meant)
    ):
        return verdicts.DEFAULT_LOST, f"{thing} had the default {first.split(' DEFAULT ')[1]} and has none"
    loosened = any(
        (isinstance(each, c.DropNotNull) and each.column == column) or isinstance(each, c.DropConstraint)
        for each in intent.changes
    )
    if "NOT NULL" in first and "NOT NULL" not in second and not loosened:
        return verdicts.NOT_NULL_LOST, f"{thing} was NOT NULL and is not any more"
    return None


def _columns_stay(sql: str, table: str | None, before: Inventory, after: Inventory) -> bool:
    """Every column of the object's definition is still in its table."""
    if table is None or Thing("table", table) not in after.definitions:
        return False
    made = changes_of(sql)
    columns = [
        name
        for each in made
        for name in (
            each.index.columns
            if isinstance(each, c.CreateIndex)
            else each.constraint.columns
            if isinstance(each, c.AddConstraint)
            else ()
        )
    ]
    return bool(columns) and all(Thing("column", f"{table}.{name}") in after.definitions for name in columns)


def _same_constraint(gone: Difference, after: Inventory) -> bool:
    """The same rule is there under another name."""
    return any(
        thing.kind == "constraint" and text == gone.first and after.tables.get(thing) == gone.table
        for thing, text in after.definitions.items()
    )


def _object_stays(thing: Thing, after: Inventory) -> bool:
    kind, _, name = thing.name.partition(" ")
    kinds = ("table", "view", "materialized view", "sequence", "index") if kind == "table" else (kind,)
    return any(Thing(each, name) in after.definitions for each in kinds)


def _revoked(intent: Intent) -> bool:
    return any(
        kind == "grant_stmt" and not tree.is_grant
        for kind, tree in (statement_of(each.sql) for each in intent.statements)
    )


def _own_name(thing: Thing) -> str:
    return bare_name(thing.name)
