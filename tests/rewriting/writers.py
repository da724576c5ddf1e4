"""Writers of all kinds, each with a session of its own, at work while something is applied."""

import random
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from tests.rewriting.conftest import Rig, request_for
from tests.support.listening import Remembering
from tests.support.versions import run

import midair
from midair.database import Session
from midair.errors import MidairError
from midair.model.address import Address

Write = Callable[[Session, random.Random, int, int], None]
"""One write: by a session and its luck, with a key of its own, among so many rows."""


@contextmanager
def writing(rig: Rig, address: Address, write: Write, *, rows: int, workers: int) -> Generator[list[str]]:
    """They write from before the context begins until it ends; gives what they failed with, complete after it."""
    over, begun, errors = threading.Event(), threading.Barrier(workers + 1), list[str]()

    def work(number: int) -> None:
        chance, made = random.Random(number), 0
        try:
            with rig.session(address, f"shop {number}") as session:
                begun.wait(timeout=30)
                while not over.is_set():
                    made += 1
                    write(session, chance, 1_000_000 * (number + 1) + made, rows)
        except MidairError as error:
            errors.append(error.message)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(workers)]
    for each in threads:
        each.start()
    try:
        begun.wait(timeout=30)
        yield errors
    finally:
        over.set()
        for each in threads:
            each.join()


@contextmanager
def copied_among(
    rig: Rig, root: Path, given: str, write: Write, *, rows: int, workers: int
) -> Generator[tuple[Address, Session]]:
    """A database to which the project was applied while they wrote and nobody failed, and a session on it.

    `given` speaks of 300 rows; there are `rows` of them.
    """
    with rig.database(given.replace("300", str(rows))) as address:
        with writing(rig, address, write, rows=rows, workers=workers) as errors:
            midair.apply(request_for(root, address), Remembering())
        assert errors == []
        with rig.session(address) as session:
            yield address, session


def two_users_at_once(session: Session, one: int) -> None:
    """Changes this user and the next one, locked in falling order: any two such writers agree on that."""
    pair = f"SELECT id FROM users WHERE id IN ({one}, {one + 1}) ORDER BY id DESC FOR UPDATE"
    run(
        session,
        f"WITH rows AS MATERIALIZED ({pair}) UPDATE users SET bio = 'c', visits = visits + 1 FROM rows WHERE rows.id = users.id",
    )
