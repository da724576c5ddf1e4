"""What a live program must not send while the application runs: judged when it is about to, for its rows may have decided it."""

from collections.abc import Sequence
from dataclasses import replace

from midair.journal import contracts
from midair.model.intent import Intent
from midair.model.migration import Block, RevisionId, Script
from midair.model.plan import RunLive
from midair.model.statement import Span, Statement
from midair.pipeline.opening import Opened
from midair.pipeline.plan import text_of
from midair.rewriting.scene import Scene

_ON_ROWS = frozenset(("INSERT", "UPDATE", "DELETE"))


def only_rows(statement: Statement) -> bool:
    """It changes no shape and breaks nobody; told by its first word, for a program may send a hundred thousand of them."""
    return statement.sql.split(None, 1)[0].upper() in _ON_ROWS


class Guarding:
    """Judges what one program sends by what its author declared, what the application uses and what contracts hold.

    Whoever asks for the strategy `direct` in this very command has taken the application down: nothing is judged then. That an
    environment is set to it says nothing about a program that was begun online.
    """

    def __init__(self, opened: Opened, action: RunLive) -> None:
        self._opened, self._action = opened, action
        request = opened.request
        self._judges = not (request.insists and request.strategy == "direct")
        self._held = tuple(each.contract for each in contracts.waiting(opened.session))
        self._intents: dict[Span, Intent | None] = {}

    def unused(self, scene: Scene) -> Scene:
        """The scene, in which nobody misses what the plan made before the program began."""
        return replace(
            scene,
            born=scene.born | set(self._action.born),
            fresh=scene.fresh | set(self._action.fresh),
            defers=False,
        )

    def declared(self, statements: Sequence[Statement]) -> tuple[Statement, ...]:
        """The statements with what stands above them in their files."""
        return tuple(replace(each, intent=self._intent(each)) for each in statements)

    def broken(self, statements: Sequence[Statement], scene: Scene) -> tuple[str, ...]:
        """What the running application would lose, each with its place.

        Raises:
            GateInTheWay: one of them touches what an earlier migration still has to contract.
        """
        from midair.dialects.postgresql.changes import changes_of
        from midair.planning.held import refuse_held
        from midair.rewriting.breaking import breaks

        statements = [each for each in statements if not only_rows(each)]
        if not self._judges or not statements:
            return ()
        refuse_held(statements, self._held, self._builds_on)
        found: list[str] = []
        for each in statements:
            found += [f"{each.span} {clause}" for clause in breaks(each, scene)]
            scene = scene.after(changes_of(each.sql))
        return tuple(found)

    def _builds_on(self, earlier: RevisionId) -> bool:
        """The program's migrations go back together with that one, before it."""
        from midair.planning.choose import comes_after

        migrations = self._opened.project.migrations
        own = [each for each in migrations if each.revision in self._action.revisions]
        return all(comes_after(migrations, each, earlier) for each in own)

    def _intent(self, statement: Statement) -> Intent | None:
        from midair.planning.intents import with_intents

        if statement.span not in self._intents:
            script = Script((Block((statement,)),))
            read = with_intents(
                script, lambda path: text_of(self._opened, path), self._opened.source.declared
            )
            self._intents[statement.span] = read.statements[0].intent
        return self._intents[statement.span]
