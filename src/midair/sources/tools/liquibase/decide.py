"""What becomes of each pending changeset: run, recorded without running, passed over, or decided when its turn comes.

Preconditions are asked when nothing that runs before them can change the answer; else they are asked
in their turn, by `turn.py`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from midair.database.session import Session
from midair.errors import Refused
from midair.model.migration import RevisionId
from midair.sources.tools.liquibase.model import Changelog, Changeset, Runtime
from midair.sources.tools.liquibase.nodes import Node
from midair.sources.tools.liquibase.preconditions import OBJECTS, STATIC, Asking, judged, kinds_in
from midair.sources.tools.liquibase.table import Tables

_OPAQUE = frozenset({"sql", "sqlFile", "createProcedure", "customChange", "executeCommand", "stop"})
"""Changes whose text may do anything."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`kind` is the row's EXECTYPE, `None` for no row; `runs` whether its changes run; `later` why it waits for its turn."""

    kind: str | None = "EXECUTED"
    runs: bool = True
    later: str | None = None


@dataclass(slots=True)
class Decisions:
    """The decisions of the run being planned, by changeset."""

    changelog: Changelog
    changesets: Mapping[RevisionId, Changeset]
    runtime: Runtime
    tables: Tables
    invalid: set[RevisionId] = field(default_factory=set[RevisionId])
    """Those whose changes do not validate and whose onValidationFail is MARK_RAN."""
    made: dict[RevisionId, Decision] = field(default_factory=dict[RevisionId, Decision])

    def decide(
        self, session: Session, revisions: Sequence[RevisionId], begun: Collection[RevisionId] = ()
    ) -> None:
        """Decides for these changesets, in the order they will run; those of `begun` are half done, and run on.

        Raises:
            Refused: a precondition of the changelog, or of the changeset that is next, halts the run.
        """
        self._root(session)
        self.made.clear()
        before: list[Changeset] = []
        for revision in revisions:
            changeset = self.changesets[revision]
            self.made[revision] = (
                _plain(changeset) if revision in begun else self._one(session, changeset, before, revision)
            )
            before.append(changeset)

    def of(self, revision: RevisionId) -> Decision:
        """The decision on a changeset; one nobody asked about is one that runs or waits for its turn."""
        known = self.made.get(revision)
        if known is not None:
            return known
        changeset = self.changesets[revision]
        if changeset.preconditions is not None:
            return Decision(later="its preconditions are asked when its turn comes")
        return _plain(changeset)

    def asking(self, session: Session, changeset: Changeset) -> Asking:
        """How this changeset's preconditions are asked."""
        scope = next((each.scope for each in changeset.changes if each.scope), None)
        return Asking(session, self.runtime, self.tables, changeset.path, changeset.quoting, scope)

    def _root(self, session: Session) -> None:
        for node in self.changelog.preconditions:
            verdict = judged(node, Asking(session, self.runtime, self.tables, node.span.path))
            if verdict.outcome not in ("PASSED", "WARN"):
                raise Refused(
                    f"{node.span} Preconditions Failed: {verdict.reason}",
                    state="nothing was changed",
                    hint="the changelog asks for this before anything of it runs",
                )

    def _one(
        self, session: Session, changeset: Changeset, before: Sequence[Changeset], revision: RevisionId
    ) -> Decision:
        node = changeset.preconditions
        if node is None:
            return Decision("MARK_RAN", runs=False) if revision in self.invalid else _plain(changeset)
        if not _settled(node, before):
            return Decision(
                later=f"its preconditions ({', '.join(sorted(kinds_in(node)))}) are asked when its turn comes"
            )
        verdict = judged(node, self.asking(session, changeset))
        match verdict.outcome:
            case "PASSED" | "WARN":
                return Decision("MARK_RAN", runs=False) if revision in self.invalid else _plain(changeset)
            case "MARK_RAN":
                return Decision("MARK_RAN", runs=False)
            case "CONTINUE":
                return Decision(None, runs=False)
            case _ if before:
                return Decision(later=f"its preconditions halt the run: {verdict.reason}")
            case _:
                raise Refused(
                    f"{changeset.span} {changeset.key} Preconditions Failed: {verdict.reason}",
                    state="nothing was changed",
                    hint="bring about what it asks for; or let it say onFail MARK_RAN or CONTINUE",
                )


def _plain(changeset: Changeset) -> Decision:
    if not changeset.fail_on_error:
        return Decision(later="failOnError is false: an error in it must not end the run")
    return Decision()


def _settled(node: Node, before: Sequence[Changeset]) -> bool:
    """Whether nothing that runs before can change the answer."""
    kinds = kinds_in(node)
    if not before or kinds <= STATIC:
        return True
    if not kinds <= STATIC | OBJECTS:
        return False
    changes = [change for each in before for change in each.changes]
    if any(change.name in _OPAQUE for change in changes):
        return False
    named = {text.lower() for change in changes for text in _names(change.fields)}
    return not named & set(_values(node))


def _names(fields: Mapping[str, str]) -> Iterable[str]:
    return (text for name, text in fields.items() if name.lower().endswith("name"))


def _values(node: Node) -> Iterable[str]:
    if node.text:
        yield node.text.lower()
    for each in node.children:
        yield from _values(each)
