"""A column moves to another table that is there already, and back: both versions write both tables, the value in their own."""

import random

from bench.scenarios import application
from bench.scenarios.application import Pair, Version, seed
from bench.scenarios.life import lived
from bench.scenarios.world import Result, Scenario, World, summed, world

MIGRATION = """
ALTER TABLE ledger ADD COLUMN total numeric NOT NULL DEFAULT 0;
UPDATE ledger SET total = orders.total FROM orders WHERE orders.id = ledger.id;
ALTER TABLE orders DROP COLUMN total;
"""
_LEDGER = """
CREATE TABLE ledger (id bigint PRIMARY KEY REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE, looks int NOT NULL DEFAULT 0);
INSERT INTO ledger SELECT id FROM orders"""
_OLD, _NEW = Version("old", note=None), Version("new", table="ledger", note=None)
_HOT = 40
"""Rows that are never deleted: upserts of the new version need the order."""


def seeded(here: World) -> None:
    """Every order has a row of the other table."""
    seed(here, also=_LEDGER)


def run(here: World) -> Result:
    results: list[Result] = []
    usual = application.turn
    application.turn = _turn  # the workers are forks of this process
    try:
        for back in (False, True):
            with world(here.server, here.size) as own:
                results.append(lived(own, MIGRATION, _NEW, _OLD, seeding=seeded, back=back))
    finally:
        application.turn = usual
    return summed(results)


def _turn(version: Version, rows: int, own: int, luck: random.Random) -> list[Pair]:
    kind, row = luck.randrange(10), 1 + luck.randrange(rows)
    table = version.table
    match kind:
        case 0:
            return [*_made(version, own, 7), ("INSERT INTO oracle (id, total) VALUES (%s, 7)", (own,))]
        case 1:
            rekeyed = [
                (f"UPDATE {each} SET id = %s WHERE id = %s", (-own, own)) for each in ("orders", "oracle")
            ]
            return [*_made(version, own, None), ("INSERT INTO oracle (id) VALUES (%s)", (own,)), *rekeyed]
        case 2:
            upsert = application.upsert(1 + row % _HOT)
            return [upsert(table, "total", None), upsert("oracle", "total", None)]
        case 3:
            gone = (max(row, _HOT + 1),)
            return [(f"DELETE FROM {each} WHERE id = %s", gone) for each in ("orders", "oracle")]
        case 4:
            return [("UPDATE ledger SET looks = looks + 1 WHERE id = %s", (row,))]
        case 5:
            first = max(row, 2)  # descending: the order that deadlocks careless backfills
            return [each for number in (first, first - 1) for each in _added(table, number)]
        case 6:
            return [(f"SELECT id, total FROM {table} WHERE id = %s", (row,))]
        case _:
            return _added(table, row)


def _made(version: Version, own: int, total: int | None) -> list[Pair]:
    """An order with its row of the ledger; the old version does not know the ledger's total, the new one not the order's."""
    plain = [(f"INSERT INTO {each} (id) VALUES (%s)", (own,)) for each in ("orders", "ledger")]
    if total is None:
        return [*plain]
    said: Pair = (f"INSERT INTO {version.table} (id, total) VALUES (%s, %s)", (own, total))
    return [said, plain[1]] if version is _OLD else [plain[0], said]


def _added(table: str, row: int) -> list[Pair]:
    return [(f"UPDATE {each} SET total = total + 1 WHERE id = %s", (row,)) for each in (table, "oracle")]


SCENARIO = Scenario("moves", "a column moves to another table, and back", "0 errors, 0 wrong rows", run)
