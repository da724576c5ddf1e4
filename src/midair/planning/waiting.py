"""What a migration leaves for contract, statement by statement, and what takes the whole of it back before that."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from midair.dialects.postgresql.changes import changes_of
from midair.model.change import SetSetting, Transaction
from midair.model.contract import Contract
from midair.model.migration import RevisionId
from midair.model.statement import Statement
from midair.planning.contracting import along_with, contract_of
from midair.planning.held import refuse_later
from midair.rewriting.following import Way, followed, way_of
from midair.rewriting.make_safe import Deferred, Made
from midair.rewriting.scene import Scene
from midair.rewriting.undone import as_is, undone


class Waiting:
    """Hears of each statement in its turn. `since` is the scene before the first."""

    def __init__(self, revision: RevisionId) -> None:
        self._revision = revision
        self._since: Scene | None = None
        self._deferred: list[tuple[Statement, Deferred]] = []
        self._contracts: list[Contract] = []
        self._covered: set[Statement] = set()
        self._lost: set[Statement] = set()
        self._others: list[tuple[Statement, Scene]] = []

    def followed(self, statement: Statement, scene: Scene, following: tuple[Statement, ...]) -> Made | None:
        """The statement's safe form where it goes on building on what a recipe before it has put into two shapes."""
        since = self._since = self._since or scene
        follow = followed(statement, scene, following, self._recipes, since)
        if follow is None:
            return None
        made, way = follow
        if way is None:
            self.leaves(statement, made, scene)
        else:
            self._note(way, statement)
        return made

    def leaves(self, statement: Statement, made: Made, scene: Scene) -> None:
        """Takes note of what a statement leaves for later, met in this scene; of one that leaves nothing, that it is to be undone."""
        since = self._since = self._since or scene
        if not made.deferred:
            self._others.append((statement, scene))
            return
        for each in made.deferred:
            number = len(self._contracts)
            self._deferred.append((statement, each))
            self._covered |= {statement, *each.taken}
            self._contracts.append(contract_of(self._revision, number, statement, each))
        for part, met in made.beside:
            self._note(way_of(part, met, self._recipes, since), statement)

    def _note(self, way: Way, statement: Statement) -> None:
        if way.undo is None:
            self._lost.add(statement)
        else:
            self._covered.add(statement)
            self._contracts[way.after] = along_with(self._contracts[way.after], way)

    @property
    def _recipes(self) -> list[Deferred]:
        return [each for _, each in self._deferred]

    @property
    def first(self) -> Statement | None:
        """The first statement that leaves something."""
        return self._deferred[0][0] if self._deferred else None

    def refuse_later(self, statements: Sequence[Statement]) -> None:
        """Raises `NotOnline` where one of these statements needs in one shape what is in two by then."""
        refuse_later(statements, self._deferred, self._contracts)

    def contracts(self, statements: Sequence[Statement]) -> tuple[Contract, ...]:
        """What waits; `statements` are all of the migration's."""
        if not self._contracts:
            return ()
        framing = (SetSetting, Transaction)
        whole = all(
            (each in self._covered and each not in self._lost)
            or all(isinstance(change, framing) for change in changes_of(each.sql))
            for each in statements
        )
        rest = self._undoes_others()
        return tuple(replace(each, whole=whole, rest=rest) for each in self._contracts)

    def _undoes_others(self) -> tuple[str, ...] | None:
        """What undoes the statements that no recipe's way back takes back, newest first; `None` where nobody can tell."""
        if self._lost or self._since is None:
            return None
        made: list[tuple[str, ...]] = []
        for statement, scene in reversed(self._others):
            back = undone(statement, scene, as_is(changes_of(statement.sql)[0]), self._since)
            if back is None:
                return None
            made.append(back)
        return tuple(chain.from_iterable(made))
