"""An application in two versions, hammering one table, that knows what every row must hold."""

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from midair.database import Guard, Session, open_session
from midair.errors import MidairError
from midair.model.address import Address
from midair.model.statement import Sql

ACCOUNTS = """
CREATE TABLE accounts (id bigint PRIMARY KEY, balance numeric NOT NULL DEFAULT 0, owner text NOT NULL);
CREATE TABLE moves (account bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, sum numeric);
INSERT INTO accounts SELECT g, 0, 'all' FROM generate_series(1, 5) AS g;
"""
SHARED = 5
"""Accounts 1 to 5 are everybody's; the others belong to the worker that opened them."""


@dataclass(frozen=True)
class Version:
    """The names one version uses; one without an `owner` leaves that column out."""

    name: str
    table: str = "accounts"
    balance: str = "balance"
    owner: str | None = "owner"


@dataclass
class Worker:
    """One connection of one version. `kept` is what its own rows must hold, `added` what it put on shared ones."""

    number: int
    version: Version
    address: Address
    kept: dict[int, int] = field(default_factory=dict)
    added: int = 0
    errors: list[str] = field(default_factory=list)
    rounds: int = 0
    worst_s: float = 0.0
    """Its longest round of seven statements."""
    over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        session = open_session(self.address, Guard(), f"shop {self.version.name}")
        try:
            while not self.over.is_set():
                began = time.monotonic()
                self.round(session)
                self.worst_s = max(self.worst_s, time.monotonic() - began)
                self.rounds += 1
        except MidairError as error:
            self.errors.append(f"{self.version.name}: {error.message}")
        finally:
            session.close()

    def round(self, session: Session) -> None:
        """Opens an account, works on it and on a shared one, and closes every fourth."""
        own = self.number * 1_000_000 + self.rounds
        table, balance, owner = self.version.table, self.version.balance, self.version.owner
        names, marks = (f", {owner}", ", 'me'") if owner else ("", "")
        run(session, f"INSERT INTO {table} (id, {balance}{names}) VALUES ({own}, 1{marks})")
        run(session, f"INSERT INTO moves (account, sum) VALUES ({own}, 1)")
        run(session, f"UPDATE {table} SET {balance} = {balance} + 1 WHERE id = {own}")
        run(
            session,
            f"INSERT INTO {table} (id, {balance}{names}) VALUES ({own}, 10{marks})"
            f" ON CONFLICT (id) DO UPDATE SET {balance} = {table}.{balance} + excluded.{balance}",
        )
        shared = 1 + self.rounds % SHARED
        run(session, f"UPDATE {table} SET {balance} = {balance} + 1 WHERE id = {shared}")
        self.added += 1
        if session.query(f"SELECT {balance} FROM {table} WHERE id = {own} FOR UPDATE") != [(12,)]:
            self.errors.append(f"{self.version.name} read another value of {own} than it wrote")
        self.kept[own] = 12
        if self.rounds % 4 == 0:
            run(session, f"DELETE FROM {table} WHERE id = {own}")
            del self.kept[own]


def run(session: Session, sql: str) -> None:
    session.run([Sql(sql)], atomic=False)


class Shop:
    """Both versions at work on one database."""

    def __init__(self, address: Address, worker: type[Worker] = Worker) -> None:
        self.address = address
        self._worker = worker
        self.workers: list[Worker] = []

    @contextmanager
    def running(self, *versions: Version) -> Generator[None]:
        """Two workers of each version for as long as the context lasts; they have done some rounds when it begins."""
        began = []
        with ExitStack() as stack:
            for version in (each for each in versions for _ in range(2)):
                worker = self._worker(len(self.workers) + 1, version, self.address)
                self.workers.append(worker)
                began.append(worker)
                thread = threading.Thread(target=worker.work, daemon=True)
                thread.start()
                stack.callback(thread.join)
                stack.callback(worker.over.set)
            go_on(began)
            yield
            go_on(began)

    def errors(self) -> list[str]:
        return [each for worker in self.workers for each in worker.errors]

    def wrong(self, session: Session, version: Version) -> list[tuple[int, object]]:
        """Rows that are not what the workers left, as pairs of number and what is there."""
        rows = session.query(f"SELECT id, {version.balance} FROM {version.table}")
        found = {number: int(value) for number, value in rows}
        must: dict[int, int] = {}
        for worker in self.workers:
            must |= worker.kept
        own = {number: value for number, value in found.items() if number > SHARED}
        shared = sum(value for number, value in found.items() if number <= SHARED)
        wrong: list[tuple[int, object]] = [
            (number, own.get(number))
            for number in must.keys() | own.keys()
            if must.get(number) != own.get(number)
        ]
        if shared != sum(worker.added for worker in self.workers):
            wrong.append((0, shared))
        return wrong


def go_on(workers: Sequence[Worker], rounds: int = 5) -> None:
    """Waits until each has done some more rounds, or failed."""
    before = [worker.rounds for worker in workers]
    while any(
        worker.rounds < start + rounds and not worker.errors
        for worker, start in zip(workers, before, strict=True)
    ):
        threading.Event().wait(0.01)
