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
        """A statement gives values to this column, by its name of before or one that it gets on the way."""
        names = {column}
        for each in self.changes:
            if isinstance(each, c.RenameColumn) and each.table == table and each.column in names:
                names.add(each.new_name)
            if isinstance(each, c.Update) and each.table == table and names & set(each.sets):
                return True
        return any(isinstance(each, (c.Block, c.Opaque, c.Query)) for each in self.changes)

    def updates(self, table: str) -> bool:
        """A statement updates rows of this table, so that its triggers fire."""
        return any(isinstance(each, c.Update) and each.table == table for each in self.changes)

    def deletes(self, table: str) -> bool:
        """A statement removes rows of this table, or does something nobody can read."""
        return any(
            (isinstance(each, c.Delete) and each.table == table)
            or isinstance(each, (c.Truncate, c.Block, c.Opaque))
            for each in self.changes
        )

    def replaces(self, table: str) -> bool:
        """The table is dropped, and made anew under the same name with nothing put into it."""
        kinds = {type(each) for each in self.changes if getattr(each, "table", None) == table}
        return c.DropTable in kinds and c.CreateTable in kinds and c.Insert not in kinds

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
        case c.RenameTable():
            return bare_name(change.table)  # of an index too
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
    match each.thing.kind:
        case "column":
            return _column(each.thing, each.first, each.second, intent)
        case "index":
            return _index(each, before, after, intent)
        case "constraint":
            return _constraint(each, before, after, intent)
        case "sequence":
            return _sequence(each, after)
        case "grant":
            return _grant(each, after, intent)
        case "comment":
            return _comment(each, after, intent)
        case "trigger":
            return _trigger(each, after, intent)
        case "policy" | "table":
            return _row_security(each, after, intent)
        case _:
            return None


def _index(
    each: Difference, before: Inventory, after: Inventory, intent: Intent
) -> tuple[Verdict, str] | None:
    thing = each.thing
    if each.second is None and not intent.names(thing.name):
        if _columns_stay(each.first or "", each.table, before, after):
            return verdicts.INDEX_LOST, f"{thing} is gone, and its columns are still there"
    elif each.second and each.second.endswith("INVALID"):
        return verdicts.INVALID_INDEX, f"{thing} is invalid"
    return None


def _constraint(
    each: Difference, before: Inventory, after: Inventory, intent: Intent
) -> tuple[Verdict, str] | None:
    thing = each.thing
    if each.second is None and not intent.names(_own_name(thing)):
        definition = f"ALTER TABLE t ADD {each.first}"
        if not _same_constraint(each, after) and _columns_stay(definition, each.table, before, after):
            said = f"{thing} ({each.first}) is gone, and its columns are still there"
            return verdicts.CONSTRAINT_LOST, said
    elif each.second and each.second.endswith("NOT VALID") and each.first is None:
        return verdicts.CHECK_WEAKER, f"{thing} is left NOT VALID"
    return None


def _sequence(each: Difference, after: Inventory) -> tuple[Verdict, str] | None:
    if not each.second or "OWNED BY" not in (each.first or "") or "OWNED BY" in each.second:
        return None
    used = any(
        kind.kind == "column" and f"{bare_name(each.thing.name)}'" in text
        for kind, text in after.definitions.items()
    )
    return (verdicts.SEQUENCE_NOT_OWNED, f"{each.thing} belongs to no column any more") if used else None


def _grant(each: Difference, after: Inventory, intent: Intent) -> tuple[Verdict, str] | None:
    if each.second is not None and intent.says("grant_stmt"):
        return None
    gone = set((each.first or "").split(", ")) - set((each.second or "").split(", "))
    if not gone or not _object_stays(each.thing, after) or _revoked(intent):
        return None
    return verdicts.GRANT_LOST, f"{each.thing.name} was granted to {each.first}, and is not any more"


def _comment(each: Difference, after: Inventory, intent: Intent) -> tuple[Verdict, str] | None:
    if each.second is not None or intent.says("comment_stmt") or not _object_stays(each.thing, after):
        return None
    return verdicts.COMMENT_LOST, f"the comment on {each.thing.name} is gone"


def _trigger(each: Difference, after: Inventory, intent: Intent) -> tuple[Verdict, str] | None:
    if each.second is None and not intent.names(_own_name(each.thing)):
        if Thing("table", each.table or "") in after.definitions:
            return verdicts.TRIGGER_LOST, f"{each.thing} is gone"
    elif each.first and each.second and each.second.endswith("DISABLED"):
        return verdicts.TRIGGER_LOST, f"{each.thing} is left disabled"
    return None


def _row_security(each: Difference, after: Inventory, intent: Intent) -> tuple[Verdict, str] | None:
    thing, on = each.thing, "ROW LEVEL SECURITY"
    if thing.kind == "table":
        if each.second is not None and on in (each.first or "") and on not in each.second:
            return verdicts.POLICY_LOST, f"{thing} has no row security any more"
        return None
    stays = Thing("table", each.table or "") in after.definitions
    lost = each.second is None and stays and not intent.names(_own_name(thing))
    return (verdicts.POLICY_LOST, f"{thing} is gone") if lost else None


def _column(
    thing: Thing, first: str | None, second: str | None, intent: Intent
) -> tuple[Verdict, str] | None:
    if not first or not second:
        return None
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
    if kind == "materialized":
        kind, name = "materialized view", name.removeprefix("view ")
    kinds = ("table", "foreign table") if kind == "table" else (kind,)
    return any(Thing(each, name) in after.definitions for each in kinds)


def _revoked(intent: Intent) -> bool:
    return any(
        kind == "grant_stmt" and not tree.is_grant
        for kind, tree in (statement_of(each.sql) for each in intent.statements)
    )


def _own_name(thing: Thing) -> str:
    return bare_name(thing.name)
