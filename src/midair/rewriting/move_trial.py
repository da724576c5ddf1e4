"""Every branch of what keeps two tables in step (move.py), run on scratch copies of both before any of it is installed."""

from midair.dialects.postgresql import compose
from midair.model.frozen import replace
from midair.model.schema import Table
from midair.rewriting.move import Move, Spots
from midair.rewriting.syncing import SAMPLES, SCRATCH, refusal, tolerant, trial

_HOME = "midair_scratch_home"
_WAS = "midair_scratch_was"
_ARRIVED = "midair_scratch_arrived"
_VIEW = "midair_scratch_view"


def tried(move: Move, home: Table, *, empties: bool) -> str:
    """A DO block that does it; `empties`: no domain of either table refuses NULL."""
    follow, fetch, carry, mark, lock = (
        f"pg_temp.midair_try_{each}" for each in ("follow", "fetch", "carry", "mark", "lock")
    )
    omitted = tuple(f"pg_temp.midair_try_omitted_{number}" for number in range(len(move.columns)))
    here = replace(move, spots=Spots(_HOME, SCRATCH, _ARRIVED, follow, fetch, carry, mark, lock, omitted))
    names, owns = (", ".join(each) for each in zip(*move.keys, strict=True))
    belongs = f"({owns}) IN (SELECT {names} FROM {SCRATCH})"
    steps = [
        f"CREATE TEMPORARY TABLE {_HOME} ON COMMIT DROP AS SELECT * FROM {move.spots.home} WHERE {belongs}",
        *(_made_up(move, home) if empties else ()),
        f"CREATE TEMPORARY TABLE {_WAS} ON COMMIT DROP AS SELECT * FROM {_HOME}",
        *(compose.on_table(each.added, (SCRATCH,)) or each.added for each in move.columns),
        f"{here.arrivals(kind='TEMPORARY TABLE')} ON COMMIT DROP",
        *here.functions("midair_try"),
        *here.fixed_functions("midair_try"),
        *here.defaults(),
        here.filled(),
        _in_step(here, "the copy"),
        *(sql for _, _, sql in here.triggers()),
        f"CREATE TEMPORARY VIEW {_VIEW} AS SELECT * FROM {SCRATCH} WHERE {here.condition}",
        *_values_written(here, home),
        *_rows_written(here),
        f"DROP VIEW {_VIEW}",
        *(f"DROP TRIGGER {name} ON {table}" for name, table, _ in here.triggers()),
        *(f"ALTER TABLE {SCRATCH} ALTER COLUMN {each.name} DROP DEFAULT" for each in move.columns),
        *here.functions_gone,
        f"DROP TABLE pg_temp.{_HOME}, pg_temp.{_WAS}, pg_temp.{_ARRIVED}",
    ]
    return trial(move.spots.target, steps)


def _values_written(here: Move, home: Table) -> list[str]:
    """Values that either version writes; what a constraint refuses is no fault of theirs."""
    same = " AND ".join(f"here.{own} = was.{own}" for _, own in here.keys)
    steps: list[str] = []
    for name, own in here.values:
        value = _sample(home, own) or "NULL"
        steps += [
            f"UPDATE {_HOME} SET {own} = {own}",
            f"UPDATE {_VIEW} SET {name} = {name}",
            tolerant(f"UPDATE {_VIEW} SET {name} = NULL"),
            tolerant(f"UPDATE {_VIEW} SET {name} = {value}"),
            _in_step(here, "the new version's write"),
            tolerant(f"UPDATE {_HOME} SET {own} = {value}"),
            f"UPDATE {_HOME} AS here SET {own} = was.{own} FROM {_WAS} AS was WHERE {same}",
            _in_step(here, "the old version's write"),
        ]
    return steps


def _rows_written(here: Move) -> list[str]:
    """Rows that come to belong to another, that leave the columns out, and that say them."""
    keys, owns = (", ".join(each) for each in zip(*here.keys, strict=True))
    names, sources = (", ".join(each) for each in zip(*here.values, strict=True))
    last = ", ".join(f"{own} DESC" for _, own in here.keys)
    return [
        f"UPDATE {_VIEW} SET ({keys}) = (SELECT {owns} FROM {_HOME} ORDER BY {last} LIMIT 1)",
        _in_step(here, "a row that belongs to another"),
        f"DELETE FROM {_VIEW}",
        f"INSERT INTO {_VIEW} ({keys}) SELECT {owns} FROM {_HOME}",
        _in_step(here, "a row that leaves the columns out"),
        f"DELETE FROM {_VIEW}",
        f"INSERT INTO {_VIEW} ({keys}, {names}) SELECT {owns}, {sources} FROM {_HOME}",
        _in_step(here, "a row that says them"),
    ]


def _made_up(move: Move, home: Table) -> list[str]:
    """A row of either, where there are none; nothing where a type has no value to make one up of."""
    owns = [own for _, own in (*move.keys, *move.values)]
    samples = [_sample(home, each) for each in owns]
    keys = samples[: len(move.keys)]
    if not all(keys) or any(not _sample(home, each.own) for each in move.columns if each.required):
        return []
    given, names = ", ".join(each or "NULL" for each in samples), ", ".join(name for name, _ in move.keys)
    return [
        f"INSERT INTO {SCRATCH} ({names}) SELECT {', '.join(keys)} WHERE NOT EXISTS (SELECT FROM {_HOME})",
        f"INSERT INTO {_HOME} ({', '.join(owns)}) SELECT {given} WHERE NOT EXISTS (SELECT FROM {_HOME})",
    ]


def _in_step(here: Move, what: str) -> str:
    hint = "this is midair's own check: nothing was installed"
    return refusal(f"({here.unequal()}) > 0", f"{what} does not get to both tables", hint)


def _sample(home: Table, name: str) -> str:
    """A value of the column's type, or nothing where its types have none."""
    column = home.column(name)
    return SAMPLES.get(column.type.name, ("",))[-1] if column is not None else ""
