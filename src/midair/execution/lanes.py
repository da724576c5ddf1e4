"""What there is to walk, cut into lanes: ranges of keys or of pages, one worker's at a time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from midair.database.session import Session
from midair.errors import MigrationFailed
from midair.execution.walk import Crew, prepare
from midair.journal import backfills
from midair.journal.backfills import Lane
from midair.model.backfill import Backfill, Part

_SAMPLE_ROWS = 20_000
_LANES_A_WORKER = 3
"""More lanes than workers, so that none is without work while another has most of its own before it."""


def lay(crew: Crew, backfill: Backfill, number: int, moment: str | None, before: Sequence[Lane]) -> None:
    """Cuts what there is to walk now into lanes, in one transaction with what was done so far."""
    workers = max(1, crew.bounds.pace.workers)
    wanted = 1 if workers == 1 else workers * _LANES_A_WORKER
    lanes: list[Lane] = []
    for part_number, part in enumerate(backfill.parts):
        for low, high in _ranges(crew.session, part, wanted):
            lanes.append(Lane(len(lanes), part_number, number, low, high, False, 0, 0))
    if lanes:
        changed = sum(each.changed for each in before)
        lanes[0] = replace(lanes[0], changed=changed)
    crew.session.run(backfills.lay_lanes(crew.step.id, lanes, moment, crew.run_id), atomic=True)


def _ranges(session: Session, part: Part, wanted: int) -> Iterator[tuple[str | None, str]]:
    """(after, up to) of each lane; nothing for an empty table."""
    rows = session.query(part.last)
    if not part.key:
        yield from _page_ranges(part, rows, wanted)
        return
    if not rows:
        return
    fences = _fences(session, part, wanted) if wanted > 1 else []
    highs = list(dict.fromkeys([*fences, json.dumps(rows[0])]))
    yield from zip([None, *highs], highs, strict=False)


def _page_ranges(
    part: Part, rows: Sequence[tuple[int, ...]], wanted: int
) -> Iterator[tuple[str | None, str]]:
    if not rows:
        raise MigrationFailed(
            f"{part.table} is no plain table: it has no pages to go through",
            state="nothing was changed by this statement",
        )
    last = rows[0][0]
    if last < 0:
        return
    highs = sorted({last * number // wanted for number in range(1, wanted)} | {last})
    before: str | None = None
    for high in highs:
        yield before, json.dumps([str(high)])
        before = json.dumps([str(high)])


def _fences(session: Session, part: Part, wanted: int) -> list[str]:
    size = _rows_of(session, part.table)
    percent = 100.0 if size <= _SAMPLE_ROWS else max(0.01, 100.0 * _SAMPLE_ROWS / size)
    prepare(session, "midair_fences", ("real", "int"), part.fences)
    try:
        rows = session.query("EXECUTE midair_fences(%s, %s)", (percent, wanted))
    finally:
        session.query("DEALLOCATE midair_fences")
    return [json.dumps(row) for row in rows]


def _rows_of(session: Session, table: str) -> int:
    rows = session.query(
        "SELECT greatest(reltuples, 0)::int8 FROM pg_class WHERE oid = to_regclass(%s)", (table,)
    )
    return int(rows[0][0]) if rows else 0


def size_of(session: Session, backfill: Backfill) -> int:
    """What progress is counted in: rows where there is a key, pages where there is none."""
    return sum(
        _rows_of(session, part.table) if part.key else max(0, session.query(part.last)[0][0] + 1)
        for part in backfill.parts
    )
