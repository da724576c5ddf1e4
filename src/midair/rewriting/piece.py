"""What a rewrite gives: one statement of the safe form, and everything a plan needs to know of it."""

from midair.model.effects import LockLevel
from midair.model.frozen import frozen
from midair.model.plan import Action, Phase, Repair
from midair.model.statement import Sql


@frozen
class Piece:
    """One statement of the safe form.

    `alone`: the server refuses it in a transaction. `long`: its time grows with a table, so nothing
    that holds a strong lock shares its transaction. `apart`: a word; what follows and says it needs this committed. `again`:
    it is a naive statement itself, to be looked at by the other rewrites. `patient`: no read or write
    waits for the locks it takes, so it may wait for them at length. `action` stands in for the SQL where
    a step is more than a statement; `sql` is then what it does, for people. `fixed`: it keeps its place among the others.
    """

    sql: str
    why: str = ""
    phase: Phase = Phase.EXPAND
    alone: bool = False
    long: bool = False
    apart: str | None = None
    again: bool = False
    patient: bool = False
    probe: Sql | None = None
    repair: Repair | None = None
    undo: tuple[Sql, ...] = ()
    locks: tuple[tuple[str, LockLevel], ...] = ()
    rewrite: str | None = None
    action: Action | None = None
    fixed: bool = False


@frozen
class Declined:
    """The rewrite is for this change and cannot do it here; the statement runs as written, and the plan says why."""

    why: str


Answer = tuple[Piece, ...] | Declined | None
"""`None`: nothing to do, as written it is brief already."""
