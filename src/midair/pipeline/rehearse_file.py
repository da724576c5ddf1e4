"""The plan tried on a copy of a SQLite file: up, nothing, down, up, with schemas compared and rows kept."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from midair.database.sqlite import SqliteSession
from midair.dialects.sqlite.inventory import inventory
from midair.errors import MigrationFailed, NoDatabase, OutcomeUnknown
from midair.model.address import Address, Product
from midair.model.inventory import Inventory, differences
from midair.model.migration import Direction, Migration, Script
from midair.model.statement import Statement
from midair.model.trace import Proof, Rehearsed
from midair.pipeline.copied_file import Place
from midair.pipeline.each import is_meant, sentence_of, some
from midair.pipeline.flying import flown
from midair.pipeline.opening import Opened, address_of, open_project
from midair.pipeline.plan import laid
from midair.pipeline.request import Request
from midair.pipeline.standings import standings_of
from midair.pipeline.trial import Notebook, Silent, Trial, applied_now, own_tables, whose
from midair.pipeline.ways_back import way_back, ways_up
from midair.planning.choose import pending_of
from midair.rehearsal import verdicts
from midair.rehearsal.keep import Kept, losses
from midair.rehearsal.passing import intent_of
from midair.rehearsal.sqlite_rows import empty, fill, keep
from midair.rehearsal.verdicts import Verdict, found
from midair.sources.source import Scripts

_EACH_AT_MOST = 50
_LOCKS = (
    "SQLite has one lock, on the whole file: a migration's transaction keeps every other writer out until it ends, and"
    " readers too while it commits (in WAL mode not even then). So there are no locks of statements to show here"
)
_REFUSALS = {
    "NOT NULL constraint failed": verdicts.NULLS_IN_THE_WAY,
    "Cannot add a NOT NULL column": verdicts.NULLS_IN_THE_WAY,
    "UNIQUE constraint failed": verdicts.DUPLICATES_IN_THE_WAY,
    "CHECK constraint failed": verdicts.ROWS_BREAK_CHECK,
    "FOREIGN KEY constraint failed": verdicts.ORPHANS_IN_THE_WAY,
}
"""What a migration that fails is called, by SQLite's words for it."""


def sqlite_of(request: Request, *, from_empty: bool) -> Address | None:
    """The SQLite file that is meant, `None` where the project is for another product."""
    _, project = open_project(request)
    try:
        address = address_of(request, project)
    except NoDatabase:
        address = None
    if address is not None and address.product is Product.SQLITE:
        return replace(address, database="") if from_empty else address
    if address is None and project.product is Product.SQLITE:
        return Address(Product.SQLITE, "")
    return None


def rehearse_file(request: Request, file: Address, trial: Trial, tell: Callable[[str], None]) -> Rehearsed:
    """As `rehearse`; the file itself is only read, and only at the beginning."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="midair-rehearsal-") as folder:
        here = Place(request, Path(folder))
        start, notes = here.copy(file.database, masked=bool(trial.masks))
        book = Notebook(notes=notes)
        with here.opened() as opened:
            applied, standings = standings_of(opened)
            pending = pending_of(standings, trial.target)
            chosen, scripts = ways_up(opened, pending, applied, book)
            book.digest = laid(opened, chosen, scripts, Direction.UP, applied).digest
            if chosen:
                book.notes.append(_LOCKS)
                tell(f"up, down, up: {len(chosen)} migrations")
                whole = _Passage(opened, chosen, scripts, None, Notebook(), trial)
                whole.run()
                book.proofs += [replace(each, revision=None) for each in whole.book.proofs]
                book.suspicions, book.filled = whole.book.findings, whole.book.filled
                book.notes += whole.book.notes
        each = trial.each or (trial.each is None and len(chosen) <= _EACH_AT_MOST)
        if chosen and each:
            _each_alone(here, chosen, scripts, book, trial, tell)
        if trial.queries or trial.queries_from_target:
            book.notes.append("queries of the application are tried on PostgreSQL only")
        return Rehearsed(
            tool=opened.project.tool,
            revisions=tuple((one.revision, one.description) for one in pending),
            start=start,
            server=f"SQLite {_version()}",
            target_server=None,
            plan_digest=book.digest,
            steps=(),
            proofs=tuple(book.proofs),
            findings=tuple(book.findings or book.suspicions),
            filled=book.filled,
            notes=tuple(dict.fromkeys(book.notes)),
            took_s=time.monotonic() - began,
        )


@dataclass(slots=True)
class _Passage:
    """Some migrations up, down and up again on one file; all it finds is told of the last, or of whom the server names."""

    opened: Opened
    chosen: Sequence[Migration]
    up: Scripts
    down: Scripts | None
    book: Notebook
    trial: Trial
    emptied: bool = False

    def run(self) -> bool:
        """Whether they are in place at the end."""
        if self.trial.rows:
            filled = fill(self.opened.session, skip=own_tables(self.opened))
            self.book.filled = filled.rows
            self.book.note_refused(filled)
        before, rows = self._schema(), self._rows()
        if not self._up(rows):
            return False
        after = self._schema()
        if not self.emptied:
            self._judge_rows(rows)
        self._again(after)
        if all(each.repeatable for each in self.chosen):
            return True
        return self._back_and_up(before, after, rows)

    def _up(self, rows: Kept) -> bool:
        began = time.monotonic()
        try:
            self.fly(Direction.UP)
        except MigrationFailed as error:
            self._proof("up", began, False, error.message)
            held = [each.name for each in rows.values() if each.rows]
            verdict = next(
                (each for words, each in _REFUSALS.items() if words in error.message), verdicts.UP_FAILS
            )
            if not held:
                return self._found(verdict, error.message, whose(error, self.chosen))
            empty(self.opened.session, held)
            self.emptied = True
            try:
                self.fly(Direction.UP)
            except (MigrationFailed, OutcomeUnknown):
                return self._found(verdict, error.message, whose(error, self.chosen))
            named = verdicts.FAILS_ON_ROWS if verdict is verdicts.UP_FAILS else verdict
            self._found(named, error.message, whose(error, self.chosen))
            return True
        self._proof("up", began, True)
        return True

    def _judge_rows(self, rows: Kept) -> None:
        began, now = time.monotonic(), self._rows()
        intent = intent_of([each for each in self._statements() if not _is_pragma(each)])
        lost = [each for each in losses(rows, now, every_column=False) if not is_meant(each, intent, set())]
        for each in lost:
            self._found(
                verdicts.ROWS_LOST if each.column is None else verdicts.VALUES_CHANGED, sentence_of(each)
            )
        orphans = self.opened.session.query(
            'SELECT "table", "parent", count(*) FROM pragma_foreign_key_check GROUP BY 1, 2'
        )
        for table, parent, count in orphans:
            self._found(verdicts.ORPHANS_IN_THE_WAY, f"{count} rows of {table} point to no row of {parent}")
        self._proof("data kept", began, not lost)

    def _again(self, after: Inventory) -> None:
        began = time.monotonic()
        _, standings = standings_of(self.opened)
        mine = {each.revision for each in self.chosen}
        waiting = [each.revision for each in pending_of(standings, "heads") if each.revision in mine]
        differs = differences(after, self._schema())
        detail = f"{', '.join(waiting)} would run again" if waiting else some(differs)
        self._proof("second run", began, not detail, detail)
        if detail:
            self._found(verdicts.SECOND_RUN, detail)

    def _back_and_up(self, before: Inventory, after: Inventory, rows: Kept) -> bool:
        undone = [each for each in reversed(self.chosen) if not each.repeatable]
        if not all(each.reversible for each in undone):
            self._proof("down", time.monotonic(), None, "it has no way back")
            return True
        self.down = self.down or way_back(self.opened, undone, self.book)
        if self.down is None or any(each.revision not in self.down.by_revision for each in undone):
            self._proof("down", time.monotonic(), None, "its way back cannot be read")
            return True
        began = time.monotonic()
        try:
            self.fly(Direction.DOWN)
        except MigrationFailed as error:
            self._proof("down", began, False, error.message)
            return self._found(verdicts.DOWN_FAILS, error.message, whose(error, self.chosen))
        differs = self._judge_down(before, rows)
        self._proof("down", began, not differs, differs)
        return self._up_again(after, clean=not differs)

    def _judge_down(self, before: Inventory, rows: Kept) -> str:
        differs = differences(before, self._schema())
        for word, verdict in (
            ("new", verdicts.DOWN_LEAVES),
            ("gone", verdicts.DOWN_FORGETS),
            ("changed", verdicts.DOWN_DIFFERS),
        ):
            those = [each for each in differs if each.word == word]
            if those:
                self._found(verdict, some(those))
        gone = {each.thing.name for each in differs}
        if not self.emptied:
            for each in losses(rows, self._rows(), every_column=True):
                if f"{each.table}.{each.column}" not in gone and each.table not in gone:
                    self._found(verdicts.LOSSY_DOWN, sentence_of(each))
        return some(differs)

    def _up_again(self, after: Inventory, *, clean: bool) -> bool:
        began = time.monotonic()
        try:
            self.fly(Direction.UP)
        except MigrationFailed as error:
            self._proof("up again", began, False, error.message)
            if clean:
                self._found(verdicts.AGAIN_FAILS, error.message, whose(error, self.chosen))
            return False
        differs = differences(after, self._schema())
        self._proof("up again", began, not differs, some(differs))
        if differs and clean:
            self._found(verdicts.AGAIN_DIFFERS, some(differs))
        return True

    def fly(self, direction: Direction) -> None:
        """All of them in one direction."""
        scripts = self.up if direction is Direction.UP else self.down or self.up
        order = (
            self.chosen
            if direction is Direction.UP
            else [each for each in reversed(self.chosen) if not each.repeatable]
        )
        flown(self.opened, laid(self.opened, order, scripts, direction, applied_now(self.opened)), Silent())

    def _schema(self) -> Inventory:
        return inventory(self.opened.session).without_tables(own_tables(self.opened))

    def _rows(self) -> Kept:
        return keep(self.opened.session, skip=own_tables(self.opened)) if self.trial.rows else {}

    def _statements(self) -> list[Statement]:
        return [
            statement
            for each in self.chosen
            for statement in self.up.by_revision.get(each.revision, Script()).statements
        ]

    def _proof(self, name: str, began: float, passed: bool | None, detail: str = "") -> None:
        self.book.proofs.append(
            Proof(name, self.chosen[-1].revision, passed, time.monotonic() - began, detail)
        )

    def _found(self, verdict: Verdict, message: str, migration: Migration | None = None) -> bool:
        self.book.findings.append(found(verdict, migration or self.chosen[-1], message))
        return False


def _each_alone(
    here: Place,
    chosen: Sequence[Migration],
    scripts: Scripts,
    book: Notebook,
    trial: Trial,
    tell: Callable[[str], None],
) -> None:
    done = 0
    while done < len(chosen):
        with here.opened() as opened:
            if done:
                before = _Passage(opened, chosen[:done], scripts, None, Notebook(), trial)
                try:
                    before.fly(Direction.UP)
                except MigrationFailed:
                    book.notes.append(
                        f"{chosen[done - 1].revision} cannot be brought in, so {len(chosen) - done} after it were not tried by themselves"
                    )
                    return
            for migration in chosen[done:]:
                done += 1
                tell(f"{done} of {len(chosen)}: {migration.revision} up, down, up")
                if not _Passage(opened, (migration,), scripts, None, book, trial).run():
                    break


def _is_pragma(statement: Statement) -> bool:
    """It sets the session and no row."""
    return statement.sql.split(maxsplit=1)[:1] in (["PRAGMA"], ["pragma"])


def _version() -> str:
    number = SqliteSession.server_version
    return f"{number // 1_000_000}.{number // 1000 % 1000}"
