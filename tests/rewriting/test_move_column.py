"""A column moved to another table that is there: both hold it, and the old one is its home, until the old version is gone."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.test_recipes_on_servers import closed, without_downgrade
from tests.support.listening import Remembering
from tests.support.state import dump
from tests.support.versions import run

import midair
from midair.database import Session
from midair.model.address import Address

USERS = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, bio text, visits int NOT NULL DEFAULT 0);
CREATE TABLE profiles (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE, motto text);
INSERT INTO users SELECT g, 'e' || g, CASE WHEN g % 3 > 0 THEN 'b' || g END, g FROM generate_series(1, 300) AS g;
INSERT INTO profiles (user_id, motto) SELECT g, 'm' FROM generate_series(1, 250) AS g;
"""
MOVE = """
ALTER TABLE profiles ADD COLUMN bio text;
ALTER TABLE profiles ADD COLUMN visits int;
UPDATE profiles p SET bio = u.bio, visits = u.visits FROM users u WHERE u.id = p.user_id;
ALTER TABLE profiles ALTER COLUMN visits SET NOT NULL;
CREATE INDEX profiles_bio ON profiles (bio);
COMMENT ON COLUMN profiles.bio IS 'about them';
ALTER TABLE users DROP COLUMN bio;
ALTER TABLE users DROP COLUMN visits;
"""


@contextmanager
def ready(rig: Rig, root: Path, given: str = USERS) -> Generator[tuple[Address, Session]]:
    """A database to which the project was applied, and a session on it."""
    with rig.database(given) as address, rig.session(address, "midair by hand") as session:
        midair.apply(request_for(root, address), Remembering())
        yield address, session


def test_after_contract_the_naive_migrations_schema_and_rows_are_there(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = project(MOVE)
    with ready(rig, root) as (address, session), rig.database(USERS) as written:
        closed(root, address)
        midair.apply(request_for(root, written, "direct"), Remembering())
        assert dump(rig.server.bin, address) == dump(rig.server.bin, written)
        assert session.query("SELECT count(*) FROM pg_proc WHERE proname LIKE 'midair%'") == [(0,)]
