"""What takes a statement back that changed a table, under the names that the table and its columns have by then."""

from collections.abc import Mapping

from midair.dialects.postgresql.attached import AttachedColumn
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import literal
from midair.model.change import (
    AddColumn,
    AddConstraint,
    Change,
    ChangeServer,
    ChangeTable,
    Column,
    ConstraintKind,
    CreateIndex,
    CreateTrigger,
    CreateView,
    DropDefault,
    RenameColumn,
    RenameConstraint,
    RenameTable,
    SetDefault,
    SetNotNull,
    SetSetting,
    Transaction,
    ValidateConstraint,
)
from midair.model.frozen import frozen
from midair.model.motion.naming import free_name, with_free_name
from midair.model.schema import bare_name, beside
from midair.model.statement import Statement
from midair.rewriting.names import raw
from midair.rewriting.scene import Scene


@frozen
class Named:
    """A table, `said` by the statement, as the way back finds it: `table`. `known` is its name in the catalog as it was read, `columns`
    are names that differ by then, `before` those that the catalog has.
    """

    said: str
    table: str
    known: str
    columns: Mapping[str, str]
    before: Mapping[str, str]

    def column(self, name: str) -> str:
        """The column's name by then."""
        return self.columns.get(name, name)


def undone(statement: Statement, scene: Scene, names: Named, since: Scene) -> tuple[str, ...] | None:
    """The statements that undo it, newest first, each harmless where it is done already; `None` where nobody can tell.
    Nor does anybody but its author say that a new table goes, with the rows that it has by then.

    `since` is the scene before the first statement that is undone along with it: what was made since then goes anyway.
    """
    made: list[str] = []
    for change in changes_of(statement.sql):
        if not _goes_anyway(change, scene, since):
            back = undone_change(change, scene, names if as_is(change).said == names.said else as_is(change))
            if back is None:
                return None
            made[:0] = back
        scene = scene.after((change,))
    return tuple(made)


def as_is(change: Change) -> Named:
    """The names that the statement itself says."""
    relations = change.relations if isinstance(change, ChangeServer) else (getattr(change, "table", ""),)
    name = relations[0] if relations else ""
    return Named(name, name, name, {}, {})


def undone_change(change: Change, scene: Scene, names: Named) -> tuple[str, ...] | None:
    """As `undone`, for one change by itself."""
    alter = f"ALTER TABLE {names.table}"
    match change:
        case CreateIndex(table=table, index=index, if_not_exists=False):
            free = (
                index.name
                if change.named
                else beside(table, free_name(scene.schema, table, bare_name(index.name)))
            )
            return (f"DROP INDEX IF EXISTS {free}",)
        case AddColumn(column=column, if_not_exists=False):
            return (f"{alter} DROP COLUMN IF EXISTS {column.name}",)
        case SetSetting() | Transaction():
            return ()
        case CreateView(view=view, replace=False, if_not_exists=False, materialized=kept):
            return (f"DROP {'MATERIALIZED ' if kept else ''}VIEW IF EXISTS {view}",)
        case RenameColumn(column=old, new_name=new):
            return (_renamed_back(names.table, old, new),)
        case RenameConstraint(name=old, new_name=new):
            return (_constraint_renamed_back(names.table, old, new),)
        case RenameTable(table=old, new_name=new, kind="index" | "sequence" as kind):
            return (f"ALTER {kind.upper()} IF EXISTS {beside(old, new)} RENAME TO {bare_name(old)}",)
        case ValidateConstraint():
            return ()
        case CreateTrigger(name=name, replace=False):
            return (f"DROP TRIGGER IF EXISTS {name} ON {names.table}",)
        case AddConstraint():
            return _without_constraint(change, scene, names)
        case SetNotNull(table=table, column=name):
            found = _column(scene, table, name)
            if found is None:
                return None
            return () if found.not_null else (f"{alter} ALTER COLUMN {names.column(name)} DROP NOT NULL",)
        case SetDefault(table=table, column=name) | DropDefault(table=table, column=name):
            found = _column(scene, table, name)
            if found is None or found.serial or found.identity:
                return None
            default = found.default
            action = "DROP DEFAULT" if default is None or default.null else f"SET DEFAULT {default.sql}"
            return (f"{alter} ALTER COLUMN {names.column(name)} {action}",)
        case ChangeServer(action="comment", subject=name):
            return _said_before(name, scene, names)
        case ChangeTable(action="set statistics", subject=str(name)):
            facts = _facts(name, scene, names)
            if facts is None:
                return None
            target = -1 if facts.target is None else facts.target
            return (f"{alter} ALTER COLUMN {names.column(name)} SET STATISTICS {target}",)
        case _:
            return None


def _renamed_back(table: str, old: str, new: str) -> str:
    """Harmless where the column has its name again."""
    there = f"SELECT FROM pg_attribute WHERE attrelid = to_regclass({literal(table)}) AND attname = {literal(raw(new))} AND NOT attisdropped"
    return f"DO $midair$ BEGIN IF EXISTS ({there}) THEN ALTER TABLE {table} RENAME COLUMN {new} TO {old}; END IF; END $midair$"


def _constraint_renamed_back(table: str, old: str, new: str) -> str:
    there = f"SELECT FROM pg_constraint WHERE conrelid = to_regclass({literal(table)}) AND conname = {literal(raw(new))}"
    return f"DO $midair$ BEGIN IF EXISTS ({there}) THEN ALTER TABLE {table} RENAME CONSTRAINT {new} TO {old}; END IF; END $midair$"


def _goes_anyway(change: Change, scene: Scene, since: Scene) -> bool:
    """It is about a table, or a column, that was made since then."""
    table, columns = as_is(change).said, scene.fresh - since.fresh
    match change:
        case SetNotNull(column=name) | SetDefault(column=name):
            fresh = (table, name) in columns
        case (
            ChangeTable(action="set statistics", subject=name) | ChangeServer(action="comment", subject=name)
        ):
            fresh = (table, name) in columns
        case _:
            fresh = False
    return fresh or table in scene.born - since.born


def _without_constraint(change: AddConstraint, scene: Scene, names: Named) -> tuple[str, ...] | None:
    made = change.constraint
    if made.using_index is not None:
        return None  # the index would go too
    constraint, _ = with_free_name(scene.schema, change.table, made, change.index)
    dropped = f"ALTER TABLE {names.table} DROP CONSTRAINT IF EXISTS {bare_name(constraint.name)}"
    if made.kind is not ConstraintKind.PRIMARY_KEY:
        return (dropped,)
    columns = [_column(scene, change.table, each) for each in made.columns]
    may_be_null = [names.column(each.name) for each in columns if each is not None and not each.not_null]
    return (
        dropped,
        *(f"ALTER TABLE {names.table} ALTER COLUMN {each} DROP NOT NULL" for each in may_be_null),
    )


def _said_before(column: str | None, scene: Scene, names: Named) -> tuple[str, ...] | None:
    """The comment that the table, or its column, had."""
    if column is None:
        bridging = scene.bridging.get(names.known)
        what, said = f"TABLE {names.table}", bridging.comment if bridging else None
        known = bridging is not None
    else:
        facts = _facts(column, scene, names)
        what, said = f"COLUMN {names.table}.{names.column(column)}", facts.comment if facts else None
        known = facts is not None
    return (f"COMMENT ON {what} IS {literal(said) if said else 'NULL'}",) if known else None


def _facts(column: str, scene: Scene, names: Named) -> AttachedColumn | None:
    attached = scene.attached.get(names.known)
    return attached.columns.get(names.before.get(column, column)) if attached else None


def _column(scene: Scene, table: str, name: str) -> Column | None:
    found = scene.schema.tables.get(table)
    return found.column(name) if found is not None else None
