"""A split's copy among writers that insert, delete, change keys and update many rows in falling order: nobody fails, nothing differs."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig
from tests.rewriting.test_split_table import SPLIT, USERS
from tests.rewriting.writers import copied_among, two_users_at_once
from tests.support.versions import run

from midair.database import Session

_DIFFERENT = """
SELECT count(*) FROM (SELECT id, bio, visits FROM users WHERE bio IS NOT NULL) AS u
FULL JOIN midair.profiles AS p ON p.user_id = u.id
WHERE u.id IS NULL OR p.user_id IS NULL OR u.bio <> p.bio OR u.visits <> p.visits
"""


def test_writers_of_all_kinds_during_the_copy(rig: Rig, project: Callable[..., Path]) -> None:
    _load(rig, project(SPLIT), rows=3_000, workers=3)


@pytest.mark.slow
def test_writers_of_all_kinds_during_a_long_copy(rig: Rig, project: Callable[..., Path]) -> None:
    _load(rig, project(SPLIT), rows=400_000, workers=6)


def _load(rig: Rig, root: Path, *, rows: int, workers: int) -> None:
    with copied_among(rig, root, USERS, _one, rows=rows, workers=workers) as (_, session):
        assert session.query(_DIFFERENT) == [(0,)]
        halves = session.query("SELECT count(*) FROM midair.profiles")
        assert session.query("SELECT count(*) FROM profiles") == halves


def _one(session: Session, chance: random.Random, own: int, rows: int) -> None:
    """One write. A worker changes rows of its own remainder only in pairs, so that two of them cannot wait for each other."""
    one = chance.randrange(1, rows)
    match own % 6:
        case 0:
            run(session, f"INSERT INTO users (id, email, bio, visits) VALUES ({own}, 'n', 'n', 1)")
        case 1:
            run(session, f"DELETE FROM users WHERE id = {one}")
        case 2:
            run(session, f"UPDATE users SET bio = NULL WHERE id = {one}")
        case 3:
            run(session, f"UPDATE users SET id = {own} WHERE id = {one}")
        case _:
            two_users_at_once(session, one)
