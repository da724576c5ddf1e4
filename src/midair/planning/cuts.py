"""Where a migration is cut: which pieces share a transaction, and in what order they go."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import is_ours
from midair.model.change import (
    AddConstraint,
    Change,
    CreateIndex,
    Delete,
    DropConstraint,
    DropIndex,
    DropNotNull,
    Insert,
    Update,
)
from midair.model.effects import LockLevel
from midair.model.frozen import frozen
from midair.model.schema import bare_name
from midair.model.statement import Statement
from midair.rewriting.piece import Piece


@frozen
class Part:
    """A piece with the author's statement it comes from."""

    statement: Statement
    piece: Piece

    @property
    def solo(self) -> bool:
        """No other statement shares its transaction."""
        return self.piece.alone or self.piece.long or self.piece.action is not None

    @property
    def drops_on(self) -> str | None:
        """The table that loses an index or a constraint by it."""
        change = self._change
        if isinstance(change, DropConstraint) and is_ours(bare_name(change.name)):
            return None  # a rewrite's own proof, which has no index
        return (
            self.piece.locks[0][0]
            if isinstance(change, DropConstraint | DropIndex) and self.piece.locks and not self.piece.fixed
            else None
        )

    @property
    def drops_constraint(self) -> bool:
        """It takes a constraint away, and the index behind it."""
        return isinstance(self._change, DropConstraint)

    @property
    def adopts_on(self) -> str | None:
        """The table on which it makes a key of an index that is there."""
        change = self._change
        return change.table if isinstance(change, AddConstraint) and change.constraint.using_index else None

    @property
    def builds_on(self) -> str | None:
        """The table that gets an index by it, built by itself."""
        change = self._change
        return change.table if isinstance(change, CreateIndex) and self.piece.alone else None

    @property
    def index_name(self) -> str | None:
        """The index it builds or drops, without its schema."""
        match self._change:
            case CreateIndex(index=index):
                return bare_name(index.name)
            case DropIndex(index=name) | DropConstraint(name=name):
                return bare_name(name)
            case _:
                return None

    @property
    def _change(self) -> Change | None:
        return changes_of(self.piece.sql)[0] if self.piece.action is None else None

    @property
    def strong(self) -> frozenset[str]:
        """The tables others use on which it holds a lock that reads or writes wait for."""
        return frozenset(name for name, level in self.piece.locks if level >= LockLevel.SHARE)


def apart_where_used(parts: Sequence[Part]) -> list[Part]:
    """What must be committed before it is used need not be where nothing after it says its name."""
    made: list[Part] = []
    for number, part in enumerate(parts):
        word = part.piece.apart
        used = word is not None and any(word in each.statement.sql for each in parts[number + 1 :])
        made.append(
            part
            if used or word is None
            else replace(part, piece=replace(part.piece, apart=None, rewrite=None))
        )
    return made


def without_gaps(parts: Sequence[Part]) -> list[Part] | None:
    """A key or an index that goes stays until what the same migration builds on its table is there.

    As its author wrote it nobody saw the moment between the two; in separate transactions queries and
    checks would miss it for as long as the build takes. `None` where it must go first: rows change
    in between, or the new one has its name.
    """
    made = list(parts)
    for part in parts:
        start = made.index(part)
        end = _successor(part, made, start)
        if end is None:
            continue
        if any(_takes_name(each, part.index_name) for each in made[start + 1 : end]):
            continue  # one that is there already takes its place, and its name
        between = [change for each in made[start + 1 : end] for change in changes_of(each.piece.sql)]
        same = any(part.index_name == each.index_name and each.builds_on for each in made[start + 1 : end])
        if same or any(isinstance(each, Update | Insert | Delete) for each in between):
            return None
        later = [each for each in made[start + 1 : end] if _needs_gone(each, part)]
        made = [each for each in made if each not in later]
        end -= len(later)
        made[end + 1 : end + 1] = later
        made.insert(end - 1, made.pop(start))
    return made


def _needs_gone(part: Part, key: Part) -> bool:
    """It lets NULL into columns, which the server does not while a primary key has them."""
    if not key.drops_constraint or part.piece.action is not None:
        return False
    changes = changes_of(part.piece.sql)
    return bool(changes) and all(
        isinstance(each, DropNotNull) and each.table == key.drops_on for each in changes
    )


def _takes_name(part: Part, name: str | None) -> bool:
    """It renames something to this name."""
    if part.piece.action is not None:
        return False
    return any(getattr(each, "new_name", None) == name for each in changes_of(part.piece.sql))


def _successor(part: Part, made: Sequence[Part], start: int) -> int | None:
    """Where what takes the place of a dropped index or key begins to; `None` when nothing does."""
    table = part.drops_on
    if table is None:
        return None
    after = range(start + 1, len(made))
    if part.drops_constraint:
        return next((number for number in after if made[number].adopts_on == table), None)
    return next((number + 1 for number in reversed(after) if made[number].builds_on == table), None)


def needs_cut(parts: Sequence[Part]) -> bool:
    """One transaction would wait with locks that others need, or the server refuses one."""
    rewritten = any(part.piece.rewrite is not None for part in parts)
    holds = any(part.strong for part in parts) and any(part.piece.long for part in parts) and len(parts) > 1
    return rewritten or holds


def cut(parts: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
    """The pieces by transaction, in order: what is long by itself, and no strong locks on more tables than one piece needs."""
    held: list[Part] = []
    for part in parts:
        strong: frozenset[str] = frozenset[str]().union(*(each.strong for each in held))
        wider = strong and part.strong and not (part.strong <= strong or strong <= part.strong)
        if held and (part.solo or wider):
            yield tuple(held)
            held = []
        held.append(part)
        if part.solo or part.piece.apart:
            yield tuple(held)
            held = []
    if held:
        yield tuple(held)
