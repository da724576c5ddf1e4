"""A copy that takes its time among writers of all kinds, some of whose rows the new table refuses: no row is lost, none left behind."""

import random
from dataclasses import replace
from functools import partial

import pytest
from bench.scenarios import application
from bench.scenarios.application import Pair, Version, running, seed, wrong
from bench.scenarios.engine import request_of
from bench.scenarios.world import SHORT, Result, world
from tests.support.listening import Remembering

import midair
from midair.errors import MigrationFailed
from midair.execution.services import Pace
from midair.rehearsal.server import Server

_PARTITIONED = """ALTER TABLE orders RENAME TO orders_old;
CREATE TABLE orders (id bigint, total int NOT NULL DEFAULT 0 CHECK (total > -1), note text, state text NOT NULL DEFAULT 'new', PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE orders_a PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE orders_b PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO orders SELECT * FROM orders_old;
DROP TABLE orders_old;"""
_NARROWED = "-- midair: strategy = shadow\nALTER TABLE orders ALTER COLUMN total TYPE smallint, ALTER COLUMN state TYPE varchar(9);"
REFUSED = {
    "a table partitioned by hand": (_PARTITIONED, -1),
    "types that are too small": (_NARROWED, 100_000),
}
"""A change, and a value of `total` that the new table cannot hold."""
_usual = application.turn


def _turn(refused: int, version: Version, rows: int, own: int, luck: random.Random) -> list[Pair]:
    """Now and then a row gets the value; then what everybody does."""
    pairs = _usual(version, rows, own, luck)
    if luck.random() < 0.2:
        row = luck.randrange(1, rows + 1)
        pairs += [
            (f"UPDATE {table} SET total = %s WHERE id = %s", (refused, row))
            for table in (version.table, "oracle")
        ]
    return pairs


@pytest.mark.parametrize("name", REFUSED)
def test_rows_that_are_refused_hold_up_the_exchange_and_nothing_else(
    own_server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql, refused = REFUSED[name]
    size = replace(SHORT, rows=2_000, rate=150, clients=2)
    old, strict = Version("old"), Version("strict", isolation="repeatable read")
    with world(own_server, size) as here:
        seed(here, total="int")
        here.tell(
            *(f"UPDATE {each} SET total = {refused} WHERE id % 500 = 7" for each in ("orders", "oracle"))
        )
        # Small batches with long pauses between them: the writers find every moment of the copy.
        pace = Pace(first_rows=200, batch_s=0.002, duty=0.25)
        request, result = replace(request_of(here, here.project(sql)), pace=pace), Result()
        with monkeypatch.context() as patched:
            patched.setattr(application, "turn", partial(_turn, refused))
            with (
                running(here, [old, strict], result),
                pytest.raises(MigrationFailed, match="cannot be copied"),
            ):
                midair.apply(request, Remembering())
        with running(here, [old, strict], result):
            here.tell(
                "WITH mended AS (UPDATE orders SET total = 5 WHERE total < 0 OR total > 32000 RETURNING id)"
                " UPDATE oracle SET total = 5 FROM mended WHERE oracle.id = mended.id"
            )
            midair.resume(request, Remembering())
        with running(here, [old, strict], result):
            midair.contract(request, Remembering())
        assert result.errors == []
        assert wrong(here, old) == 0
        assert here.ask("SELECT count(*) FROM orders") == here.ask("SELECT count(*) FROM oracle")
        assert len(result.felt) > 100
