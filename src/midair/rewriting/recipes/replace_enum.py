"""An enum gets other values: a new type takes the old one's place together with the columns of it.

A value cannot be taken from an enum, so the guides rename the type, make another of its name, and change the columns. As
written that copies each table while nobody can use it, and a statement that says `'new'::mood` in between means the
wrong type. Here the new type has a name of its own until the columns are filled; types and columns exchange together.

## As written

```sql
ALTER TYPE mood RENAME TO mood_old;
CREATE TYPE mood AS ENUM ('happy', 'calm');
ALTER TABLE people ALTER COLUMN mood DROP DEFAULT;
ALTER TABLE people ALTER COLUMN mood TYPE mood USING mood::text::mood;
ALTER TABLE people ALTER COLUMN mood SET DEFAULT 'calm';
DROP TYPE mood_old;
```

## Online

| phase | steps | lock, and for how long |
| --- | --- | --- |
| expand | `CREATE TYPE midair_new_mood AS ENUM (…)` | none |
| expand, backfill | a second column for each, as `change-type` has it | see there |
| expand | the exchange: `ALTER TYPE mood RENAME TO mood_old`, `ALTER TYPE midair_new_mood RENAME TO mood`, and of every column | ACCESS EXCLUSIVE on the tables, milliseconds |
| contract | the triggers, the old columns, `DROP TYPE mood_old` | ACCESS EXCLUSIVE, milliseconds |
| undo, before contract | the exchange backwards; `DROP TYPE midair_new_mood` | ACCESS EXCLUSIVE, milliseconds |

A row with a value that the new enum does not have fails nobody's write and stops the exchange until it is mended. A value
that only the new enum has leaves the old column empty; from the first one on the way back is refused.

## Why it is right

As for `change-type`. Until the exchange every name means the old type, after it the new one; no statement sees a mixture.
Drivers that keep types by number ask again after an error, as after the statements as written.

Source: expand-contract.md §4.15.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import (
    AlterColumnType,
    Change,
    CreateType,
    Default,
    DropDefault,
    DropObject,
    RenameObject,
    SetDefault,
)
from midair.model.contract import Held
from midair.model.schema import bare_name, beside
from midair.model.statement import Statement
from midair.rewriting.carried import WAY
from midair.rewriting.names import temporary
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Answer, NoWay, recipe
from midair.rewriting.rewrite import Case
from midair.rewriting.twin import Twin
from midair.rewriting.twinned import phases_of, twin_of


@dataclass(frozen=True, slots=True)
class _Read:
    """What the statements after the rename say: the new enum, the columns' new types, defaults, the old type's end."""

    made: Statement
    retyped: tuple[tuple[Statement, AlterColumnType], ...]
    resets: frozenset[tuple[str, str]]
    defaults: dict[tuple[str, str], Default]
    drop: Statement | None
    takes: int


@recipe("replace-enum", RenameObject)
def replace_enum(change: RenameObject, case: Case) -> Answer:
    kind = case.scene.schema.types.get(change.name)
    if change.kind != "type" or kind is None or kind.kind != "enum" or change.name in case.scene.born:
        return None
    read = _read(change, case.following)
    if read is None:
        return None
    old = beside(change.name, change.new_name)
    new = beside(change.name, temporary("new", change.name))
    create = twins.with_type(read.made.sql, change.name, new)
    if create is None:
        return NoWay(f"{change.name} cannot be made under another name", WAY)
    made: list[Twin] = []
    for statement, retyped in read.retyped:
        one = _twin(statement, retyped, change.name, new, read, case)
        if isinstance(one, NoWay):
            return one
        made.append(one)
    renames = (
        f"ALTER TYPE {change.name} RENAME TO {change.new_name}",
        f"ALTER TYPE {new} RENAME TO {bare_name(change.name)}",
    )
    back = (
        f"ALTER TYPE {change.name} RENAME TO {bare_name(new)}",
        f"ALTER TYPE {old} RENAME TO {bare_name(change.name)}",
    )
    phases = phases_of(made, renames, back)
    if isinstance(phases, NoWay):
        return phases
    columns = ", ".join(f"{each.table.name}.{each.column.name}" for each in made)
    return replace(
        phases,
        expand=(
            Piece(create, why="the new enum, under a name of its own until the exchange"),
            *phases.expand,
        ),
        contract=(*phases.contract, *([read.drop.sql] if read.drop else [])),
        undo=(*phases.undo, f"DROP TYPE {new}"),
        summary=f"{columns} have the new values of {change.name}, and columns of {old} keep the old ones",
        holds=(*phases.holds, Held(change.name), Held(old)),
        reverses="",
        takes=read.takes,
    )


def _twin(
    statement: Statement, change: AlterColumnType, name: str, new: str, read: _Read, case: Case
) -> Twin | NoWay:
    """The column's twin of the new enum under the name that it has until the exchange."""
    sql = twins.with_type(statement.sql, name, new)
    found = changes_of(sql)[0] if sql else None
    table = case.table(change.table)
    column = table.column(change.column) if table is not None else None
    if sql is None or not isinstance(found, AlterColumnType) or table is None or column is None:
        return NoWay(f"{change.table}.{change.column} cannot be changed under another type's name", WAY)
    spot = (table.name, column.name)
    inner = Case(replace(statement, sql=sql), case.scene.effects((found,)), case.scene)
    resets = spot in read.resets
    default = read.defaults.get(spot, None if resets else column.default)
    return twin_of(table, column, found, inner, default=default, resets=True)


def _read(change: RenameObject, following: Sequence[Statement]) -> _Read | None:
    """The statements after a type's rename, as far as they replace it; `None` where they do not."""
    made, drop = None, None
    retyped: list[tuple[Statement, AlterColumnType]] = []
    resets: set[tuple[str, str]] = set()
    defaults: dict[tuple[str, str], Default] = {}
    takes = 0
    for statement in _single(following):
        part = changes_of(statement.sql)[0]
        match part:
            case CreateType(name=name, kind="enum") if name == change.name and made is None:
                made = statement
            case AlterColumnType(type=kind) if (
                made is not None and kind.name == change.name and not kind.dimensions
            ):
                retyped.append((statement, part))
            case DropDefault(table=table, column=column):
                resets.add((table, column))
            case SetDefault(table=table, column=column, default=default):
                defaults[table, column] = default
            case DropObject(kind="type", name=name) if (
                name == beside(change.name, change.new_name) and retyped
            ):
                drop, takes = statement, takes + 1
                break
            case _:
                break
        takes += 1
    touched = {(each.table, each.column) for _, each in retyped}
    if made is None or not retyped or not (resets | defaults.keys()) <= touched:
        return None
    return _Read(made, tuple(retyped), frozenset(resets), defaults, drop, takes)


def _single(following: Sequence[Statement]) -> Sequence[Statement]:
    """The statements up to the first that makes several changes."""
    kept: list[Statement] = []
    for each in following:
        changes: tuple[Change, ...] = changes_of(each.sql)
        if len(changes) != 1:
            break
        kept.append(each)
    return kept
