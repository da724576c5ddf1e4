"""An application in two versions, at a fixed rate, whose every write is in the oracle's table by the same transaction.

Each connection is a process. Latency counts from when a transaction was due: one that waits makes those behind it late.
"""

import json
import os
import random
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from bench.scenarios.world import Late, Result, World

SEED = """
CREATE TABLE orders (id {key} PRIMARY KEY, total {total} NOT NULL DEFAULT 0, note text, state text NOT NULL DEFAULT 'new');
INSERT INTO orders SELECT g, g, 'n' || g FROM generate_series(1, {rows}) AS g;
CREATE TABLE oracle (id bigint PRIMARY KEY, total numeric DEFAULT 0, note text);
INSERT INTO oracle SELECT id, total, note FROM orders;
"""


def seed(world: World, key: str = "bigint", total: str = "numeric", also: str = "") -> None:
    """The table of the scenarios, with an oracle that holds the same."""
    text = SEED.format(rows=world.size.rows, key=key, total=total) + also
    world.holds([each.strip() for each in text.split(";\n") if each.strip()])


@dataclass(frozen=True)
class Version:
    """The names one version uses; it leaves a column out that is `None`.

    `isolation` above READ COMMITTED: what the server cannot serialize is dropped, as by an application that gives up and tries anew.
    """

    name: str
    table: str = "orders"
    total: str = "total"
    note: str | None = "note"
    search_path: str = "public"
    isolation: str = "read committed"


Pair = tuple[str, tuple[object, ...]]


def turn(version: Version, rows: int, own: int, luck: random.Random) -> list[Pair]:
    """One transaction: statements on the table, each followed by the same one on the oracle."""
    kind, row = luck.randrange(10), luck.randrange(1, rows + 1)
    made: list[Callable[[str, str, str | None], Pair]]
    match kind:
        case 0:
            made = [_insert(own, 7, "mine")]
        case 1:
            made = [_omitting(own)]
        case 2:
            made = [_insert(own, 7, None), _rekey(own)]
        case 3:
            made = [upsert(1 + row % 40)]
        case 4:
            made = [lambda table, _total, _note: (f"DELETE FROM {table} WHERE id = %s", (row,))]
        case 5:
            first = max(row, 2)
            made = [_add(first), _add(first - 1)]  # descending: the order that deadlocks careless backfills
        case 6 if version.note:
            made = [
                lambda table, _total, note: (
                    f"UPDATE {table} SET {note} = %s WHERE id = %s",
                    (f"w{own}", row),
                )
            ]
        case _:
            made = [_add(row)]
    pairs: list[Pair] = [_read(version, row)] if kind % 3 == 0 else []
    for each in made:
        pairs.append(each(version.table, version.total, version.note))
        pairs.append(each("oracle", "total", "note" if version.note else None))
    return pairs


def _read(version: Version, row: int) -> Pair:
    columns = ", ".join(("id", version.total, *filter(None, (version.note,))))
    return f"SELECT {columns} FROM {version.table} WHERE id = %s", (row,)


def _insert(own: int, total: int, note: str | None) -> Callable[[str, str, str | None], Pair]:
    def made(table: str, column: str, note_column: str | None) -> Pair:
        if note_column is None:
            return f"INSERT INTO {table} (id, {column}) VALUES (%s, %s)", (own, total)
        return f"INSERT INTO {table} (id, {column}, {note_column}) VALUES (%s, %s, %s)", (own, total, note)

    return made


def _omitting(own: int) -> Callable[[str, str, str | None], Pair]:
    def made(table: str, _column: str, note_column: str | None) -> Pair:
        if note_column is None:
            return f"INSERT INTO {table} (id) VALUES (%s)", (own,)
        return f"INSERT INTO {table} (id, {note_column}) VALUES (%s, %s)", (own, "omits")

    return made


def _rekey(own: int) -> Callable[[str, str, str | None], Pair]:
    return lambda table, _total, _note: (f"UPDATE {table} SET id = %s WHERE id = %s", (-own, own))


def upsert(row: int) -> Callable[[str, str, str | None], Pair]:
    def made(table: str, column: str, _note: str | None) -> Pair:
        return (
            f"INSERT INTO {table} (id, {column}) VALUES (%s, 1)"
            f" ON CONFLICT (id) DO UPDATE SET {column} = {table}.{column} + excluded.{column}",
            (row,),
        )

    return made


def _add(row: int) -> Callable[[str, str, str | None], Pair]:
    def made(table: str, column: str, _note: str | None) -> Pair:
        return f"UPDATE {table} SET {column} = {column} + 1 WHERE id = %s", (row,)

    return made


class Population:
    """The connections of one version, until they are told to leave."""

    def __init__(self, world: World, version: Version, first_id: int) -> None:
        self.version = version
        self._started = [
            _start(world, version, first_id + number * 50_000_000 // 100)
            for number in range(world.size.clients)
        ]

    def stop(self) -> None:
        """Tells them to leave; a population that started later must have been told, too, for its processes hold the same pipes."""
        for _, _, stop in self._started:
            os.write(stop, b".")  # those started later hold this end too: to close it would tell nobody
            os.close(stop)

    def leave(self, result: Result) -> None:
        """Waits for their end; what they felt goes into the result."""
        for pid, reading, _ in self._started:
            with os.fdopen(reading) as lines:
                said = json.load(lines)
            os.waitpid(pid, 0)
            result.felt += [Late(self.version.name, due, by) for due, by in said["felt"]]
            result.errors += said["failed"]
        self._started = []


@contextmanager
def running(world: World, versions: Sequence[Version], result: Result) -> Generator[None]:
    """These versions at work for as long as the context lasts."""
    _running.append(_running[-1] + 1 if _running else 1)
    there = [
        Population(world, each, 10_000_000 * (_running[-1] * 4 + at)) for at, each in enumerate(versions)
    ]
    time.sleep(0.2)
    try:
        yield
    finally:
        for each in there:
            each.stop()
        for each in there:
            each.leave(result)


_running: list[int] = []
"""Counts populations, so that no two of them insert the same key; keys stay below 2^31 for the narrow type's sake."""


def _start(world: World, version: Version, first_id: int) -> tuple[int, int, int]:
    reading, writing = os.pipe()
    stopping, stop = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        os.close(stopping)
        return pid, reading, stop
    try:
        os.close(reading)
        os.close(stop)
        os.set_blocking(stopping, False)
        said = json.dumps(_work(world, version, first_id, stopping)).encode()
        with os.fdopen(writing, "wb") as out:
            out.write(said)
    finally:
        os._exit(0)


def _work(world: World, version: Version, own: int, stopping: int) -> dict[str, list[object]]:
    felt: list[object] = []
    failed: list[object] = []
    luck = random.Random(own)
    url = world.entrance or world.url
    with psycopg.connect(url, autocommit=True, application_name=f"shop {version.name}") as connection:
        connection.prepare_threshold = None
        if not world.entrance:  # what is set through a pooler stays with whoever has the connection next
            connection.execute(f"SET search_path TO {version.search_path}")  # type: ignore[arg-type]
            connection.execute(f"SET default_transaction_isolation TO '{version.isolation}'")  # type: ignore[arg-type]
        due = time.monotonic()
        parent = os.getppid()
        while not _ended(stopping) and os.getppid() == parent:
            due += 1 / world.size.rate
            if (rest := due - time.monotonic()) > 0:
                time.sleep(rest)
            own += 1
            try:
                with connection.transaction():
                    for text, values in turn(version, world.size.rows, own, luck):
                        connection.execute(text, values)  # type: ignore[arg-type]
            except psycopg.errors.SerializationFailure as error:
                if version.isolation == "read committed":
                    failed.append(f"{version.name}: {error.sqlstate} {str(error).splitlines()[0]}")
            except psycopg.Error as error:
                failed.append(f"{version.name}: {error.sqlstate} {str(error).splitlines()[0]}")
                if connection.closed:
                    break
            felt.append((due, time.monotonic() - due))
    return {"felt": felt, "failed": failed}


def _ended(stopping: int) -> bool:
    """Somebody said so."""
    try:
        os.read(stopping, 1)
    except BlockingIOError:
        return False
    return True


def wrong(world: World, version: Version) -> int:
    """Rows of the table, as this version sees it, that are not the oracle's."""
    note = f" OR t.{version.note} IS DISTINCT FROM o.note" if version.note else ""
    query = (
        f"SELECT count(*) FROM {version.search_path}.{version.table} t FULL JOIN oracle o ON o.id = t.id"
        f" WHERE t.id IS NULL OR o.id IS NULL OR t.{version.total}::numeric IS DISTINCT FROM o.total{note}"
    )
    return int(str(world.ask(query)[0][0]))


def rows(world: World) -> int:
    """How many rows the oracle knows."""
    return int(str(world.ask("SELECT count(*) FROM oracle")[0][0]))
