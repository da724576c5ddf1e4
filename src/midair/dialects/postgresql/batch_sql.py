"""The SQL of a backfill: how a table is walked, one batch of it, one left-over row, and what is left.

Every query is prepared once a session with its parameter types and called with texts, so no text of
the user's is ever interpolated. A batch is one statement, hence one transaction: it takes the rows of
its range that nobody has locked, changes them, writes the keys it had to leave to the journal, and
moves the cursor. It begins by locking the cursor's row at the place where it believes the cursor to
be: when somebody else has moved it, or another run has taken the step over, the batch does nothing. That is what makes every row's turn come
exactly once, whoever is killed whenever (expand-contract.md §3.5).

Locking every row before changing it costs as much again as the change (each lock is a write to the row's page
and to the log). So a range is first tried straight: changed at once, and given up as a whole at the first
row that stays locked for `_STRAIGHT_WAIT`. Only then is it done in the way above. Measured on an idle server (bench/backfill.py, 1 and 5 million rows):
straight reaches 70 to 75 % of the plain UPDATE's rows a second, locking first 50 %.
"""

from collections.abc import Sequence
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.parse import deparse, parse
from midair.model.backfill import KeyColumn, Part
from midair.model.frozen import frozen

_LANE = "midair.backfill"
LEFT = "midair.backfill_left"
OWNER = "midair.owner"
"""The setting by which a session says for which run it works: a batch of a run that the step was taken from does nothing."""
_STRAIGHT_WAIT = "5ms"
"""Far below any `deadlock_timeout`: who waits for this batch has its row again before a deadlock is looked for."""
_OWN_ISO = ("date", "timestamp", "timestamptz")
"""Types whose text depends on the session's DateStyle; their JSON form does not."""


@frozen
class Work:
    """A statement taken apart. `tree` is the UPDATE, DELETE or INSERT, every relation in it qualified.

    `relation` is what is walked, `alias` how the statement calls it, `others` what it is joined with,
    `condition` its WHERE. `$1` in all of them is the moment the backfill began. `exact_lock` when keys
    that foreign keys point to may change. `proof` is the condition of rows not done.
    """

    what: str
    tree: Any
    relation: Any
    alias: str
    others: tuple[Any, ...]
    condition: Any | None
    exact_lock: bool
    proof: Any | None


def part_of(work: Work, schema_name: str, table: str, key: Sequence[KeyColumn]) -> Part:
    """The queries for one table of rows, walked by its key or, without one, by its pages."""
    spot = f"ONLY {identifier(schema_name)}.{identifier(table)}"
    target = _relation(work, schema_name, table)
    name = f"{identifier(schema_name)}.{identifier(table)}"
    proof = _select(work, target, "count(*)", [], work.proof) if work.proof is not None else ""
    if not key:
        batch, straight = _pages(work, target), _straight_pages(work, target)
        types = ("timestamptz", "text", "int", "text", "text", "tid", "tid", "int")
        last = (
            f"SELECT pg_relation_size(oid) / current_setting('block_size')::int - 1 FROM pg_class"
            f" WHERE oid = '{name.replace(chr(39), chr(39) * 2)}'::regclass AND relkind = 'r'"
        )
        return Part(name, (), last, "", "", "", (), batch, types, "", (), proof, ("timestamptz",), straight)
    kinds = tuple(each.type for each in key)
    texts = ", ".join(text_of(each) for each in key)
    falling = order_of("walked", key, " DESC")
    batch_types = ("timestamptz", "text", "int", "text", "text", *kinds, *kinds, "int", "int")
    locks = work.what != "INSERT"
    return Part(
        table=name,
        key=tuple(key),
        last=f"SELECT {texts} FROM {spot} AS walked ORDER BY {falling} LIMIT 1",
        fences=fences(spot, key),
        pick=picked(spot, key, after=False),
        pick_after=picked(spot, key, after=True),
        pick_types=(*kinds, "int", *kinds),
        batch=_range(work, target, key) if locks else _copied(work, target, key),
        straight=_straight(work, target, key) if locks else "",
        batch_types=batch_types,
        single=_single(work, target, key) if locks else "",
        single_types=("timestamptz", "text", "int", "text", *kinds) if locks else (),
        proof=proof,
        proof_types=("timestamptz",),
    )


def text_of(column: KeyColumn, alias: str = "") -> str:
    spelled = f"{alias}{column.name}"
    return f"to_jsonb({spelled}) #>> '{{}}'" if column.type in _OWN_ISO else f"{spelled}::text"


def row_of(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def marks(count: int, start: int) -> str:
    return row_of([f"${number}" for number in range(start, start + count)])


def picked(spot: str, key: Sequence[KeyColumn], *, after: bool) -> str:
    """First and last key of the next rows up to a high key, and how many: `$1…` the high key, the number, and the cursor.

    Passing over rows to the last key of a full range is several times as fast as listing them, which
    only the short range at the end needs.
    """
    columns = [each.name for each in key]
    row, size = row_of(columns), len(key)
    begin = f" AND {row} > {marks(size, size + 2)}" if after else ""
    order, rising, falling = ", ".join(columns), order_of("next", key), order_of("next", key, " DESC")
    texts, number = ", ".join(text_of(each) for each in key), f"${size + 1}"
    named = ", ".join(f"k{each}" for each in range(size))
    within = f"{row} <= {marks(size, 1)}{begin}"
    last = f"SELECT {order} FROM {spot} WHERE {within} ORDER BY {order} LIMIT 1 OFFSET {number} - 1"
    first = f"SELECT {order} FROM {spot} WHERE {within} ORDER BY {order} LIMIT 1"
    return (
        f"WITH last AS MATERIALIZED ({last}), next AS MATERIALIZED (SELECT {order} FROM {spot}"
        f" WHERE NOT EXISTS (SELECT FROM last) AND {within} ORDER BY {order} LIMIT {number})"
        f" SELECT low.*, high.*, {number}::int8 FROM (SELECT {texts} FROM ({first}) AS first) AS low({named}),"
        f" (SELECT {texts} FROM last) AS high({named})"
        f" UNION ALL SELECT low.*, high.*, (SELECT count(*) FROM next)"
        f" FROM (SELECT {texts} FROM next ORDER BY {rising} LIMIT 1) AS low({named}),"
        f" (SELECT {texts} FROM next ORDER BY {falling} LIMIT 1) AS high({named})"
    )


def order_of(alias: str, key: Sequence[KeyColumn], direction: str = "") -> str:
    """By the columns themselves: a bare name would mean the text of the same name in the SELECT list."""
    return ", ".join(f"{alias}.{each.name}{direction}" for each in key)


def fences(spot: str, key: Sequence[KeyColumn]) -> str:
    """Keys that cut the table into `$2` parts of about one size, from a sample of `$1` percent of its pages."""
    order = ", ".join(each.name for each in key)
    texts = ", ".join(text_of(each) for each in key)
    return (
        f"SELECT {texts} FROM (SELECT {order}, row_number() OVER (ORDER BY {order}) AS place, count(*) OVER () AS size"
        f" FROM {spot} TABLESAMPLE SYSTEM ($1)) AS sample"
        f" WHERE place * $2 / size <> (place - 1) * $2 / size AND place < size ORDER BY {order_of('sample', key)}"
    )


MINE = (
    f"mine AS MATERIALIZED (SELECT FROM {_LANE} WHERE step_id = $2 AND lane = $3"
    " AND cursor IS NOT DISTINCT FROM $4"
    f" AND owner IS NOT DISTINCT FROM nullif(current_setting('{OWNER}', true), '') FOR UPDATE)"
)
MINE_BRIEFLY = MINE.replace(
    "(SELECT FROM", f"(SELECT set_config('lock_timeout', '{_STRAIGHT_WAIT}', true) FROM"
)
"""Before any row is touched, the transaction's patience is shortened to that of a straight batch."""
GATE = "(SELECT count(*) FROM midair_mine) = 1"
FIRST = "(SELECT count(*) FROM midair_area) > 0"
"""Makes the server look at the range before it changes it: afterwards it would read every row's two versions."""


def saved(changed: str, seen: str) -> str:
    return (
        f"midair_saved AS (UPDATE {_LANE} SET cursor = $5, changed = changed + {changed}, seen = seen + {seen},"
        f" at = clock_timestamp() WHERE step_id = $2 AND lane = $3 AND {GATE})"
    )


def _range(work: Work, target: Any, key: Sequence[KeyColumn]) -> str:
    size, alias = len(key), f"{identifier(work.alias)}."
    row = row_of([f"{alias}{each.name}" for each in key])
    within = f"{row} >= {marks(size, 6)} AND {row} <= {marks(size, 6 + size)}"
    area = _select(work, target, ", ".join(f"{alias}{each.name}" for each in key), [GATE, within])
    texts = ", ".join(text_of(each) for each in key)
    same = " AND ".join(f"done.{each.name} = area.{each.name}" for each in key)
    returning = ", ".join(f"{alias}{each.name}" for each in key)
    part = 6 + 2 * size
    changed, seen = "(SELECT count(*) FROM midair_changed)", "(SELECT count(*) FROM midair_area)"
    return (
        f"WITH midair_{MINE}, midair_area AS MATERIALIZED ({area}), midair_locked AS MATERIALIZED ({_locked(work, target, within)}),"
        f" midair_changed AS ({_changed(work, target, [_TAKEN.format(alias=identifier(work.alias))])} RETURNING {returning}),"
        f" midair_left AS (INSERT INTO {LEFT} (step_id, part, key) SELECT $2, ${part}, jsonb_build_array({texts})::text"
        f" FROM midair_area AS area WHERE {changed} < {seen}"
        f" AND NOT EXISTS (SELECT FROM midair_changed AS done WHERE {same}) ON CONFLICT DO NOTHING RETURNING 1),"
        f" {saved(changed, f'${part + 1}')}"
        f" SELECT (SELECT count(*) FROM midair_mine), {changed}, (SELECT count(*) FROM midair_left)"
    )


def _straight(work: Work, target: Any, key: Sequence[KeyColumn]) -> str:
    size, alias = len(key), f"{identifier(work.alias)}."
    row = row_of([f"{alias}{each.name}" for each in key])
    within = f"{row} >= {marks(size, 6)} AND {row} <= {marks(size, 6 + size)}"
    return _straightly(work, target, within, work.condition, f"${7 + 2 * size}")


def _straight_pages(work: Work, target: Any) -> str:
    spot = f"{identifier(work.alias)}.ctid"
    return _straightly(work, target, f"{spot} >= $6 AND {spot} < $7", work.proof, "$8")


def _straightly(work: Work, target: Any, within: str, condition: Any, seen: str) -> str:
    """The statement on this range as its author wrote it; it fails at a row that stays locked."""
    changed = "(SELECT changed FROM midair_counted)"
    return (
        f"WITH midair_{MINE_BRIEFLY}, midair_changed AS ({_changed(work, target, [GATE, within], condition)} RETURNING 1),"
        " midair_counted AS MATERIALIZED (SELECT count(*) AS changed FROM midair_changed),"
        f" {saved(changed, seen)} SELECT (SELECT count(*) FROM midair_mine), {changed}, 0"
    )


_TAKEN = "{alias}.ctid = ANY (ARRAY(SELECT place FROM midair_locked))"


def _pages(work: Work, target: Any) -> str:
    spot = f"{identifier(work.alias)}.ctid"
    within = f"{spot} >= $6 AND {spot} < $7"
    changed, seen = "(SELECT count(*) FROM midair_changed)", "(SELECT count(*) FROM midair_area)"
    return (
        f"WITH midair_{MINE}, midair_area AS MATERIALIZED ({_select(work, target, '1', [GATE, within], work.proof)}),"
        f" midair_locked AS MATERIALIZED ({_locked(work, target, within, work.proof)}),"
        f" midair_changed AS ({_changed(work, target, [_TAKEN.format(alias=identifier(work.alias))])} RETURNING 1),"
        f" {saved(changed, '$8')}"
        f" SELECT (SELECT count(*) FROM midair_mine), {changed}, {seen} - {changed}"
    )


def _copied(work: Work, target: Any, key: Sequence[KeyColumn]) -> str:
    """INSERT … SELECT of one range; the rows it reads are not locked, as the plain statement locks none."""
    size, alias = len(key), f"{identifier(work.alias)}."
    row = row_of([f"{alias}{each.name}" for each in key])
    within = f"{row} >= {marks(size, 6)} AND {row} <= {marks(size, 6 + size)}"
    tree = type(work.tree)()
    tree.CopyFrom(work.tree)
    query = tree.select_stmt.select_stmt
    query.from_clause[0].range_var.CopyFrom(target)
    _narrow(query, work.condition, [GATE, within])
    changed = "(SELECT count(*) FROM midair_changed)"
    return (
        f"WITH midair_{MINE}, midair_changed AS ({_deparsed('insert_stmt', tree)} RETURNING 1),"
        f" {saved(changed, f'${7 + 2 * size}')}"
        f" SELECT (SELECT count(*) FROM midair_mine), {changed}, 0"
    )


def _single(work: Work, target: Any, key: Sequence[KeyColumn]) -> str:
    """One row that was locked when its batch came by: waited for, and taken off the list with its change."""
    alias = f"{identifier(work.alias)}."
    here = " AND ".join(f"{alias}{each.name} = ${number}" for number, each in enumerate(key, 5))
    gate = "(SELECT count(*) FROM midair_one) = 1"
    return (
        f"WITH midair_one AS (DELETE FROM {LEFT} WHERE step_id = $2 AND part = $3 AND key = $4 RETURNING 1),"
        f" midair_changed AS ({_changed(work, target, [gate, here], work.condition)} RETURNING 1)"
        " SELECT (SELECT count(*) FROM midair_one), (SELECT count(*) FROM midair_changed)"
    )


def _locked(work: Work, target: Any, within: str, condition: Any = None) -> str:
    select = _select(work, target, f"{identifier(work.alias)}.ctid AS place", [FIRST, within], condition)
    strength = "UPDATE" if work.exact_lock else "NO KEY UPDATE"
    return f"{select} FOR {strength} OF {identifier(work.alias)} SKIP LOCKED"


def _changed(work: Work, target: Any, conditions: Sequence[str], condition: Any = None) -> str:
    tree = type(work.tree)()
    tree.CopyFrom(work.tree)
    tree.relation.CopyFrom(target)
    # The rows are locked and known to match: only a join needs its condition again.
    _narrow(tree, condition or (work.condition if work.others else None), conditions)
    return _deparsed("update_stmt" if work.what == "UPDATE" else "delete_stmt", tree)


def _select(work: Work, target: Any, columns: str, conditions: Sequence[str], condition: Any = None) -> str:

    select = pb.SelectStmt()
    select.CopyFrom(parse(f"SELECT {columns}")[0].select_stmt)
    select.from_clause.add().range_var.CopyFrom(target)
    for other in work.others:
        select.from_clause.add().CopyFrom(other)
    _narrow(select, condition if condition is not None else work.condition, conditions)
    return _deparsed("select_stmt", select)


def _relation(work: Work, schema_name: str, table: str) -> Any:
    """The walked relation as this table alone, under the name the statement uses for it."""
    relation = type(work.relation)()
    relation.CopyFrom(work.relation)
    relation.schemaname, relation.relname, relation.inh = schema_name, table, False
    relation.alias.aliasname = work.alias
    return relation


def _narrow(tree: Any, condition: Any | None, conditions: Sequence[str]) -> None:
    """Puts the conditions in the place of the tree's own WHERE."""

    found = [parse(f"SELECT WHERE {each}")[0].select_stmt.where_clause for each in conditions]
    found += [condition] if condition is not None else []
    tree.ClearField("where_clause")
    if len(found) == 1:
        tree.where_clause.CopyFrom(found[0])
    elif found:
        tree.where_clause.bool_expr.boolop = pb.AND_EXPR
        for each in found:
            tree.where_clause.bool_expr.args.add().CopyFrom(each)


def _deparsed(kind: str, tree: Any) -> str:

    result = pb.ParseResult()
    getattr(result.stmts.add().stmt, kind).CopyFrom(tree)
    return deparse(result)
