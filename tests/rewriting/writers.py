"""Writers of all kinds, each with a session of its own, at work while something is applied."""

import random
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from tests.rewriting.conftest import Rig

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
