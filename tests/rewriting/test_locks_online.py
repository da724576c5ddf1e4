"""Strong locks are asked for so that nobody queues behind them, and who is in the way is named or, if asked for, ended."""

import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.support.listening import Remembering

import midair
from midair.database import Guard, open_session
from midair.errors import LeaseLost, LockNotAcquired
from midair.model.address import Address
from midair.model.event import Event, LockWaited, Noticed, SegmentDone
from midair.model.statement import Sql

_GIVEN = """
CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);
INSERT INTO orders SELECT g, g FROM generate_series(1, 50) AS g;
"""
_ADD = "ALTER TABLE orders ADD COLUMN seen boolean;"
_INDEX_AND_COLUMN = "CREATE INDEX ON orders (total);\nALTER TABLE orders ADD COLUMN seen boolean;"


@contextmanager
def idle_in_transaction(address: Address, sql: str = "SELECT * FROM orders") -> Generator[object]:
    other = open_session(address, Guard(), "report-worker")
    other.run([Sql("BEGIN"), Sql(sql)], atomic=False)
    try:
        yield other
    finally:
        other.close()


class Doing(Remembering):
    """Does something when it first hears an event of a kind."""

    def __init__(self, kind: type, do: Callable[[], None]) -> None:
        super().__init__()
        self._kind, self._do, self._done = kind, do, False

    def hear(self, event: Event) -> None:
        super().hear(event)
        if isinstance(event, self._kind) and not self._done:
            self._done = True
            self._do()


def test_readers_go_on_while_a_strong_lock_is_out_of_reach(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_GIVEN) as address, rig.session(address, "reader") as reader:
        reader.run([Sql("SET lock_timeout = 1000")], atomic=False)
        read: list[int] = []
        heard = Doing(LockWaited, lambda: read.append(len(reader.query("SELECT * FROM orders"))))
        with idle_in_transaction(address), pytest.raises(LockNotAcquired):
            midair.apply(request_for(project(_ADD), address, lock_budget_s=0.4), heard)
        assert read == [50]
        assert any(
            "report-worker, idle in transaction" in each for wait in _waits(heard) for each in wait.blockers
        )
        assert any("SELECT * FROM orders" in each for wait in _waits(heard) for each in wait.blockers)
        assert midair.apply(request_for(project(_ADD), address), Remembering()).revisions == 1


def test_who_is_in_the_way_is_ended_only_when_that_was_asked_for(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_GIVEN) as address, idle_in_transaction(address):
        root, heard = project(_ADD), Remembering()
        assert midair.apply(request_for(root, address, terminate_blockers_s=0.1), heard).revisions == 1
        said = [event.message for event in heard.events if isinstance(event, Noticed)]
        assert any("report-worker" in each and each.startswith("ended pid") for each in said)


def test_only_who_is_in_the_way_is_named_and_ended(rig: Rig, project: Callable[..., Path]) -> None:
    """A foreign key waits for writers; the one that only read goes on."""
    given = f"{_GIVEN}; CREATE TABLE kinds (id bigint PRIMARY KEY); ALTER TABLE orders ADD COLUMN kind bigint"
    add = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (kind) REFERENCES kinds (id);"
    with rig.database(given) as address, rig.session(address, "reader") as reader, ExitStack() as stack:
        writer = stack.enter_context(rig.session(address, "writer"))
        reader.run([Sql("BEGIN"), Sql("SELECT * FROM kinds")], atomic=False)
        writer.run([Sql("BEGIN"), Sql("INSERT INTO kinds VALUES (1)")], atomic=False)
        heard = Remembering()
        root = project(add)
        assert midair.apply(request_for(root, address, terminate_blockers_s=0.1), heard).revisions == 1
        named = [each for wait in _waits(heard) for each in wait.blockers]
        assert named
        assert all("writer" in each for each in named)
        ended = [
            each.message for each in heard.events if isinstance(each, Noticed) and "ended pid" in each.message
        ]
        assert len(ended) == 1
        assert "writer" in ended[0]
        assert reader.query("SELECT count(*) FROM kinds") == [(0,)]


def test_an_index_is_built_while_a_writer_is_open_elsewhere_and_waits_for_it(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_GIVEN) as address:
        other = open_session(address, Guard(), "writer")
        other.run([Sql("BEGIN"), Sql("UPDATE orders SET total = 0 WHERE id = 1")], atomic=False)
        timer = threading.Timer(0.5, lambda: other.run([Sql("COMMIT")], atomic=False))
        timer.start()
        heard = Remembering()
        assert (
            midair.apply(
                request_for(project("CREATE INDEX slow ON orders (total);"), address), heard
            ).revisions
            == 1
        )
        timer.join()
        other.close()
        assert not _waits(heard)  # it waits in the server, where nobody queues behind it, and not in tries


def test_a_run_whose_lease_went_to_another_commits_nothing_more(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_GIVEN) as address, rig.session(address) as other:
        take = "UPDATE midair.lease SET epoch = epoch + 1, owner = 'the other'"
        heard = Doing(SegmentDone, lambda: other.run([Sql(take)], atomic=False))
        with pytest.raises(LeaseLost) as caught:
            midair.apply(request_for(project(_INDEX_AND_COLUMN), address), heard)
        assert "the other" in caught.value.message
        assert other.query(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'seen'"
        ) == [(0,)]
        assert midair.apply(request_for(project(_INDEX_AND_COLUMN), address), Remembering()).revisions == 1


def test_duplicates_end_a_unique_build_without_remains(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_GIVEN + "UPDATE orders SET total = 1;") as address, rig.session(address) as session:
        root = project("ALTER TABLE orders ADD CONSTRAINT one UNIQUE (total);")
        with pytest.raises(midair.MidairError) as caught:
            midair.apply(request_for(root, address), Remembering())
        assert "Key (total)=(1) is duplicated" in caught.value.message
        assert session.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
        session.run([Sql("UPDATE orders SET total = id")], atomic=False)
        assert midair.resume(request_for(root, address), Remembering()).revisions == 1
        assert session.query(
            "SELECT conname FROM pg_constraint WHERE contype = 'u' AND conrelid = 'orders'::regclass"
        ) == [("one",)]


def _waits(heard: Remembering) -> list[LockWaited]:
    return [event for event in heard.events if isinstance(event, LockWaited)]
