"""A table under its new name, and a view with the old one, which has the names that the columns had."""

from collections.abc import Sequence

from midair.model.contract import Ground, Held, Need
from midair.model.effects import LockLevel
from midair.model.schema import Table, bare_name, beside
from midair.rewriting import tripwire
from midair.rewriting.bridge import Bridge, writable
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import Phases


def renamed(table: Table, name: str, renames: Sequence[tuple[str, str]], bridge: Bridge) -> Phases:
    """The phases of the rename of a table; `renames` are those of its columns with it, each the old name and the new one."""
    old, new = table.name, beside(table.name, name)
    now = dict(renames)
    pairs = tuple((after, before) for before, after in renames)
    columns = [(now.get(each.name, each.name), each.name) for each in table.columns]
    wire = tripwire.wire_of(old)
    statements = (
        f"ALTER TABLE {old} RENAME TO {name}",
        *(f"ALTER TABLE {new} RENAME COLUMN {before} TO {after}" for before, after in renames),
        *bridge.statements(old, columns, new, dict(pairs), wire=wire),
    )
    gone = (f"DROP VIEW {old}", tripwire.taken(wire))
    only = ((old, LockLevel.ACCESS_EXCLUSIVE),)
    both = ((old, LockLevel.ACCESS_EXCLUSIVE), (new, LockLevel.ACCESS_EXCLUSIVE))
    return Phases(
        expand=tuple(
            Piece(sql, locks=only, why=f"{old} goes on being there as a view") for sql in statements
        ),
        contract=gone,
        locks=both,
        undo=(
            *gone,
            *(f"ALTER TABLE {new} RENAME COLUMN {after} TO {before}" for before, after in reversed(renames)),
            f"ALTER TABLE {new} RENAME TO {bare_name(old)}",
        ),
        undo_locks=both,
        summary=f"{new} is there under its old name too, {old}",
        holds=(Held(old), Held(new)),
        grounds=(Ground(Held(new), new, old, columns=pairs),),
        reverses=f"rename table {new} to {bare_name(old)}",
        verify=Need(writable(old, new), f"the view {old} over {new} is not as it was made"),
        old=(old, None),
        wire=wire,
        comes_back="all of it: the downgrade gives the table its old name back",
        notes=(f"until contract {old} is a view over {new}: no COPY into {old}, no TRUNCATE of it",),
    )
