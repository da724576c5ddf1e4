"""What `apply` makes of migrations online: expand, back, expand again, contract, back; beside the run as written.

Two databases hold the same at the beginning. In one the migrations run as their author wrote them, in the
other as `apply` would; whenever both are done, they must hold the same again.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

from midair.errors import GateInTheWay, Irreversible, MidairError, MigrationFailed, NotOnline, Refused
from midair.journal import Journal, contracts
from midair.model.inventory import Inventory, differences
from midair.model.migration import Direction, Migration
from midair.model.plan import Plan
from midair.model.trace import Proof, TracedStep
from midair.pipeline.contract import look
from midair.pipeline.each import bring
from midair.pipeline.flying import flown
from midair.pipeline.opening import Opened
from midair.pipeline.plan import laid
from midair.pipeline.queries import Breakage, judged
from midair.pipeline.stage import Stage
from midair.pipeline.traced import Listening, traced_steps, watching
from midair.pipeline.trial import Notebook, Silent, Trial, applied_now, own_tables, schema_of, whose
from midair.planning.contracting import lay_out_contracts
from midair.rehearsal import verdicts
from midair.rehearsal.application import failing
from midair.rehearsal.compare import as_large_as, unlike_rows
from midair.rehearsal.keep import Kept, keep
from midair.rehearsal.rows import fill
from midair.rehearsal.verdicts import Verdict, found
from midair.sources.source import Scripts


@dataclass(slots=True)
class _Pair:
    """The database that runs migrations as written, the one that runs what `apply` makes of them, and one group of migrations."""

    here: Stage
    written: Opened
    online: Opened
    group: Sequence[Migration]
    up: Scripts
    down: Scripts | None
    book: Notebook
    trial: Trial
    steps: list[TracedStep] = field(default_factory=list[TracedStep])

    def run(self) -> bool:
        """Whether both databases hold the same at the end, so that what follows can be tried.

        Raises:
            GateInTheWay: one migration of the group needs the contract of another closed first.
        """
        for each in (self.written, self.online) if self.trial.rows else ():
            fill(each.session, skip=own_tables(each))
        starts, broken = schema_of(self.online), failing(self.online.session, self.trial.queries)
        rows = self._rows(self.written), self._rows(self.online)
        try:
            self._fly(self.written)
        except MigrationFailed:
            return False  # the trial of what is written tells why
        plan = self._expand()
        if plan is None:
            return False
        expanded = failing(self.online.session, self.trial.queries)
        gated = bool(plan.contracts)
        if gated and not (self._back_and_forth(starts) and self._contract()):
            return False
        contracted = failing(self.online.session, self.trial.queries)
        self.book.findings += judged(Breakage(broken, expanded, contracted), self.group[-1], gated=gated)
        self._same("online: same as written", rows)
        return self._down_and_up() if any(step.rewrite for step in plan.steps) else True

    def _expand(self) -> Plan | None:
        began = time.monotonic()
        with watching(self.online) as (watched, session):
            try:
                plan = self.planned(watched)
            except GateInTheWay:
                raise
            except Refused as error:
                self._failed("online: expand", began, verdicts.ONLINE_REFUSED, error)
                return None
            self.book.notes += plan.notes
            listening = Listening(session)
            try:
                flown(watched, plan, listening)
            except NotOnline as error:  # a program whose rows decided it
                self._failed("online: expand", began, verdicts.ONLINE_REFUSED, error)
                return None
            except MidairError as error:
                self._failed("online: expand", began, verdicts.ONLINE_FAILS, error)
                return None
            finally:
                listening.close()
                self.steps += traced_steps(session.seen, plan, self.here.target)
        self._proof("online: expand", began, True)
        return plan

    def _back_and_forth(self, starts: Inventory) -> bool:
        """Taken back before contract, which loses nothing, and expanded again."""
        began, expanded = time.monotonic(), schema_of(self.online)
        try:
            plan = self.planned(self.online, Direction.DOWN)
        except Irreversible as error:
            self._proof("online: back before contract", began, None, error.message)
            return True
        try:
            flown(self.online, plan, Silent())
            self._compared("online: back before contract", began, starts, verdicts.ONLINE_STAYS)
            began = time.monotonic()
            self._fly(self.online)
        except MidairError as error:
            self._failed("online: back before contract", began, verdicts.ONLINE_STAYS, error)
            return False
        self._compared("online: expand again", began, expanded, verdicts.ONLINE_STAYS)
        return True

    def _contract(self) -> bool:
        """Closes the gates as a person would who has waited long enough: what only time would show is not asked."""
        began = time.monotonic()
        tool = self.online.project.tool
        with watching(self.online) as (watched, session):
            waiting = look(watched, contracts.waiting(watched.session, tool))
            shut = [each for seen in waiting for each in seen.evidence if each.final]
            known = Journal(watched.session).checksums(tool)
            plan = lay_out_contracts(tool, [each.waiting.contract for each in waiting], tuple(known.items()))
            try:
                if not shut:
                    flown(watched, plan, Silent())
            except MidairError as error:
                self._failed("online: contract", began, verdicts.ONLINE_FAILS, error)
                return False
            self.steps += traced_steps(session.seen, plan, self.here.target)
        detail = "; ".join(f"{each.probe}: {each.text}" for each in shut)
        self._proof("online: contract", began, not shut, detail)
        if shut:
            self.book.findings.append(found(verdicts.ONLINE_FAILS, self.group[-1], detail))
        return not shut

    def _down_and_up(self) -> bool:
        """The tool's own downgrade after contract, and everything once more."""
        if not self.down or any(each.revision not in self.down.by_revision for each in self.group):
            return True
        began = time.monotonic()
        rows = self._rows(self.written), self._rows(self.online)
        try:
            self._fly(self.written, Direction.DOWN)
        except MigrationFailed:
            return False  # told by the trial of what is written
        try:
            self._fly(self.online, Direction.DOWN)
            self._same("online: down", rows)
            began = time.monotonic()
            self._fly(self.online)
            if contracts.waiting(self.online.session, self.online.project.tool) and not self._contract():
                return False
        except MidairError as error:
            self._failed("online: down", began, verdicts.ONLINE_FAILS, error)
            return False
        try:
            self._fly(self.written)
        except MigrationFailed:
            return False
        self._same("online: up again", None)
        return True

    def _same(self, name: str, rows: tuple[Kept, Kept] | None) -> None:
        """Both databases hold the same; `rows` are what each held before."""
        began = time.monotonic()
        self._compared(name, began, schema_of(self.written), verdicts.ONLINE_DIFFERS)
        if rows is None:
            return
        now = self._rows(self.written), self._rows(self.online)
        for sentence in unlike_rows((rows[0], now[0]), (rows[1], now[1])):
            self.book.findings.append(found(verdicts.ONLINE_DIFFERS, self.group[-1], sentence))

    def _compared(self, name: str, began: float, expected: Inventory, verdict: Verdict) -> None:
        differs = differences(expected, schema_of(self.online))
        self._proof(name, began, not differs, "; ".join(str(each) for each in differs[:3]))
        if differs:
            told = "; ".join(str(each) for each in differs[:3])
            self.book.findings.append(found(verdict, self.group[-1], f"{name}: {told}"))

    def _fly(self, opened: Opened, direction: Direction = Direction.UP) -> None:
        flown(opened, self.planned(opened, direction), Silent())

    def planned(self, opened: Opened | None = None, direction: Direction = Direction.UP) -> Plan:
        """What `apply` (or `rollback`) would do now with the sizes of the target."""
        opened = opened or self.online
        scripts = self.up if direction is Direction.UP else self.down or self.up
        sizes = partial(as_large_as, self.here.target)
        chosen = self.group if direction is Direction.UP else tuple(reversed(self.group))
        return laid(opened, chosen, scripts, direction, applied_now(opened), sizes)

    def _rows(self, opened: Opened) -> Kept:
        return keep(opened.session, skip=own_tables(opened)) if self.trial.rows else {}

    def _failed(self, name: str, began: float, verdict: Verdict, error: MidairError) -> None:
        migration = whose(error, self.group)
        self.book.findings.append(found(verdict, migration, error.message))
        self._proof(name, began, False, error.message)

    def _proof(self, name: str, began: float, passed: bool | None, detail: str = "") -> None:
        revision = self.group[0].revision if len(self.group) == 1 else None
        self.book.proofs.append(Proof(name, revision, passed, time.monotonic() - began, detail))


def online_as_applied(
    here: Stage,
    chosen: Sequence[Migration],
    up: Scripts,
    down: Scripts | None,
    book: Notebook,
    trial: Trial,
) -> bool:
    """All of them in the one plan that `apply` would follow now; false when one must wait for another's contract.

    Its steps take the place of those of the run as written.
    """
    with ExitStack() as exits:
        written = exits.enter_context(here.opened())
        online = exits.enter_context(here.opened("online"))
        pair = _Pair(here, written, online, chosen, up, down, book, trial)
        try:
            book.digest = pair.planned().digest
            pair.run()
        except GateInTheWay as error:
            book.notes.append(f"apply would stop there: {error.message}")
            return False
        except Refused as error:
            book.findings.append(found(verdicts.ONLINE_REFUSED, whose(error, chosen), error.message))
            return False
        book.steps = tuple(pair.steps)
    return True


def online_one_by_one(
    here: Stage,
    chosen: Sequence[Migration],
    up: Scripts,
    down: Scripts | None,
    book: Notebook,
    trial: Trial,
    tell: Callable[[str], None],
) -> tuple[TracedStep, ...]:
    """Each by itself, as if it were deployed alone; gives their steps."""
    steps: list[TracedStep] = []
    done = 0
    while done < len(chosen):
        with ExitStack() as exits:
            written = exits.enter_context(here.opened())
            online = exits.enter_context(here.opened("online"))
            as_written = replace(online, request=written.request)
            if done and not all(bring(each, chosen[:done], up) for each in (written, as_written)):
                return tuple(steps)  # said by the trial of what is written
            for migration in chosen[done:]:
                done += 1
                tell(
                    f"{done} of {len(chosen)}: {migration.revision} online: expand, back, contract, down, up"
                )
                pair = _Pair(here, written, online, (migration,), up, down, book, trial)
                whole = pair.run()
                steps += pair.steps
                if not whole:
                    break
    return tuple(steps)
