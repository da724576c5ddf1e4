"""What a rewrite makes is what the author's own statement makes, with locks no stronger than the plan promises."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.cases import NAIVE, Naive
from tests.rewriting.conftest import Rig, request_for
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.database import Session
from midair.model.address import Address
from midair.model.backfill import Backfill
from midair.model.effects import LockLevel
from midair.model.plan import Plan, RunStatement, Segment
from midair.model.statement import Sql

_MODES = {
    "".join(part.title() for part in str(level).split()) + "Lock": level for level in LockLevel if level
}
_HELD = """
SELECT c.oid::regclass::text, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation' AND c.relkind IN ('r', 'p')
  AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'schema_migrations'
"""


@pytest.mark.parametrize("naive", NAIVE, ids=lambda each: each.name)
def test_an_online_run_leaves_what_the_naive_run_leaves(
    rig: Rig, project: Callable[..., Path], naive: Naive
) -> None:
    if rig.major < naive.since:
        pytest.skip("not a statement of this version")
    root = project(naive.sql)
    as_written = project(*naive.sql.split("\n")) if naive.cut_by_hand else root
    with rig.database(naive.given) as written, rig.database(naive.given) as online:
        midair.apply(request_for(as_written, written, "direct"), Remembering())
        made = midair.plan(request_for(root, online))
        assert naive.uses <= {step.rewrite for step in made.steps}
        midair.apply(request_for(root, online), Remembering())
        assert _dump(rig, online) == _dump(rig, written)


def _dump(rig: Rig, address: Address) -> str:
    """Schema and rows, without the tool's own rows: a project cut by hand has more of them."""
    lines = dump(rig.server.bin, address).splitlines()
    return "\n".join(line for line in lines if "INSERT INTO public.schema_migrations" not in line)


@pytest.mark.parametrize("naive", NAIVE, ids=lambda each: each.name)
def test_no_lock_is_stronger_than_promised_and_no_strong_one_is_held_through_long_work(
    rig: Rig, project: Callable[..., Path], naive: Naive
) -> None:
    if rig.major < naive.since:
        pytest.skip("not a statement of this version")
    with rig.database(naive.given) as address, rig.session(address) as session:
        made = midair.plan(request_for(project(naive.sql), address))
        before = {
            row[0]
            for row in session.query("SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p')")
        }
        held = [_performed(session, segment, before) for segment in made.segments]
        for segment, seen in zip(made.segments, held, strict=True):
            promised: dict[str, LockLevel] = {}
            for name, level in (lock for step in segment.steps for lock in step.locks):
                promised[name] = max(level, promised.get(name, LockLevel.ROW_EXCLUSIVE))
            for table, level in seen.items():
                assert level <= promised.get(table, LockLevel.ROW_EXCLUSIVE), segment.why
        assert_cut_well(made)


def _performed(session: Session, segment: Segment, before: set[str]) -> dict[str, LockLevel]:
    """Runs a segment as it would be run; the strongest lock on each table that was there before."""
    texts = [
        step.action.statement.sql
        for step in segment.steps
        if isinstance(step.action, RunStatement | Backfill)
    ]
    if not segment.atomic:
        session.run([Sql(text) for text in texts], atomic=False)
        return {}
    seen: dict[str, LockLevel] = {}
    session.run([Sql("BEGIN"), *(Sql(text) for text in texts)], atomic=False)
    for table, mode in session.query(_HELD):
        if table in before:
            seen[table] = max(_MODES[mode], seen.get(table, LockLevel.NONE))
    session.run([Sql("COMMIT")], atomic=False)
    return seen


def assert_cut_well(made: Plan) -> None:
    """Nothing that takes long shares a transaction with a lock that others wait for."""
    for segment in made.segments:
        levels = [level for step in segment.steps for _, level in step.locks]
        if any("VALIDATE" in step.title for step in segment.steps):
            assert max(levels, default=LockLevel.NONE) <= LockLevel.SHARE_UPDATE_EXCLUSIVE
