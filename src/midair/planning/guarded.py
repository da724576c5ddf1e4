"""Guarded DO blocks in a plan: taken apart where the scene answers what they ask, left whole where it does not.

The answer is given once, when a migration is laid out: a run that goes on with a begun plan asks nothing again.
"""

from collections.abc import Sequence

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.guards.opened import Left, opened
from midair.dialects.postgresql.guards.unseen import unseen
from midair.dialects.postgresql.guards.values import plain
from midair.model.change import Block, Change
from midair.model.contract import Contract
from midair.model.frozen import frozen
from midair.model.statement import Statement
from midair.rewriting.scene import Scene


@frozen
class Met:
    """What an author's statement comes to: itself, what a block does, or nothing."""

    parts: tuple[Statement, ...]
    notes: tuple[str, ...] = ()
    """For the reader of a plan that takes the block apart."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What it does here."""
        return tuple(change for each in self.parts for change in changes_of(each.sql))

    @property
    def nothing(self) -> bool:
        """It has nothing to do here."""
        return not self.parts


class Guards:
    """Hears of each statement of a plan in its turn, and takes blocks apart as long as the scene shows all there is."""

    def __init__(self, scene: Scene, before: Sequence[Statement] = ()) -> None:
        """`before` are statements that run before the first, and are not in the scene."""
        self._unseen = ""
        if scene.unqualified != "public":
            self.lost("names without a schema do not mean public here")
        for each in before:
            if scene.after(changes_of(each.sql)).schema is not scene.schema:
                self.lost(f"{each.span} runs before it")
        self.hears(before)

    def hears(self, statements: Sequence[Statement]) -> None:
        """Takes note of statements that run as they are."""
        for each in statements:
            if not self._unseen and unseen(each.sql, changes_of(each.sql)):
                self._unseen = f"{each.span} may have changed what the plan cannot see"

    def lost(self, what: str) -> None:
        """From here on nothing is certain, for `what` may have changed anything."""
        self._unseen = self._unseen or what

    def met(
        self, statements: Sequence[Statement], scene: Scene, waiting: Sequence[Contract]
    ) -> tuple[Met, ...]:
        """Each statement with what it comes to, from this scene on; `waiting` are contracts whose objects are in two shapes."""
        doubtful = {
            plain(name)
            for contract in waiting
            for held in contract.holds
            for name in (held.relation, held.part)
            if name is not None
        }
        found: list[Met] = []
        for statement in statements:
            made = self._one(statement, scene, frozenset(doubtful))
            found.append(made)
            if made.parts:
                scene = scene.after(made.changes)
                self.hears(made.parts)
        return tuple(found)

    def _one(self, statement: Statement, scene: Scene, doubtful: frozenset[str]) -> Met:
        changes = changes_of(statement.sql)
        if not isinstance(changes[0], Block) or statement.intent is not None:
            return Met((statement,))
        answer = Left(self._unseen) if self._unseen else opened(statement.sql, scene.schema, doubtful)
        if isinstance(answer, Left):
            works_on_rows = not unseen(statement.sql, changes)
            notes = () if works_on_rows else (f"{statement.span} stays whole: {answer.why}",)
            return Met((statement,), notes)
        parts = tuple(Statement(each, statement.span) for each in answer.statements)
        why = f": {', and '.join(answer.answers)}" if answer.answers else ""
        does = "is taken apart" if parts else "does nothing here"
        return Met(parts, (f"{statement.span} {does}{why}",))
