"""The SQL of a copy into another table that triggers keep in step: each row is locked while it is copied.

Without the lock a row could be deleted between the copy's look at it and its arrival: its trigger would find nothing to
delete, and the row would stay for ever. Rows that somebody else has locked are left for later, as in every backfill.
"""

from collections.abc import Sequence
from typing import Protocol

from midair.dialects.postgresql.batch_sql import (
    FIRST,
    GATE,
    LEFT,
    MINE,
    fences,
    marks,
    order_of,
    picked,
    row_of,
    saved,
    text_of,
)
from midair.dialects.postgresql.changes.names import identifier
from midair.model.backfill import KeyColumn, Part
from midair.model.frozen import frozen


class Copying(Protocol):
    """What is done with the rows of `spot` for which `todo` holds, in ranges of `key`."""

    @property
    def spot(self) -> str: ...
    @property
    def key(self) -> tuple[KeyColumn, ...]: ...
    @property
    def todo(self) -> str: ...
    @property
    def changed(self) -> str: ...
    def locked(self, condition: str, wait: str) -> str: ...


@frozen
class Copy:
    """What is copied where. `columns` are the target's with the expressions over the source that fill them, `todo` the condition
    of a row that is not there yet; the source's row is called `source`. It is walked by `key`; `identity`, which has all of that,
    is what `call` asks for, if given: a function that copies one row.
    """

    source: tuple[str, str]
    target: str
    key: tuple[KeyColumn, ...]
    columns: tuple[tuple[str, str], ...]
    todo: str
    call: str | None
    identity: tuple[KeyColumn, ...] = ()

    @property
    def spot(self) -> str:
        """The source as SQL."""
        return f"{identifier(self.source[0])}.{identifier(self.source[1])}"

    def locked(self, condition: str, wait: str) -> str:
        """SELECT of what is copied, as it is in the rows that it locks."""
        values = ", ".join(
            f"{value} AS {name}"
            for name, value in (self.columns if self.call is None else _plain(self.identity or self.key))
        )
        return f"SELECT {values} FROM {self.spot} AS source WHERE {condition} AND {self.todo} FOR NO KEY UPDATE OF source{wait}"

    @property
    def changed(self) -> str:
        """The common table expression that copies `midair_locked` and gives the keys of what is there now."""
        names, keys = ", ".join(name for name, _ in self.columns), ", ".join(each.name for each in self.key)
        # The key may have other names in the target.
        own = {value: name for name, value in self.columns}
        given = ", ".join(f"{own.get(f'source.{each.name}', each.name)} AS {each.name}" for each in self.key)
        if self.call is not None:
            # Counted by its answer, for what nobody asks for is not called.
            given = ", ".join(each.name for each in self.identity or self.key)
            return f"midair_changed AS MATERIALIZED (SELECT {keys}, {self.call}({given}) AS copied FROM midair_locked)"
        return (
            f"midair_changed AS (INSERT INTO {self.target} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM midair_locked"
            f" ON CONFLICT DO NOTHING RETURNING {given}, true AS copied)"
        )


def _plain(key: Sequence[KeyColumn]) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, f"source.{each.name}") for each in key)


def copying(copy: Copying) -> Part:
    """The queries of the whole copy, walked by the key."""
    key, spot = copy.key, f"ONLY {copy.spot}"
    kinds = tuple(each.type for each in key)
    texts = ", ".join(text_of(each) for each in key)
    return Part(
        table=copy.spot,
        key=key,
        last=f"SELECT {texts} FROM {spot} AS walked ORDER BY {order_of('walked', key, ' DESC')} LIMIT 1",
        fences=fences(spot, key),
        pick=picked(spot, key, after=False),
        pick_after=picked(spot, key, after=True),
        pick_types=(*kinds, "int", *kinds),
        batch=_batch(copy),
        batch_types=("timestamptz", "text", "int", "text", "text", *kinds, *kinds, "int", "int"),
        single=_single(copy),
        single_types=("timestamptz", "text", "int", "text", *kinds),
        proof=f"SELECT count(*) FROM {copy.spot} AS source WHERE $1 IS NOT NULL AND {copy.todo}",
        proof_types=("timestamptz",),
    )


_COPIED = "(SELECT count(copied) FROM midair_changed)"


def _batch(copy: Copying) -> str:
    key, size = copy.key, len(copy.key)
    row = row_of([f"source.{each.name}" for each in key])
    within = f"{row} >= {marks(size, 6)} AND {row} <= {marks(size, 6 + size)}"
    keys = ", ".join(f"source.{each.name}" for each in key)
    texts = ", ".join(text_of(each) for each in key)
    same = " AND ".join(f"done.{each.name} = area.{each.name}" for each in key)
    part = 6 + 2 * size
    area = f"SELECT {keys} FROM {copy.spot} AS source WHERE {GATE} AND {within} AND {copy.todo}"
    return (
        f"WITH midair_{MINE}, midair_area AS MATERIALIZED ({area}),"
        f" midair_locked AS MATERIALIZED ({copy.locked(f'{FIRST} AND {within}', ' SKIP LOCKED')}), {copy.changed},"
        f" midair_left AS (INSERT INTO {LEFT} (step_id, part, key) SELECT $2, ${part}, jsonb_build_array({texts})::text"
        f" FROM midair_area AS area WHERE {_COPIED} < (SELECT count(*) FROM midair_area)"
        f" AND NOT EXISTS (SELECT FROM midair_changed AS done WHERE {same}) ON CONFLICT DO NOTHING RETURNING 1),"
        f" {saved(_COPIED, f'${part + 1}')}"
        f" SELECT (SELECT count(*) FROM midair_mine), {_COPIED}, (SELECT count(*) FROM midair_left)"
    )


def _single(copy: Copying) -> str:
    """One row that was locked when its batch came by: waited for."""
    here = " AND ".join(f"source.{each.name} = ${number}" for number, each in enumerate(copy.key, 5))
    return (
        f"WITH midair_one AS (DELETE FROM {LEFT} WHERE step_id = $2 AND part = $3 AND key = $4 RETURNING 1),"
        f" midair_locked AS MATERIALIZED ({copy.locked(f'(SELECT count(*) FROM midair_one) = 1 AND {here}', '')}), {copy.changed}"
        f" SELECT (SELECT count(*) FROM midair_one), {_COPIED}"
    )
