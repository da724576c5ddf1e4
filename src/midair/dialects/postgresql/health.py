"""Asks a server what keeps it, or the next migration, from working: locks, leftovers, near ends."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from midair.database.session import Session
from midair.dialects.postgresql.changes.names import identifier, qualified
from midair.model.ailment import Ailment

_PATIENT_S = 300
"""A transaction that is open for longer keeps vacuum from its work, and an index build waiting."""
_FULL = 0.8


def ailments_of(session: Session) -> tuple[Ailment, ...]:
    """Everything that is wrong, most urgent first; reads catalogs and statistics only.

    Raises:
        StatementFailed: the user may not read the catalog.
    """
    makers: Sequence[tuple[str, Callable[[list[tuple[Any, ...]]], Iterator[Ailment]]]] = (
        ("sessions", _blockers),
        ("invalid_indexes", _invalid_indexes),
        ("half_detached", _half_detached),
        ("temporary", _temporary),
        ("not_valid", _not_valid),
        ("sequences", _sequences),
    )
    return tuple(ailment for name, make in makers for ailment in make(session.query(_query(name))))


@cache
def _query(name: str) -> str:
    return files("midair.dialects.postgresql").joinpath(f"health_queries/{name}.sql").read_text()


@dataclass(frozen=True, slots=True)
class _Session:
    pid: int
    who: str
    state: str
    open_s: int
    query: str
    blocked_by: tuple[int, ...]

    def __str__(self) -> str:
        since = f", transaction open for {self.open_s} s" if self.open_s else ""
        return f"pid {self.pid} ({self.who}, {self.state}{since}): {self.query}"


def _blockers(rows: list[tuple[Any, ...]]) -> Iterator[Ailment]:
    sessions = {row[0]: _Session(row[0], row[1], row[2], row[3], row[4], tuple(row[5])) for row in rows}
    waiting: dict[int, list[_Session]] = {}
    for each in sessions.values():
        for pid in set(each.blocked_by):
            waiting.setdefault(pid, []).append(each)
    for each in sessions.values():
        end = (f"SELECT pg_terminate_backend({each.pid})",)
        if each.pid in waiting and not each.blocked_by:
            tree = tuple(_tree(each.pid, waiting, 1, frozenset({each.pid})))
            yield Ailment("blocker", f"{each} — {len(tree)} wait behind it", end, tree)
        elif each.open_s > _PATIENT_S and not each.blocked_by:
            yield Ailment("long transaction", str(each), end)


def _tree(
    pid: int, waiting: Mapping[int, Sequence[_Session]], depth: int, seen: frozenset[int]
) -> Iterator[str]:
    for each in waiting.get(pid, ()):
        if each.pid not in seen:
            yield f"{'  ' * depth}└ {each}"
            yield from _tree(each.pid, waiting, depth + 1, seen | {each.pid})


def _invalid_indexes(rows: list[tuple[Any, ...]]) -> Iterator[Ailment]:
    for schema, index, table_schema, table, partitioned in rows:
        name, owner = qualified(schema, index), qualified(table_schema, table)
        if partitioned:
            what = f"{name} on {owner} is not valid: a partition has no index attached to it"
            yield Ailment("invalid index", what, (f"ALTER INDEX {name} ATTACH PARTITION …",))
            continue
        twin = index.rstrip("0123456789").endswith(("_ccnew", "_ccold"))
        drop = f"DROP INDEX CONCURRENTLY {name}"
        mend = (drop,) if twin else (f"REINDEX INDEX CONCURRENTLY {name}", drop)
        yield Ailment("invalid index", f"{name} on {owner} costs writes and helps no query", mend)


def _half_detached(rows: list[tuple[Any, ...]]) -> Iterator[Ailment]:
    for schema, partition, parent_schema, parent in rows:
        child, owner = qualified(schema, partition), qualified(parent_schema, parent)
        mend = f"ALTER TABLE {owner} DETACH PARTITION {child} FINALIZE"
        yield Ailment("half detached", f"{child} is neither in {owner} nor out of it", (mend,))


def _temporary(rows: list[tuple[Any, ...]]) -> Iterator[Ailment]:
    for kind, schema, table, name in rows:
        if kind == "constraint":
            owner = qualified(schema, table)
            mend = f"ALTER TABLE {owner} DROP CONSTRAINT {identifier(name)}"
            yield Ailment(
                "leftover", f"{identifier(name)} on {owner} was a step's helper", ("midair resume", mend)
            )
        else:
            mend = f"DROP SEQUENCE {qualified(schema, name)}"
            yield Ailment(
                "leftover", f"{qualified(schema, name)} was a step's helper", ("midair resume", mend)
            )


def _not_valid(rows: list[tuple[Any, ...]]) -> Iterator[Ailment]:
    for schema, table, name in rows:
        owner, constraint = qualified(schema, table), identifier(name)
        what = f"{constraint} on {owner} is not validated: rows from before it may break it"
        yield Ailment("not validated", what, (f"ALTER TABLE {owner} VALIDATE CONSTRAINT {constraint}",))


def _sequences(rows: list[tuple[Any, ...]]) -> Iterator[Ailment]:
    for schema, name, last, limit, table_schema, table, column in rows:
        share = last / limit
        if share < _FULL:
            continue
        sequence = qualified(schema, name)
        mend = [f"ALTER SEQUENCE {sequence} AS bigint"]
        if table is not None:
            mend.append(
                f"ALTER TABLE {qualified(table_schema, table)} ALTER COLUMN {identifier(column)} TYPE bigint"
            )
        yield Ailment("sequence", f"{sequence} has given out {share:.0%} of its numbers", tuple(mend))
