"""Names the server chooses, and what partitions get from their parent."""

from midair.model.change import Column, Constraint, ConstraintKind, Default, Index, Volatility
from midair.model.frozen import replace
from midair.model.schema import Schema, Table, bare_name, beside


def joined(*parts: str) -> str:
    """A default name as the server makes it: `joined("orders", "qty", "key")` → `orders_qty_key`."""
    text = "_".join(each.strip('"') for each in parts if each)
    return f'"{text}"' if any(each.startswith('"') for each in parts) else text


def free_name(schema: Schema, table: str, name: str, others: tuple[str, ...] = ()) -> str:
    """A name the server chooses when the first choice is taken: `orders_b_key`, `orders_b_key1`, …"""
    found = schema.tables.get(table)
    taken = {each.name for each in found.constraints} if found else set[str]()
    taken.update(others)
    stem, quote = (name[1:-1], '"') if name.startswith('"') else (name, "")
    for number in range(1000):
        candidate = f"{quote}{stem}{number or ''}{quote}"
        full = beside(table, candidate)
        if (
            candidate not in taken
            and full not in schema.tables
            and full not in schema.index_tables
            and full not in schema.sequences
            and not (schema.constraint_tables or {}).get(full)
        ):
            return candidate
    return name


def sequence_of(schema: Schema, table: str, column: str) -> str:
    """The sequence that the server makes for a serial or identity column."""
    return beside(table, free_name(schema, table, joined(bare_name(table), column, "seq")))


def with_free_name(
    schema: Schema, table: str, constraint: Constraint, index: Index | None, others: tuple[str, ...] = ()
) -> tuple[Constraint, Index | None]:
    """The constraint and its index under the name they really get."""
    if constraint.named:
        return constraint, index
    siblings = schema.around(constraint.references) if constraint.references else ()
    taken = tuple(each.name for sibling in siblings for each in sibling.constraints)
    name = free_name(schema, table, constraint.name, others + taken)
    if name == constraint.name:
        return constraint, index
    return replace(constraint, name=name), replace(
        index, name=beside(table, name), constraint=name
    ) if index else None


def with_free_names(
    schema: Schema, table: str, constraints: tuple[Constraint, ...], indexes: tuple[Index, ...]
) -> tuple[tuple[Constraint, ...], tuple[Index, ...]]:
    """Several constraints of one statement, none with the name of another."""
    made: list[Constraint] = []
    behind: list[Index] = []
    waiting = list(indexes)
    given = tuple(each.name for each in constraints if each.named)
    for each in constraints:
        twin = next((index for index in waiting if index.constraint == each.name), None)
        if twin is not None:
            waiting.remove(twin)
        constraint, index = with_free_name(schema, table, each, twin, (*given, *(done.name for done in made)))
        made.append(constraint)
        behind += [index] if index else []
    return tuple(made), tuple(behind)


def copied_index(index: Index, table: str, parent: Table) -> Index:
    """A partitioned index's twin on a partition, named as the server does."""
    primary = parent.primary_key
    is_primary = primary is not None and primary.name == index.constraint
    label = "idx" if index.constraint is None else "pkey" if is_primary else "key"
    columns = () if label == "pkey" else index.columns
    name = joined(bare_name(table), *columns, label)
    return replace(
        index, name=beside(table, name), parent=index.name, constraint=name if index.constraint else None
    )


def inherited(constraint: Constraint, indexes: tuple[Index, ...]) -> Constraint:
    """A parent's constraint on a partition: a key is named like its index, the rest keep their names."""
    twin = next(
        (each for each in indexes if each.parent and each.constraint and each.columns == constraint.columns),
        None,
    )
    if constraint.kind is ConstraintKind.CHECK:
        return replace(constraint, valid=True)  # the partition is new: no row can break it
    keyed = constraint.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
    return replace(constraint, name=twin.constraint) if keyed and twin and twin.constraint else constraint


def handed_down(column: Column) -> Column:
    """A parent's column on a partition or heir: a serial is only a default there, for the sequence is the parent's."""
    if not column.serial:
        return replace(column, sequence=None) if column.sequence else column
    default = column.default or Default("nextval(…)", Volatility.VOLATILE)
    return replace(column, serial=False, default=default, sequence=None)
