"""A table split in two: the new one is a view over the old one's columns, until the old version is gone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import (
    applied,
    archived_and_brought_back,
    both_ways,
    closed,
    everything,
    shop_role,
    with_downgrade,
    without_downgrade,
)
from tests.support.backfills import run_all
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.database import Session
from midair.errors import StatementFailed

USERS = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, bio text, visits int NOT NULL DEFAULT 0);
INSERT INTO users SELECT g, 'e' || g, CASE WHEN g % 3 > 0 THEN 'b' || g END, g FROM generate_series(1, 300) AS g;
"""
SPLIT = """
CREATE TABLE profiles (user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE, bio text NOT NULL, visits int NOT NULL DEFAULT 0);
CREATE INDEX profiles_bio ON profiles (bio);
INSERT INTO profiles (user_id, bio, visits) SELECT id, bio, visits FROM users WHERE bio IS NOT NULL;
COMMENT ON COLUMN profiles.bio IS 'about them';
GRANT SELECT ON profiles TO pg_monitor;
ALTER TABLE users DROP COLUMN bio;
ALTER TABLE users DROP COLUMN visits;
"""
TOTAL = """
CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text, visits int DEFAULT 0);
INSERT INTO profiles SELECT id, bio, visits FROM users;
ALTER TABLE users DROP COLUMN bio, DROP COLUMN visits;
"""


_DOWN = """
ALTER TABLE users ADD COLUMN bio text;
ALTER TABLE users ADD COLUMN visits int NOT NULL DEFAULT 0;
UPDATE users SET bio = p.bio, visits = p.visits FROM profiles p WHERE p.user_id = users.id;
DROP TABLE profiles;
"""


@pytest.mark.parametrize("sql", [SPLIT, TOTAL], ids=["some", "every"])
def test_after_contract_the_naive_migrations_schema_rows_and_rights_are_there(
    rig: Rig, project: Callable[..., Path], sql: str
) -> None:
    given = USERS + "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT ON TABLES TO pg_read_all_settings;"
    with both_ways(rig, project(sql), given) as (online, written, _), rig.session(online) as session:
        assert everything(rig, online) == everything(rig, written)
        with rig.session(written) as other:
            assert _rights(session) == _rights(other)
        assert session.query("SELECT count(*) FROM pg_proc WHERE proname LIKE 'midair%'") == [(0,)]


_WRITES = (
    "INSERT INTO users (id, email, bio) VALUES (901, 'old', 'x')",
    "UPDATE users SET bio = 'y' WHERE id = 1",
    "INSERT INTO users (id, email) VALUES (902, 'new')",
    "INSERT INTO profiles (user_id, bio) VALUES (902, 'z')",
    "UPDATE profiles SET visits = visits + 1 WHERE user_id = 2",
    "DELETE FROM profiles WHERE user_id = 4",
    "DELETE FROM users WHERE id = 5",
)
"""Of the old version, which has one table, and of the new one, which has two."""


def test_what_either_version_writes_is_what_the_other_reads(rig: Rig, project: Callable[..., Path]) -> None:
    with applied(rig, project(SPLIT), USERS) as (_, session):
        run_all(session, *_WRITES)
        wanted = [(1, "y", 1), (2, "b2", 3), (901, "x", 0), (902, "z", 0)]
        for table in ("profiles", "midair.profiles"):
            rows = session.query(
                f"SELECT user_id, bio, visits FROM {table} WHERE user_id < 6 OR user_id > 900 ORDER BY 1"
            )
            assert rows == wanted
        assert session.query("SELECT bio, visits FROM users WHERE id IN (2, 4, 902) ORDER BY id") == [
            ("b2", 3),
            (None, 0),
            ("z", 0),
        ]


def test_the_view_refuses_what_the_table_will_refuse(rig: Rig, project: Callable[..., Path]) -> None:
    with applied(rig, project(SPLIT), USERS) as (_, session):
        for sql, why in (
            ("INSERT INTO profiles (user_id, bio) VALUES (1, 'twice')", "profiles_pkey"),
            ("INSERT INTO profiles (user_id, bio) VALUES (999, 'nobody')", "has no row in users"),
            ("INSERT INTO profiles (user_id) VALUES (3)", "not-null"),
            ("UPDATE profiles SET bio = NULL WHERE user_id = 1", "not-null"),
            ("UPDATE profiles SET user_id = 998 WHERE user_id = 1", "key of profiles cannot be changed"),
        ):
            with pytest.raises(StatementFailed, match=why):
                run_all(session, sql)
        run_all(
            session,
            "UPDATE profiles SET user_id = 1, bio = 'same' WHERE user_id = 1",
            "UPDATE users SET id = 997 WHERE id = 1",
        )
        assert session.query("SELECT bio FROM midair.profiles WHERE user_id IN (1, 997)") == [("same",)]


def test_a_rollback_keeps_what_either_version_wrote_and_leaves_nothing(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = without_downgrade(project(SPLIT))
    with applied(rig, root, USERS) as (address, session):
        run_all(
            session,
            "INSERT INTO users (id, email) VALUES (902, 'new')",
            "INSERT INTO profiles (user_id, bio) VALUES (902, 'z')",
        )
        run_all(
            session,
            "UPDATE profiles SET bio = 'changed' WHERE user_id = 1",
            "UPDATE users SET bio = 'too' WHERE id = 2",
        )
        midair.rollback(request_for(root, address), Remembering())
        rows = session.query("SELECT id, bio FROM users WHERE id IN (1, 2, 902) ORDER BY id")
        assert rows == [(1, "changed"), (2, "too"), (902, "z")]
        run_all(session, "DELETE FROM users WHERE id = 902", "UPDATE users SET bio = 'b' || id WHERE id < 3")
        with rig.database(USERS) as untouched:
            left = set(dump(rig.server.bin, address).splitlines())
            assert left >= set(dump(rig.server.bin, untouched).splitlines())
            assert not any("profiles" in line for line in left)
        assert session.query("SELECT to_regclass('midair.profiles')") == [(None,)]


def test_after_contract_with_an_archive_the_downgrade_brings_back_what_was_written_since(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = with_downgrade(project(SPLIT), _DOWN)
    since = "UPDATE profiles SET bio = 'since' WHERE user_id = 1"
    with archived_and_brought_back(rig, root, USERS, since) as session:
        rows = session.query("SELECT id, bio, visits FROM users WHERE id < 4 ORDER BY id")
        assert rows == [(1, "since", 1), (2, "b2", 2), (3, None, 3)]


def _rights(session: Session) -> object:
    return session.query(
        "SELECT array(SELECT a::text FROM unnest(relacl) AS a ORDER BY 1) FROM pg_class WHERE relname = 'profiles'"
    )


def test_a_downgrade_of_the_authors_own_takes_it_back_and_changes_no_value(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = with_downgrade(project(SPLIT), _DOWN)
    with applied(rig, root, USERS) as (address, session):
        run_all(
            session,
            "UPDATE profiles SET bio = 'changed' WHERE user_id = 1",
            "DELETE FROM profiles WHERE user_id = 2",
        )
        midair.rollback(request_for(root, address), Remembering())
        rows = session.query("SELECT id, bio, visits FROM users WHERE id < 5 ORDER BY id")
        assert rows == [(1, "changed", 1), (2, None, 0), (3, None, 3), (4, "b4", 4)]
        assert session.query("SELECT to_regclass('profiles'), to_regclass('midair.profiles')") == [
            (None, None)
        ]


def test_an_application_without_any_right_on_midairs_schema_writes_both_halves(
    rig: Rig, project: Callable[..., Path]
) -> None:
    role = "split_shop"
    with shop_role(rig, role) as made, applied(rig, project(SPLIT), made + USERS) as (address, session):
        run_all(session, f"SET ROLE {role}", *_WRITES, "RESET ROLE")
        closed(project(SPLIT), address)
        run_all(
            session,
            f"SET ROLE {role}",
            "UPDATE profiles SET visits = 8 WHERE user_id = 902",
            "RESET ROLE",
        )
        rows = session.query(
            "SELECT user_id, bio, visits FROM profiles WHERE user_id IN (1, 2, 4, 5, 901, 902) ORDER BY 1"
        )
        assert rows == [(1, "y", 1), (2, "b2", 3), (901, "x", 0), (902, "z", 8)]
