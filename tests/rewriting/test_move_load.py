"""The copy of a moved column among writers of all kinds, of both tables: nobody fails, nothing differs."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.test_move_column import MOVE, USERS
from tests.rewriting.writers import copied_among, two_users_at_once
from tests.support.listening import Remembering
from tests.support.versions import run

import midair
from midair.database import Session

_GIVEN = USERS.replace("ON DELETE CASCADE", "ON DELETE CASCADE ON UPDATE CASCADE").replace("250", "300")
_DIFFERENT = (
    "SELECT count(*) FROM users u JOIN profiles p ON p.user_id = u.id"
    " WHERE u.bio IS DISTINCT FROM p.bio OR u.visits IS DISTINCT FROM p.visits"
)


def test_writers_of_all_kinds_during_the_copy(rig: Rig, project: Callable[..., Path]) -> None:
    _load(rig, project(MOVE), rows=3_000, workers=3)


@pytest.mark.slow
def test_writers_of_all_kinds_during_a_long_copy(rig: Rig, project: Callable[..., Path]) -> None:
    _load(rig, project(MOVE), rows=400_000, workers=6)


def _load(rig: Rig, root: Path, *, rows: int, workers: int) -> None:
    with copied_among(rig, root, _GIVEN, _one, rows=rows, workers=workers) as (address, session):
        assert session.query(_DIFFERENT) == [(0,)]
        assert session.query("SELECT count(*) > 0 FROM profiles WHERE bio IS NOT NULL") == [(True,)]
        midair.contract(request_for(root, address), Remembering())


def _one(session: Session, chance: random.Random, own: int, rows: int) -> None:
    """One write of the old version; two rows at once are locked in falling order, as two such writers must agree on."""
    one = chance.randrange(1, rows)
    match own % 8:
        case 0:
            run(session, f"INSERT INTO users (id, email, bio, visits) VALUES ({own}, 'n', 'n', 1)")
            run(session, f"INSERT INTO profiles (user_id) VALUES ({own})")
        case 1:
            run(session, f"DELETE FROM users WHERE id = {one}")
        case 2:
            run(session, f"UPDATE users SET bio = NULL WHERE id = {one}")
        case 3:
            run(session, f"UPDATE users SET id = {own}, bio = 'k' WHERE id = {one}")
        case 4:
            run(session, f"DELETE FROM profiles WHERE user_id = {one}")
        case 5:
            run(session, f"UPDATE profiles SET motto = 'x' WHERE user_id = {one}")
        case _:
            two_users_at_once(session, one)
