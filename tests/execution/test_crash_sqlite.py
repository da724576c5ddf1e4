"""On SQLite too any crash resumes to the state an uninterrupted run reaches, and one run works at a time."""

import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from tests.support.fly import fly

from midair.model.address import Address, Product

MIGRATIONS = 24
KILLS = 40


@dataclass(frozen=True)
class Reference:
    root: Path
    dump: list[str]
    took_s: float


def _project(root: Path) -> Path:
    """dbmate's: every fourth asks for no transaction, so that a crash can come between its statements."""
    folder = root / "db" / "migrations"
    folder.mkdir(parents=True)
    for number in range(1, MIGRATIONS + 1):
        options = " transaction:false" if number % 4 == 0 else ""
        (folder / f"{number:04d}_m{number}.sql").write_text(
            f"-- migrate:up{options}\n"
            f"CREATE TABLE t{number} (id integer PRIMARY KEY, note text);\n"
            f"INSERT INTO t{number} VALUES (1, 'it''s; here'), (2, 'row');\n"
            f"-- migrate:down\nDROP TABLE t{number};\n"
        )
    return root


def _dump(address: Address) -> list[str]:
    with closing(sqlite3.connect(address.database)) as connection:
        return sorted(line for line in connection.iterdump() if "midair_" not in line)


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Address]:
    return lambda: Address(Product.SQLITE, str(tmp_path / f"{uuid4().hex[:10]}.db"))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    folder = tmp_path_factory.mktemp("crash")
    root, address = _project(folder / "project"), Address(Product.SQLITE, str(folder / "reference.db"))
    began = time.monotonic()
    assert fly(root, address).landed() == (0, str(MIGRATIONS))
    return Reference(root, _dump(address), time.monotonic() - began)


def assert_lands(reference: Reference, address: Address) -> None:
    code, said = fly(reference.root, address, wait_s=30).landed()
    assert code == 0, said
    assert _dump(address) == reference.dump
    assert list(Path(address.database).parent.glob("*-midair-*")) == []


@pytest.mark.parametrize("event", range(0, 100, 4))
def test_one_kill_at_an_event_from_empty_resumes_to_the_same_state(
    reference: Reference, fresh: Callable[[], Address], event: int
) -> None:
    address = fresh()
    code, said = fly(reference.root, address, dies_at=event).landed()
    assert code in (0, -signal.SIGKILL), said
    assert_lands(reference, address)


def test_kills_at_random_instants_resume_to_the_same_state(
    reference: Reference, fresh: Callable[[], Address]
) -> None:
    chance = random.Random(20261121)
    address = fresh()
    for _ in range(KILLS):
        process = fly(reference.root, address, wait_s=30)
        time.sleep(chance.uniform(0.0, reference.took_s))
        process.kill()
        if process.landed()[0] == 0:
            assert _dump(address) == reference.dump
            address = fresh()
    assert_lands(reference, address)


@pytest.mark.parametrize("runs", [2, 12])
def test_of_several_at_once_exactly_one_works(
    reference: Reference, fresh: Callable[[], Address], runs: int
) -> None:
    address = fresh()
    together = time.monotonic() + 0.2
    landed = [
        each.landed() for each in [fly(reference.root, address, starts_at=together) for _ in range(runs)]
    ]
    worked = [said for code, said in landed if code == 0 and said != "0"]
    assert worked == [str(MIGRATIONS)], landed
    assert all(code in (0, 3) for code, _ in landed), landed
    assert _dump(address) == reference.dump


@pytest.mark.parametrize("runs", [2, 12])
def test_those_that_wait_find_nothing_left_to_do(
    reference: Reference, fresh: Callable[[], Address], runs: int
) -> None:
    address = fresh()
    together = time.monotonic() + 0.2
    landed = sorted(
        each.landed()
        for each in [fly(reference.root, address, starts_at=together, wait_s=60) for _ in range(runs)]
    )
    assert landed == sorted([*[(0, "0")] * (runs - 1), (0, str(MIGRATIONS))]), landed[-3:]
