"""What takes a statement back: of one that runs as written only where that removes nothing but what it made."""

from collections.abc import Iterator, Sequence

from midair.dialects.postgresql.changes import changes_of
from midair.model.change import (
    AddColumn,
    AddConstraint,
    Change,
    CreateFunction,
    CreateIndex,
    CreateSequence,
    CreateTable,
    CreateTrigger,
    CreateType,
)
from midair.model.frozen import replace
from midair.model.statement import Sql
from midair.rewriting.piece import Piece
from midair.rewriting.scene import Scene
from midair.rewriting.undone import as_is, undone_change


def taken_back(changes: Sequence[Change], scene: Scene) -> tuple[Sql, ...]:
    """The statements that undo it, on the schema before it; empty where nobody can tell what would be right."""
    if len(changes) != 1:
        return ()
    change = changes[0]
    text = _taken_back(change, scene)
    if text is not None or isinstance(change, CreateIndex | AddColumn | AddConstraint):
        return () if text is None else (Sql(text),)
    return tuple(Sql(each) for each in undone_change(change, scene, as_is(change)) or ())


def _taken_back(change: Change, scene: Scene) -> str | None:
    match change:
        case CreateTable(table=table, persistence="permanent" | "unlogged") if (
            table not in scene.schema.tables
        ):
            return f"DROP TABLE IF EXISTS {table}"
        case CreateIndex(table=table, index=index, named=True, if_not_exists=False) if (
            table in scene.schema.tables
        ):
            return f"DROP INDEX IF EXISTS {index.name}"
        case AddColumn(table=table, column=column, if_not_exists=False):
            return f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column.name}"
        case AddConstraint(table=table, constraint=constraint) if constraint.named:
            return f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint.name}"
        case _:
            return None


def with_ways_back(pieces: Sequence[Piece], undo: Sequence[str]) -> Iterator[Piece]:
    """A recipe's pieces, each with what takes it back while the recipe is half done.

    From its exchange on, or from its last piece where there is none, the way back is the recipe's own, `undo`; before
    that, what was made is dropped. Both may run one after the other: what is gone is not dropped again.
    """
    turns = [number for number, each in enumerate(pieces) if each.fixed] or [len(pieces) - 1]
    for number, piece in enumerate(pieces):
        if number == turns[-1] and undo:
            yield replace(piece, undo=tuple(Sql(each) for each in undo))
        elif piece.undo or piece.again or piece.fixed or piece.action is not None:
            yield piece
        else:
            changes = changes_of(piece.sql)
            text = _made_away(changes[0]) if len(changes) == 1 else None
            yield replace(piece, undo=(Sql(text),)) if text is not None else piece


def _made_away(change: Change) -> str | None:
    """What drops an object that midair made, whether it is there or not."""
    match change:
        case CreateTable(table=table):
            return f"DROP TABLE IF EXISTS {table}"
        case AddColumn(table=table, column=column):
            return f"ALTER TABLE {table} DROP COLUMN IF EXISTS {column.name}"
        case CreateTrigger(table=table, name=name):
            return f"DROP TRIGGER IF EXISTS {name} ON {table}"
        case CreateFunction(name=name):
            return f"DROP FUNCTION IF EXISTS {name}"
        case CreateSequence(name=name):
            return f"DROP SEQUENCE IF EXISTS {name}"
        case CreateType(name=name):
            return f"DROP TYPE IF EXISTS {name}"
        case CreateIndex(index=index):
            return f"DROP INDEX IF EXISTS {index.name}"
        case AddConstraint(table=table, constraint=constraint):
            return f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint.name}"
        case _:
            return None
