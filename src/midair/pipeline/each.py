"""Every migration by itself, in order: rows in, up, down, up; so that each finding has its migration."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from midair.errors import MigrationFailed, OutcomeUnknown
from midair.model.inventory import Difference, Inventory, differences
from midair.model.migration import Direction, Migration, Script
from midair.model.trace import Proof
from midair.pipeline.flying import flown
from midair.pipeline.opening import Opened
from midair.pipeline.plan import laid
from midair.pipeline.queries import Breakage, Refused, judged
from midair.pipeline.stage import Stage
from midair.pipeline.trial import (
    Notebook,
    Silent,
    Trial,
    applied_now,
    failure_of,
    own_tables,
    refuse_missing_extension,
    schema_of,
)
from midair.pipeline.ways_back import way_back
from midair.rehearsal import verdicts
from midair.rehearsal.application import failing
from midair.rehearsal.keep import Kept, Loss, keep, losses, sequences_behind
from midair.rehearsal.moving import not_moved
from midair.rehearsal.passing import Intent, intent_of, lost_in_passing
from midair.rehearsal.rows import empty, fill
from midair.rehearsal.verdicts import found
from midair.sources.source import Scripts


@dataclass(slots=True)
class _Each:
    """One migration's trial on the database that all before it have passed through."""

    opened: Opened
    migration: Migration
    up: Scripts
    down: Scripts | None
    book: Notebook
    trial: Trial
    emptied: bool = False
    """The rows were taken out, because it only went without them."""
    failed: MigrationFailed | None = None
    """How it failed on rows, and left its database half done: in this one there are none."""
    spoilt: bool = False
    """It stopped half-way, so that without rows it can only be tried in another database."""
    behind: tuple[tuple[str, str, int], ...] = ()
    """Sequences that were behind their columns before."""
    is_back: bool = False
    """The downgrade ran, with rows or without."""

    def run(self) -> bool:
        """Whether the migration is in place at the end, so that the next can be tried."""
        if self.trial.rows and not self.failed:
            filled = fill(self.opened.session, skip=own_tables(self.opened))
            self.book.note_refused(filled)
        before, rows = schema_of(self.opened), self._rows()
        self.behind = sequences_behind(self.opened.session)
        broken = failing(self.opened.session, self.trial.queries)
        if not self._up(rows):
            return False
        after = schema_of(self.opened)
        self._judge_up(before, after, rows)
        self._judge_queries(broken)
        if not self._is_recorded():
            self._proof("down", time.monotonic(), None, "it left itself out: its conditions were not met")
            return True
        if self.migration.repeatable:
            return self._again(after)
        if not self._can_go_back():
            return True
        return self._back_and_up(before, after, rows)

    def _up(self, rows: Kept) -> bool:
        began = time.monotonic()
        if self.failed:
            return self._up_after(self.failed, rows)
        try:
            self._fly(Direction.UP)
        except MigrationFailed as error:
            refuse_missing_extension(error)
            return self._up_without_rows(error, rows, began)
        self._proof("up", began, True)
        return True

    def _up_without_rows(self, error: MigrationFailed, rows: Kept, began: float) -> bool:
        """The name of the failure depends on whether it fails without rows too."""
        self._proof("up", began, False, error.message)
        if not any(each.rows for each in rows.values()):
            self._found(failure_of(error), error.message)
            return False
        return self._up_after(error, rows)

    def _up_after(self, error: MigrationFailed, rows: Kept) -> bool:
        verdict = failure_of(error)
        empty(self.opened.session, [each.name for each in rows.values() if each.rows])
        self.emptied = True
        try:
            self._fly(Direction.UP)
        except MigrationFailed:
            self._found(verdict, error.message)
            return False
        except OutcomeUnknown:
            if self.failed:
                raise
            self.failed, self.spoilt = error, True
            return False
        self._found(verdicts.FAILS_ON_ROWS if verdict is verdicts.UP_FAILS else verdict, error.message)
        return True

    def _judge_up(self, before: Inventory, after: Inventory, rows: Kept) -> None:
        intent = self._intent(self.up)
        for verdict, sentence, table in lost_in_passing(before, after, intent):
            self.book.findings.append(found(verdict, self.migration, sentence, table))
        now = self._rows()
        if self.emptied:
            return
        self._judge_rows(before, intent, rows, now)
        for sequence, column, following in sequences_behind(self.opened.session):
            if (sequence, column, following) in self.behind:
                continue
            self._found(verdicts.SEQUENCE_BEHIND, f"{sequence} gives {following} next, and {column} holds it")

    def _judge_rows(self, before: Inventory, intent: Intent, rows: Kept, now: Kept) -> None:
        if self._is_live():
            self._proof(
                "data kept", time.monotonic(), None, "its own program decides what becomes of the rows"
            )
            return
        triggered = {before.tables.get(each) for each in before.definitions if each.kind == "trigger"}
        lost = [
            each for each in losses(rows, now, every_column=False) if not is_meant(each, intent, triggered)
        ]
        for loss in lost:
            verdict = verdicts.ROWS_LOST if loss.column is None else verdicts.VALUES_CHANGED
            self._found(verdict, sentence_of(loss), loss.table)
        astray = list(not_moved(intent.statements, rows, now))
        for each in astray:
            self._found(verdicts.DATA_NOT_MOVED, str(each), each.table)
        self._proof("data kept", time.monotonic(), not lost and not astray)

    def _is_live(self) -> bool:
        return self.up.by_revision.get(self.migration.revision, Script()).live is not None

    def _judge_queries(self, broken: Refused) -> None:
        now = failing(self.opened.session, self.trial.queries)
        self.book.findings += judged(Breakage(broken, now, now), self.migration, gated=False)

    def _again(self, after: Inventory) -> bool:
        began, rows = time.monotonic(), self._rows()
        try:
            self._fly(Direction.UP)
        except MigrationFailed as error:
            self._proof("again", began, False, error.message)
            self._found(verdicts.REPEATABLE, error.message)
            return True
        differs = differences(after, schema_of(self.opened))
        now = self._rows()
        more = [
            f"{each.name} has {len(now[oid].rows)} rows instead of {len(each.rows)}"
            for oid, each in rows.items()
            if oid in now and len(now[oid].rows) != len(each.rows)
        ]
        detail = str(differs[0]) if differs else more[0] if more else ""
        self._proof("again", began, not detail, detail)
        if detail:
            self._found(verdicts.REPEATABLE, f"run again with nothing changed: {detail}")
        return True

    def _is_recorded(self) -> bool:
        """It is in the tool's history now: a changeset may pass itself over."""
        revision = self.migration.revision
        return self.migration.repeatable or any(
            each.revision == revision for each in applied_now(self.opened)
        )

    def _can_go_back(self) -> bool:
        revision = self.migration.revision
        ready = self.down is not None and revision in self.down.by_revision
        if not ready and self.migration.reversible:
            # A newer migration without a way back kept it from being asked with all the others.
            known = len(self.book.findings)
            self.down = way_back(self.opened, (self.migration,), self.book)
            ready = self.down is not None and revision in self.down.by_revision
            if len(self.book.findings) > known:
                self._proof("down", time.monotonic(), False, "its way back cannot be read")
                return False
        if not ready:
            self._proof("down", time.monotonic(), None, "it has no way back")
        return ready

    def _back_and_up(self, before: Inventory, after: Inventory, rows: Kept) -> bool:
        began = time.monotonic()
        refused = self._down()
        took = time.monotonic() - began
        differs = self._judge_down(before, rows) if self.is_back else ()
        detail = refused or some(differs)
        self.book.proofs.append(Proof("down", self.migration.revision, not detail, took, detail))
        if not self.is_back:
            return False
        clean = not differs
        began = time.monotonic()
        try:
            self._fly(Direction.UP)
        except MigrationFailed as error:
            self._proof("up again", began, False, error.message)
            if clean:
                self._found(verdicts.AGAIN_FAILS, error.message)
            return False
        differs = differences(after, schema_of(self.opened))
        self._proof("up again", began, not differs, some(differs))
        if differs and clean:
            self._found(verdicts.AGAIN_DIFFERS, some(differs))
        return True

    def _down(self) -> str:
        """Why the server refused it, which may have been for the rows alone; empty when it did not."""
        self.is_back = True
        try:
            self._fly(Direction.DOWN)
        except MigrationFailed as error:
            held = [each.name for each in self._rows().values() if each.rows]
            empty(self.opened.session, held)
            self.emptied = True
            try:
                self._fly(Direction.DOWN)
            except (MigrationFailed, OutcomeUnknown):
                self.is_back = False
            self._found(verdicts.DOWN_FAILS_ON_ROWS if self.is_back else verdicts.DOWN_FAILS, error.message)
            return error.message
        return ""

    def _judge_down(self, before: Inventory, rows: Kept) -> Sequence[Difference]:
        """How the schema is not what it was: what goes wrong after that has it as its cause."""
        now = schema_of(self.opened)
        differs = differences(before, now)
        for word, verdict in (
            ("new", verdicts.DOWN_LEAVES),
            ("gone", verdicts.DOWN_FORGETS),
            ("changed", verdicts.DOWN_DIFFERS),
        ):
            those = [each for each in differs if each.word == word]
            if those:
                self._found(verdict, some(those))
        held = self._rows()
        if self.emptied:
            return differs
        gone = {each.thing.name for each in differs}
        for loss in losses(rows, held, every_column=True):
            if f"{loss.table}.{loss.column}" not in gone and loss.table not in gone:
                self._found(verdicts.LOSSY_DOWN, sentence_of(loss), loss.table)
        return differs

    def _fly(self, direction: Direction) -> None:
        scripts = self.up if direction is Direction.UP else self.down or self.up
        plan = laid(self.opened, [self.migration], scripts, direction, applied_now(self.opened))
        flown(self.opened, plan, Silent())

    def _intent(self, scripts: Scripts) -> Intent:
        return intent_of(scripts.by_revision.get(self.migration.revision, Script()).statements)

    def _rows(self) -> Kept:
        return keep(self.opened.session, skip=own_tables(self.opened)) if self.trial.rows else {}

    def _proof(self, name: str, began: float, passed: bool | None, detail: str = "") -> None:
        took = time.monotonic() - began
        self.book.proofs.append(Proof(name, self.migration.revision, passed, took, detail))

    def _found(self, verdict: verdicts.Verdict, message: str, table: str | None = None) -> None:
        self.book.findings.append(found(verdict, self.migration, message, table))


def each_alone(
    here: Stage,
    chosen: Sequence[Migration],
    up: Scripts,
    down: Scripts | None,
    book: Notebook,
    trial: Trial,
    tell: Callable[[str], None],
) -> None:
    """Tries them one at a time, on a database of their own; one that spoils it is followed by a fresh one."""
    done, failed = 0, None
    while (start := _next(chosen, done, trial)) < len(chosen):
        with here.opened() as opened:
            if start and not bring(opened, chosen[:start], up):
                book.notes.append(
                    f"{chosen[start - 1].revision} cannot be brought in, so {len(chosen) - start} after it were not tried by themselves"
                )
                return
            done = start
            for migration in chosen[start:]:
                if _next(chosen, done, trial) != done:
                    break  # what lies between is brought in at once
                done += 1
                tell(f"{done} of {len(chosen)}: {migration.revision} up, down, up")
                one = _Each(opened, migration, up, down, book, trial, failed=failed)
                goes_on, failed = one.run(), one.failed if one.spoilt else None
                if one.spoilt:
                    done -= 1
                if not goes_on:
                    break


def _next(chosen: Sequence[Migration], done: int, trial: Trial) -> int:
    """Where the next one to be tried stands."""
    wanted = (
        place
        for place, each in enumerate(chosen[done:], done)
        if trial.only is None or each.revision in trial.only
    )
    return next(wanted, len(chosen))


def bring(opened: Opened, migrations: Sequence[Migration], up: Scripts) -> bool:
    """These in one go and without rows; whether that went well."""
    try:
        plan = laid(opened, migrations, up, Direction.UP, applied_now(opened))
        flown(opened, plan, Silent())
    except MigrationFailed:
        return False
    return True


def is_meant(loss: Loss, intent: Intent, triggered: set[str | None]) -> bool:
    """The migration says so; or it updates the table, and a trigger may do the rest."""
    if intent.replaces(loss.table):
        return True
    if loss.column is None:
        return intent.deletes(loss.table)
    return intent.sets(loss.table, loss.column) or (intent.updates(loss.table) and loss.table in triggered)


def some(differs: Sequence[Difference]) -> str:
    """The first of them in words."""
    more = f" (and {len(differs) - 3} more)" if len(differs) > 3 else ""
    return "; ".join(str(each) for each in differs[:3]) + more


def sentence_of(loss: Loss) -> str:
    """What is not there any more, with an example."""
    if loss.column is None:
        return f"{loss.gone} of {loss.before} rows of {loss.table} are not there any more"
    was = "NULL" if loss.example is None else repr(loss.example[:60])
    became = "NULL" if loss.became is None else repr(loss.became[:60])
    return f"{loss.gone} of {loss.before} values of {loss.table}.{loss.column} are not what they were, such as {was}, now {became}"
