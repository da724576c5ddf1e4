"""What a rehearsal is asked, what it has found so far, and the small questions both its trials ask."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from midair.dialects.postgresql.inventory import inventory
from midair.dialects.postgresql.parse import statement_of
from midair.errors import MidairError, MigrationFailed, StatementFailed
from midair.journal import Journal
from midair.model.event import Event
from midair.model.finding import Finding
from midair.model.inventory import Inventory
from midair.model.migration import Applied, Migration, RevisionId, Script
from midair.model.statement import Statement
from midair.model.trace import Proof, TracedStep
from midair.pipeline.opening import Opened
from midair.pipeline.standings import applied_in
from midair.rehearsal import verdicts
from midair.rehearsal.extensions import missing_extension
from midair.rehearsal.rows import Filled
from midair.sources.source import Scripts


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rehearsal is asked. `each` tries every migration by itself as well, `None` when they are few.

    `from_empty` leaves the target out. `rows`: tables are filled with rows that their constraints allow.
    `queries` are statements of the running application that must go on working.
    """

    target: str | None = None
    each: bool | None = None
    from_empty: bool = False
    rows: bool = True
    queries: tuple[Statement, ...] = ()
    without: tuple[str, ...] = ()
    """Extensions whose CREATE EXTENSION is left out."""
    only: frozenset[RevisionId] | None = None
    """Of those that are tried one by one, only these; the others just have to be there."""
    queries_from_target: bool = False
    """The target's pg_stat_statements gives more of them."""
    sample: int = 0
    """So many rows of each of the target's tables, and what they point to, take the place of made-up ones."""
    masks: tuple[str, ...] = ()
    """Columns (`table.column`) whose values are masked before they leave the target."""


@dataclass(slots=True)
class Notebook:
    """What has been found so far."""

    proofs: list[Proof] = field(default_factory=list[Proof])
    findings: list[Finding] = field(default_factory=list[Finding])
    suspicions: list[Finding] = field(default_factory=list[Finding])
    """What the trial of the whole found, for when the trial of each finds no cause."""
    notes: list[str] = field(default_factory=list[str])
    steps: tuple[TracedStep, ...] = ()
    filled: tuple[tuple[str, int], ...] = ()
    digest: str = ""
    """Of the plan that `apply` would follow."""

    def note_refused(self, filled: Filled) -> None:
        """Remembers which tables took no rows, and why."""
        self.notes.extend(f"no rows could be put into {table}: {reason}" for table, reason in filled.refused)


class Silent:
    """A reporter that hears and says nothing: a rehearsal's own events are not a run's."""

    def hear(self, event: Event) -> None:
        """Nothing."""


def schema_of(opened: Opened) -> Inventory:
    """What the database holds, without the tool's own tables."""
    return inventory(opened.session).without_tables(own_tables(opened))


def own_tables(opened: Opened) -> tuple[str, ...]:
    """The tables the tool keeps for itself, by the names an inventory gives them."""
    history = opened.project.history
    return tuple(each.removeprefix("public.") for each in history.tables or (history.table,))


def failure_of(error: MigrationFailed) -> verdicts.Verdict:
    """What a migration that fails is called."""
    cause = _cause(error)
    return verdicts.BY_STATE.get((cause.sqlstate if cause else None) or "", verdicts.UP_FAILS)


def refuse_missing_extension(error: MigrationFailed) -> None:
    """Raises instead when the failure is the throwaway server's and not the migration's."""
    missing = missing_extension(_cause(error), error.message)
    if missing is not None:
        raise missing from error


def _cause(error: BaseException) -> StatementFailed | None:
    """The server's own refusal, below what the executor made of it."""
    seen: set[int] = set()
    below: BaseException | None = error
    while below is not None and id(below) not in seen:
        if isinstance(below, StatementFailed):
            return below
        seen.add(id(below))
        below = below.__cause__ if below.__cause__ is not below else below.__context__
    return None


def without_extensions(scripts: Scripts, names: Sequence[str]) -> Scripts:
    """The same statements but for CREATE EXTENSION and COMMENT ON EXTENSION of these."""
    if not names:
        return scripts
    cut = {revision: _without(script, names) for revision, script in scripts.by_revision.items()}
    return replace(scripts, by_revision=cut)


def _without(script: Script, names: Sequence[str]) -> Script:
    blocks = tuple(
        replace(block, statements=tuple(each for each in block.statements if not _is_about(each, names)))
        for block in script.blocks
    )
    return replace(script, blocks=blocks)


def _is_about(statement: Statement, names: Sequence[str]) -> bool:
    kind, tree = statement_of(statement.sql)
    return kind == "create_extension_stmt" and tree.extname in names


def applied_now(opened: Opened) -> tuple[Applied, ...]:
    """The tool's history as it stands."""
    return applied_in(opened.project, opened.session, Journal(opened.session, opened.project.tool))


def whose(error: MidairError, among: Sequence[Migration]) -> Migration:
    """The migration the failed statement stands in, by the place in the message."""
    return next((each for each in among if error.message.startswith(f"{each.span.path}:")), among[-1])
