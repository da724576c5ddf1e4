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
    """What is done with the rows of `spot` that are still to do, in ranges of `key`: `locked` gives `midair_locked` its rows,
    `changed` does it. `call` is for rows that are done alone; see `Copy` for the rest.
    """

    @property
    def spot(self) -> str:
        """The walked table as SQL, its row called `source`."""
        ...

    @property
    def key(self) -> tuple[KeyColumn, ...]:
        """By what it is walked."""
        ...

    @property
    def call(self) -> str | None:
        """What does one row, where a row may be refused."""
        ...

    def todo(self, *, near: bool) -> str:
        """The condition of a row that is to be done; `near`: within a batch's range."""
        ...

    def locked(self, condition: str, todo: str, *, alone: bool, wait: str) -> str:
        """SELECT of what is done, as it is in the rows that it locks."""
        ...

    def changed(self, *, alone: bool) -> str:
        """The common table expression that does it and gives the keys of what is done."""
        ...


@frozen
class Copy:
    """What is copied where. `columns` are the target's with the expressions over the source that fill them; the source's row is
    called `source`, and `condition` says which rows are copied. `same` are columns of a unique index of the target with the
    source's that they are copied from: by them a row is known in both. It is walked by `key`, which is among them.

    `call` copies one row, given its `same`, and fails for none: where the target may refuse a row.
    """

    source: tuple[str, str]
    target: str
    key: tuple[KeyColumn, ...]
    columns: tuple[tuple[str, str], ...]
    same: tuple[tuple[str, str], ...]
    condition: str
    call: str | None = None

    @property
    def spot(self) -> str:
        """The source as SQL."""
        return f"{identifier(self.source[0])}.{identifier(self.source[1])}"

    def todo(self, *, near: bool) -> str:
        """The condition of a row that is to be copied and is not there yet; `near`: the target's row can only be in the batch's range.

        Told where to look, the server reads that range of the target once and not the target once a row or, worse, as a whole.
        """
        same = " AND ".join(f"there.{name} = source.{own}" for name, own in self.same)
        within = f" AND {_between('there', self.there)}" if near else ""
        return f"({self.condition}) AND NOT EXISTS (SELECT FROM {self.target} AS there WHERE {same}{within})"

    @property
    def there(self) -> tuple[str, ...]:
        """What the target calls the key's columns."""
        own = {own: name for name, own in self.same}
        return tuple(own[each.name] for each in self.key)

    def locked(self, condition: str, todo: str, *, alone: bool, wait: str) -> str:
        """SELECT of what is copied, as it is in the rows that it locks; `alone`: of what `call` asks for."""
        plain = [f"source.{own} AS {own}" for _, own in self.same]
        values = ", ".join(plain if alone else [f"{value} AS {name}" for name, value in self.columns])
        return f"SELECT {values} FROM {self.spot} AS source WHERE {condition} AND {todo} FOR NO KEY UPDATE OF source{wait}"

    def changed(self, *, alone: bool) -> str:
        """The common table expression that copies `midair_locked` and gives the keys of what is there now.

        A row that is there by now stays as its trigger made it. Another row of the target in its way is never passed over where
        `call` can tell of it, and a constraint that any row breaks refuses the whole: then each is copied `alone`.
        """
        if alone:
            # Counted by its answer, for what nobody asks for is not called.
            keys, given = ", ".join(each.name for each in self.key), ", ".join(own for _, own in self.same)
            return f"midair_changed AS MATERIALIZED (SELECT {keys}, {self.call}({given}) AS copied FROM midair_locked)"
        names = ", ".join(name for name, _ in self.columns)
        arbiter = f" ({', '.join(name for name, _ in self.same)})" if self.call is not None else ""
        given = ", ".join(f"{name} AS {each.name}" for name, each in zip(self.there, self.key, strict=True))
        return (
            f"midair_changed AS (INSERT INTO {self.target} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM midair_locked"
            f" ON CONFLICT{arbiter} DO NOTHING RETURNING {given}, true AS copied)"
        )


def _between(alias: str, names: Sequence[str]) -> str:
    """The condition of a row in the batch's range, by these columns of it."""
    row, size = row_of([f"{alias}.{each}" for each in names]), len(names)
    return f"{row} >= {marks(size, 6)} AND {row} <= {marks(size, 6 + size)}"


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
        batch=_batch(copy, alone=False),
        alone=_batch(copy, alone=True) if copy.call is not None else "",
        batch_types=("timestamptz", "text", "int", "text", "text", *kinds, *kinds, "int", "int"),
        single=_single(copy),
        single_types=("timestamptz", "text", "int", "text", *kinds),
        proof=f"SELECT count(*) FROM {copy.spot} AS source WHERE $1 IS NOT NULL AND {copy.todo(near=False)}",
        proof_types=("timestamptz",),
    )


_COPIED = "(SELECT count(copied) FROM midair_changed)"


def _batch(copy: Copying, *, alone: bool) -> str:
    key, size = copy.key, len(copy.key)
    within, todo = _between("source", [each.name for each in key]), copy.todo(near=True)
    keys = ", ".join(f"source.{each.name}" for each in key)
    texts = ", ".join(text_of(each) for each in key)
    same = " AND ".join(f"done.{each.name} = area.{each.name}" for each in key)
    part = 6 + 2 * size
    area = f"SELECT {keys} FROM {copy.spot} AS source WHERE {GATE} AND {within} AND {todo}"
    locked = copy.locked(f"{FIRST} AND {within}", todo, alone=alone, wait=" SKIP LOCKED")
    return (
        f"WITH midair_{MINE}, midair_area AS MATERIALIZED ({area}),"
        f" midair_locked AS MATERIALIZED ({locked}), {copy.changed(alone=alone)},"
        f" midair_left AS (INSERT INTO {LEFT} (step_id, part, key) SELECT $2, ${part}, jsonb_build_array({texts})::text"
        f" FROM midair_area AS area WHERE {_COPIED} < (SELECT count(*) FROM midair_area)"
        f" AND NOT EXISTS (SELECT FROM midair_changed AS done WHERE {same}) ON CONFLICT DO NOTHING RETURNING 1),"
        f" {saved(_COPIED, f'${part + 1}')}"
        f" SELECT (SELECT count(*) FROM midair_mine), {_COPIED}, (SELECT count(*) FROM midair_left)"
    )


def _single(copy: Copying) -> str:
    """One row that was locked when its batch came by: waited for."""
    here = " AND ".join(f"source.{each.name} = ${number}" for number, each in enumerate(copy.key, 5))
    alone = copy.call is not None
    locked = copy.locked(
        f"(SELECT count(*) FROM midair_one) = 1 AND {here}", copy.todo(near=False), alone=alone, wait=""
    )
    return (
        f"WITH midair_one AS (DELETE FROM {LEFT} WHERE step_id = $2 AND part = $3 AND key = $4 RETURNING 1),"
        f" midair_locked AS MATERIALIZED ({locked}), {copy.changed(alone=alone)}"
        f" SELECT (SELECT count(*) FROM midair_one), {_COPIED}"
    )
