"""The steps a run will take, laid out and not taken.

What knows changes and their effects is imported where a plan needs it: a run that finds nothing to do does not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from shutil import disk_usage
from typing import TYPE_CHECKING

from midair.database.session import Session
from midair.dialects.dialect import dialect_of
from midair.errors import PlanChanged
from midair.journal import Journal, contracts
from midair.model.address import Product
from midair.model.contract import Contract
from midair.model.migration import Applied, Direction, Migration, RevisionId, Script
from midair.model.plan import LIVE, Plan
from midair.model.schema import Schema
from midair.pipeline.begun import Left, kept_for, left, rest_of, told
from midair.pipeline.opening import Opened, opening
from midair.pipeline.request import Request
from midair.pipeline.standings import names_of, standings_of
from midair.planning.choose import comes_after, pending_of, undoing
from midair.planning.contracting import from_archive
from midair.planning.lay_out import Item, lay_out
from midair.sources.history import Marks
from midair.sources.source import Scripts, Work

if TYPE_CHECKING:
    from midair.rewriting.scene import Scene

_AS_WRITTEN = (
    "MariaDB: statements run as written; none is compiled into online steps, rehearsed, or looked at for locks and risks",
    "MariaDB commits every DDL statement by itself: a changeset that fails half-way stays half applied, and is resumed",
)


def plan(
    request: Request,
    target: str | None = None,
    direction: Direction = Direction.UP,
    *,
    keep_target: bool = False,
) -> Plan:
    """The steps `apply` (or `rollback`) would take now; nothing is written to the target.

    Raises:
        ProjectError: the migrations, the history or the target do not fit together.
    """
    with opening(request) as opened:
        return planned(opened, target, direction, keep_target=keep_target)


def planned(opened: Opened, target: str | None, direction: Direction, *, keep_target: bool = False) -> Plan:
    """What is to be done, in the tool's own order and transactions.

    Backward, a migration that a run left half applied goes first, and by itself: nothing of it is recorded yet.
    """
    if direction is Direction.DOWN and not keep_target:
        from midair.pipeline.takeback import abort_of, half_applied

        begun_now = half_applied(opened, target)
        if begun_now is not None:
            return abort_of(opened, begun_now)
    applied, standings = standings_of(opened)
    begun = left(opened)
    if begun.program is not None and begun.program.direction is direction:
        # What it left stands in the schema: nothing after it can be tried there before it is finished.
        chosen = tuple(each for each in opened.project.migrations if each.revision in begun.revisions)
        if begun.program.strategy == "direct":
            return told(begun, rest_of(begun.program, chosen, names_of(applied)), chosen)
        return told(begun, laid(opened, chosen, Scripts({}), direction, applied, begun=begun), chosen)
    if direction is Direction.UP:
        chosen = pending_of(standings, target)
    else:
        chosen = undoing(standings, target or "-1", keep_target=keep_target)
    if begun.strategy([each.revision for each in chosen], direction) != begun.asked:
        chosen = tuple(each for each in chosen if each.revision in begun.revisions)
    scripts = scripts_of(opened, chosen, direction, applied)
    return told(begun, laid(opened, chosen, scripts, direction, applied, begun=begun), chosen)


def scripts_of(
    opened: Opened, chosen: Sequence[Migration], direction: Direction, applied: tuple[Applied, ...]
) -> Scripts:
    """The statements of these migrations, as the source gives them for a database that holds `applied`."""
    asked = chosen if direction is Direction.UP else _with_a_way_back(chosen, _to_take_back(opened))
    if direction is Direction.UP and opened.project.history.decide is not None:
        steps = Journal(opened.session, opened.project.tool).open_steps()
        begun = {each.revision for each in steps if f":{LIVE}:" not in each.id}
        opened.project.history.decide(opened.session, chosen, begun)
    work = Work(tuple(asked), direction, applied, opened.session.product)
    scripts = opened.source.scripts(opened.project, work, opened.scratch, opened.options)
    if not scripts.by_revision:
        return scripts
    from midair.planning.intents import with_intents

    return replace(
        scripts,
        by_revision={
            revision: with_intents(script, lambda path: text_of(opened, path), opened.source.declared)
            for revision, script in scripts.by_revision.items()
        },
    )


def text_of(opened: Opened, path: str) -> str | None:
    """A file of the project; `None` for one that is no file of text (a changelog in a jar)."""
    try:
        return (opened.project.root / path).read_text(errors="replace")
    except OSError:
        return None


def _as_they_are(schema: Schema) -> Schema:
    return schema


def laid(
    opened: Opened,
    chosen: Sequence[Migration],
    scripts: Scripts,
    direction: Direction,
    applied: tuple[Applied, ...],
    sizes: Callable[[Schema], Schema] = _as_they_are,
    *,
    begun: Left | None = None,
) -> Plan:
    """These migrations as steps, by the strategy of the request, with what the tool writes about each.

    `sizes` puts other sizes into the schema that was read: a copy's tables are small, and the target's are not. `begun` is what
    there is to go on with, where that was read before.
    """
    made = _laid(opened, chosen, scripts, direction, applied, sizes, begun or left(opened))
    return replace(made, notes=(*made.notes, *_to_subscribers(opened.session))) if made.segments else made


def _to_subscribers(session: Session) -> tuple[str, ...]:
    """What is told where a publication sends midair's own tables along."""
    if session.product is not Product.POSTGRESQL:
        return ()
    from midair.dialects.postgresql.publishing import everything_sent

    return tuple(
        f"the publication {each} sends every table, the schema midair and the tool's history too: a PostgreSQL subscriber stops there, and goes on"
        " where it was once it has them (pg_dump --schema-only --schema=midair, played there with psql)"
        for each in everything_sent(session)
    )


def _laid(
    opened: Opened,
    chosen: Sequence[Migration],
    scripts: Scripts,
    direction: Direction,
    applied: tuple[Applied, ...],
    sizes: Callable[[Schema], Schema],
    begun: Left,
) -> Plan:
    project, session = opened.project, opened.session
    up = direction is Direction.UP
    marks = (project.history.record if up else project.history.forget)(session, chosen, applied)
    items = items_of(chosen, scripts.by_revision, marks)
    prepare = (*scripts.before_history, *project.history.create(session)) if up else ()
    dialect, before = dialect_of(session.product), names_of(applied)
    strategy = begun.strategy([each.revision for each in chosen], direction)
    waiting = _to_take_back(opened)
    takes_back = direction is Direction.DOWN and {each.revision for each in waiting} & {
        each.revision for each in chosen
    }
    if direction is Direction.UP:
        waiting = tuple(each.contract for each in contracts.waiting(session))
    if strategy == "online" or takes_back:
        from midair.planning.online import lay_out_online

        return lay_out_online(
            project.tool,
            direction,
            items,
            dialect,
            scene_now(opened, sizes, may_defer=up),
            prologue=scripts.prologue,
            epilogue=scripts.epilogue,
            before=before,
            prepare=prepare,
            begun=begun.plan,
            waiting=waiting,
            builds_on=partial(comes_after, project.migrations),
        )
    if direction is Direction.UP and waiting:
        from midair.planning.held import refuse_held

        for each in items:
            builds_on = partial(comes_after, project.migrations, each.migration)
            refuse_held(each.script.statements, waiting, builds_on)
    made = lay_out(
        project.tool,
        direction,
        items,
        dialect,
        prologue=scripts.prologue,
        epilogue=scripts.epilogue,
        one_transaction=project.history.run_is_one_transaction,
        before=before,
        prepare=prepare,
    )
    if opened.source.unrun is not None:
        made = replace(made, sources=kept_for(made))
    return replace(made, notes=_AS_WRITTEN) if session.product is Product.MARIADB and items else made


def scene_now(
    opened: Opened, sizes: Callable[[Schema], Schema] = _as_they_are, *, may_defer: bool
) -> "Scene":
    """The target as rewrites and recipes see it; what only recipes ask for is read where one may be used."""
    from midair.dialects.postgresql.attached import attachments
    from midair.dialects.postgresql.bridging import bridgings
    from midair.dialects.postgresql.snapshot import snapshot
    from midair.dialects.postgresql.standins import stand_ins
    from midair.dialects.postgresql.usage import usages
    from midair.rewriting.scene import scene_of

    session = opened.session
    scene = scene_of(
        sizes(snapshot(session)), session.server_version // 10_000, opened.request.small_table_bytes
    )
    first = session.query("SELECT pg_catalog.current_schema()")[0][0]
    scene = replace(scene, unqualified=None if first is None else str(first))
    if not may_defer:
        return scene
    return replace(
        scene,
        bridging=bridgings(session),
        attached=attachments(session),
        stand_ins=stand_ins(session),
        usages=usages(session),
        free_bytes=_free_bytes(session),
        defers=True,
    )


def _free_bytes(session: Session) -> int | None:
    """What is left on the server's disk; `None` where it is on another machine, or keeps its folder to itself."""
    if not (session.address.host or "/").startswith("/"):
        return None
    # From a table, because a mere SHOW fails for roles that may not know.
    found = session.query("SELECT setting FROM pg_settings WHERE name = 'data_directory'")
    try:
        return disk_usage(found[0][0]).free if found else None
    except OSError:
        return None


def _to_take_back(opened: Opened) -> tuple[Contract, ...]:
    """What this tool's migrations left that midair itself takes back, oldest first: open contracts, and what contracts put aside.

    Where one contract of a migration has run for good, the others alone cannot take the whole of it back.
    """
    session, tool = opened.session, opened.project.tool
    aside = [from_archive(each.contract) for each in contracts.archived(session, tool)]
    waiting = (*aside, *(each.contract for each in contracts.waiting(session, tool)))
    partly = contracts.past_return(session, tool)
    return tuple(
        replace(each, whole=False, rest=None) if each.revision in partly else each for each in waiting
    )


def _with_a_way_back(chosen: Sequence[Migration], waiting: Sequence[Contract]) -> tuple[Migration, ...]:
    """Those whose downgrade is to be read: an open contract is taken back without one."""
    own = {each.revision for each in waiting if each.whole or each.rest is not None}
    return tuple(each for each in chosen if each.reversible or each.revision not in own)


def items_of(
    chosen: Sequence[Migration], scripts: Mapping[RevisionId, Script], marks: Sequence[Marks]
) -> list[Item]:
    """Each migration with its statements and what the tool writes about it."""
    return [
        Item(
            each,
            scripts.get(each.revision, Script()),
            mark.within,
            mark.before,
            mark.after,
            mark.on_failure,
            mark.timed,
        )
        for each, mark in zip(chosen, marks, strict=True)
    ]


def refuse_unapproved(opened: Opened, made: Plan, approved: str | None) -> None:
    """An approved plan that was begun here may be finished: what is left of it is all that is planned."""
    if approved is None or made.digest == approved:
        return
    begun = Journal(opened.session).steps_of(approved)
    if not begun or any(step.id not in begun for step in made.steps):
        raise PlanChanged(
            f"the plan is {made.digest} now, and {approved} was approved: migrations or history changed since",
            state="nothing was changed",
            hint="look at `midair plan` again and approve what it shows",
        )
