"""Tripwires: what notes, while two versions live, that somebody still uses the old shape (expand-contract.md §3.10).

A wire is a sequence that holds the moment of the last use; the journal's functions `touched` and `touched_by` set it.
"""

from midair.dialects.postgresql.changes.names import literal
from midair.model.change import Column, Volatility
from midair.model.schema import Table
from midair.rewriting.names import raw_path, temporary

_OLD = "current_setting('midair.version', true) IS DISTINCT FROM 'new'"
"""False in a transaction that has shown itself to be of the new version: what then writes the old shape is midair."""


def wire_of(relation: str, column: str | None = None) -> str:
    """The wire's name, the same in every run: `midair.midair_wire_public_orders_note`."""
    parts = [*raw_path(relation), *((column,) if column else ())]
    return f"midair.{temporary('wire', *parts)}"


def laid(wire: str) -> str:
    """The statement that makes it; nobody has touched it yet."""
    return f"CREATE SEQUENCE {wire} MINVALUE 0"


def taken(wire: str) -> str:
    """The statement that takes it away."""
    return f"DROP SEQUENCE {wire}"


def condition(wire: str) -> str:
    """A view's condition that is always true and notes its use: reads and writes, once a statement."""
    return f"(SELECT midair.touched({literal(wire)}::regclass))"


def on_writes(table: Table, column: Column, wire: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Triggers that note statements which set the column, and the statements that drop them again.

    An UPDATE that names the column counts whatever it writes; an INSERT by its value, as far as that tells the old
    version from one that leaves the column out.
    """
    call = f"EXECUTE FUNCTION midair.touched_by({literal(wire)})"
    name = temporary("wire", *raw_path(table.name), column.name)
    made = [
        f"CREATE TRIGGER {name} AFTER UPDATE OF {column.name} ON {table.name} FOR EACH STATEMENT WHEN ({_OLD}) {call}"
    ]
    names = [name]
    given = _given(table, column)
    if given is not None:
        names.append(temporary("wire_new", *raw_path(table.name), column.name))
        made.append(
            f"CREATE TRIGGER {names[1]} AFTER INSERT ON {table.name} FOR EACH ROW WHEN ({given} AND {_OLD}) {call}"
        )
    return tuple(made), tuple(f"DROP TRIGGER {each} ON {table.name}" for each in names)


def on_old_side(
    table: Table, column: Column, twin: str, wire: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same where `twin` is the column's new name in every row, and a trigger that fires later keeps the two equal.

    An INSERT is the old version's that gives the old one a value and the new one none; afterwards both have it.
    """
    (noticed, *_), (gone, *_) = on_writes(table, column, wire)
    given = _given(table, column)
    if given is None:
        return (noticed,), (gone,)
    function = f"midair.{temporary('wired', *raw_path(table.name), column.name)}"
    name = temporary("wire_new", *raw_path(table.name), column.name)
    made = (
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog"
        " AS 'BEGIN PERFORM midair.touched(TG_ARGV[0]::regclass); RETURN NEW; END'",
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table.name} FOR EACH ROW WHEN (NEW.{twin} IS NULL AND {given} AND {_OLD})"
        f" EXECUTE FUNCTION {function}({literal(wire)})",
    )
    return (noticed, *made), (gone, f"DROP TRIGGER {name} ON {table.name}", f"DROP FUNCTION {function}()")


def _given(table: Table, column: Column) -> str | None:
    """The condition under which an INSERT gave the column a value; `None` where the row does not tell.

    Not on a partitioned table: the trigger would be made on every partition, and each of them locked.
    """
    if table.kind != "table" or column.generated or column.identity or column.serial:
        return None
    if column.default is None or column.default.null:
        return f"NEW.{column.name} IS NOT NULL"
    if column.default.volatility is not Volatility.IMMUTABLE or column.type.name == "interval":
        return None  # a fresh value each time, or a type whose fields its modifiers name
    # As text: some types (json) have no equality.
    return f"NEW.{column.name}::text IS DISTINCT FROM ({column.default.sql})::{column.type}::text"
