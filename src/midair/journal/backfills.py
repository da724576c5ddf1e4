"""Where statements in batches stand: rows of the journal's tables `backfill` and `backfill_left`.

The batches themselves move their lane's cursor, in their own transactions (dialects/postgresql/batch_sql.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from midair.database.session import Session
from midair.model.plan import StepId
from midair.model.statement import Sql


@dataclass(frozen=True, slots=True)
class Lane:
    """One range of one table that one worker walks: from after `cursor` (`None`: the beginning) to `high`, inclusive.

    Both are JSON: a list of texts, a key's columns or one page number. `round` counts how often the whole was walked.
    """

    number: int
    part: int
    round: int
    cursor: str | None
    high: str
    done: bool
    changed: int
    seen: int


def lanes_of(session: Session, step: StepId) -> tuple[Lane, ...]:
    """The step's lanes in order; none where it was not begun."""
    text = "SELECT lane, part, round, cursor, high, done, changed, seen FROM midair.backfill WHERE step_id = %s ORDER BY lane"
    return tuple(Lane(*row) for row in session.query(text, (step,)))


def take_over(step: StepId, owner: str) -> tuple[Sql, ...]:
    """The lanes are this run's from here on. Waits for a batch that an earlier owner has under way; a later one does nothing."""
    return (
        Sql("SET LOCAL lock_timeout = '60s'"),
        Sql("UPDATE midair.backfill SET owner = %s WHERE step_id = %s", (owner, step)),
    )


def moment_of(session: Session, step: StepId) -> str:
    """When the backfill began, as text that reads the same in every session: the `now()` of all its batches."""
    text = "SELECT to_jsonb(coalesce(min(began), clock_timestamp())) #>> '{}' FROM midair.backfill WHERE step_id = %s"
    return str(session.query(text, (step,))[0][0])


def lay_lanes(step: StepId, lanes: Sequence[Lane], moment: str | None, owner: str) -> tuple[Sql, ...]:
    """Puts these lanes in the place of the step's former ones, all of one moment (`None`: now)."""
    insert = (
        "INSERT INTO midair.backfill (step_id, lane, part, round, cursor, high, changed, seen, began, owner)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s::timestamptz, now()), %s)"
    )
    rows = (
        Sql(
            insert,
            (
                step,
                each.number,
                each.part,
                each.round,
                each.cursor,
                each.high,
                each.changed,
                each.seen,
                moment,
                owner,
            ),
        )
        for each in lanes
    )
    return (Sql("DELETE FROM midair.backfill WHERE step_id = %s", (step,)), *rows)


def finish_lane(step: StepId, lane: int, owner: str) -> Sql:
    """The lane's end is reached."""
    text = "UPDATE midair.backfill SET done = true WHERE step_id = %s AND lane = %s AND owner = %s"
    return Sql(text, (step, lane, owner))


def left_over(session: Session, step: StepId, limit: int) -> tuple[tuple[int, str], ...]:
    """Part and key of rows that their batch had to leave."""
    text = f"SELECT part, key FROM midair.backfill_left WHERE step_id = %s ORDER BY part, key LIMIT {limit:d}"
    return tuple((row[0], row[1]) for row in session.query(text, (step,)))


def count_left_over(session: Session, step: StepId) -> int:
    """How many rows wait for the end."""
    return int(session.query("SELECT count(*) FROM midair.backfill_left WHERE step_id = %s", (step,))[0][0])


def forget(step: StepId) -> tuple[Sql, ...]:
    """Everything about the step: it is complete, or begins anew."""
    return (
        Sql("DELETE FROM midair.backfill WHERE step_id = %s", (step,)),
        Sql("DELETE FROM midair.backfill_left WHERE step_id = %s", (step,)),
    )
