"""A column moved to another table that is there: both hold it, and the old one is its home, until the old version is gone."""

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
from midair.errors import StatementFailed
from midair.model.address import Address
from midair.model.contract import Light

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


def test_after_contract_the_naive_migrations_schema_and_rows_are_there(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with both_ways(rig, project(MOVE), USERS) as (online, written, _), rig.session(online) as session:
        assert everything(rig, online) == everything(rig, written)
        assert session.query("SELECT count(*) FROM pg_proc WHERE proname LIKE 'midair%'") == [(0,)]


_BOTH = (
    "SELECT u.id, u.bio, u.visits, p.bio, p.visits FROM users u LEFT JOIN profiles p ON p.user_id = u.id"
    " WHERE u.id < 7 OR u.id > 250 AND u.id < 253 OR u.id > 900 ORDER BY 1"
)


def test_what_either_version_writes_is_what_the_other_reads(rig: Rig, project: Callable[..., Path]) -> None:
    with applied(rig, project(MOVE), USERS) as (_, session):
        run_all(
            session,
            "UPDATE users SET bio = 'old' WHERE id = 1",
            "UPDATE profiles SET bio = 'new', visits = visits + 1 WHERE user_id = 2",
            "UPDATE profiles SET bio = NULL WHERE user_id = 4",
            "UPDATE profiles SET motto = 'x' WHERE user_id = 5",
            "DELETE FROM profiles WHERE user_id = 6",
        )
        # Of the old version, which does not know the column; of the new one, which says it, or NULL.
        run_all(
            session,
            "INSERT INTO profiles (user_id, motto) VALUES (251, 'of the old one')",
            "INSERT INTO profiles (user_id, bio, visits) VALUES (252, NULL, 7)",
            "INSERT INTO users (id, email, bio) VALUES (901, 'old', 'x')",
            "INSERT INTO users (id, email) VALUES (902, 'new')",
            "INSERT INTO profiles (user_id, bio) VALUES (901, DEFAULT), (902, 'y')",
            "INSERT INTO profiles (user_id, bio) VALUES (902, 'z') ON CONFLICT (user_id) DO UPDATE SET bio = profiles.bio || excluded.bio",
        )
        assert session.query(_BOTH) == [
            (1, "old", 1, "old", 1),
            (2, "new", 3, "new", 3),
            (3, None, 3, None, 3),
            (4, None, 4, None, 4),
            (5, "b5", 5, "b5", 5),
            (6, None, 6, None, None),
            (251, "b251", 251, "b251", 251),
            (252, None, 7, None, 7),
            (901, "x", 0, "x", 0),
            (902, "yz", 0, "yz", 0),
        ]


def test_a_row_that_comes_to_belong_to_another_has_its_values(rig: Rig, project: Callable[..., Path]) -> None:
    with applied(rig, project(MOVE), USERS) as (_, session):
        run_all(session, "UPDATE profiles SET user_id = 260 WHERE user_id = 1")
        run_all(session, "UPDATE profiles SET user_id = 262, bio = 'with it' WHERE user_id = 2")
        rows = session.query(
            "SELECT p.user_id, u.bio, p.bio, u.visits = p.visits FROM profiles p JOIN users u ON u.id = p.user_id WHERE p.user_id > 250 ORDER BY 1"
        )
        assert rows == [(260, "b260", "b260", True), (262, "with it", "with it", True)]
        assert session.query("SELECT bio FROM users WHERE id < 3 ORDER BY id") == [("b1",), ("b2",)]


def test_a_rollback_keeps_what_either_version_wrote_and_leaves_nothing(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = without_downgrade(project(MOVE))
    with applied(rig, root, USERS) as (address, session):
        run_all(
            session,
            "UPDATE profiles SET bio = 'changed' WHERE user_id = 1",
            "UPDATE users SET bio = 'too' WHERE id = 2",
            "INSERT INTO users (id, email) VALUES (902, 'new')",
            "INSERT INTO profiles (user_id, bio, visits) VALUES (902, 'z', 3)",
        )
        midair.rollback(request_for(root, address), Remembering())
        rows = session.query("SELECT id, bio, visits FROM users WHERE id IN (1, 2, 902) ORDER BY id")
        assert rows == [(1, "changed", 1), (2, "too", 2), (902, "z", 3)]
        run_all(session, "DELETE FROM users WHERE id = 902", "UPDATE users SET bio = 'b' || id WHERE id < 3")
        with rig.database(USERS) as untouched:
            left, was = (
                {line for line in dump(rig.server.bin, each).splitlines() if "setval" not in line}
                for each in (address, untouched)
            )
            assert left >= was
        assert session.query("SELECT count(*) FROM pg_proc WHERE proname LIKE 'midair%'") == [(0,)]
        assert session.query(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'profiles'::regclass AND attnum > 3 AND NOT attisdropped"
        ) == [(0,)]


def test_an_older_snapshot_that_would_miss_a_row_fails_as_any_that_meets_a_newer_one(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with applied(rig, project(MOVE), USERS) as (address, session), rig.session(address) as older:
        for user, arrives in (
            (260, "INSERT INTO profiles (user_id) VALUES (260)"),
            (261, "UPDATE profiles SET user_id = 261 WHERE user_id = 1"),
        ):
            run_all(older, "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM users")
            run_all(session, arrives)
            with pytest.raises(StatementFailed, match="could not serialize"):
                run_all(older, f"UPDATE users SET bio = 'late' WHERE id = {user}")
            run_all(older, "ROLLBACK")
        run_all(
            older,
            "BEGIN ISOLATION LEVEL REPEATABLE READ",
            "UPDATE users SET bio = 'alone' WHERE id = 270",
            "COMMIT",
        )
        run_all(session, "INSERT INTO profiles (user_id) VALUES (270)")
        rows = session.query("SELECT p.user_id, p.bio FROM profiles p WHERE user_id > 250 ORDER BY 1")
        assert rows == [(260, "b260"), (261, None), (270, "alone")]


def test_the_tripwire_tells_the_old_versions_write_from_one_that_is_carried_home(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = project(MOVE)
    with applied(rig, root, USERS) as (address, session):
        run_all(session, "UPDATE midair.contract SET ready_at = ready_at - interval '5 seconds'")
        run_all(
            session,
            "UPDATE profiles SET bio = 'new' WHERE user_id = 1",
            "INSERT INTO profiles (user_id, bio, visits) VALUES (260, 'new', 3)",
            "INSERT INTO profiles (user_id) VALUES (261)",
        )
        assert _lights(root, address) == {Light.GREEN}
        run_all(session, "UPDATE users SET bio = 'old', visits = 1 WHERE id = 2")
        assert _lights(root, address) == {Light.RED}


def _lights(root: Path, address: Address) -> set[Light]:
    """What the tripwires of the two old columns say."""
    quiet = request_for(root, address, standard=midair.Standard(quiet_s=1800))
    dropped = [each for each in midair.gates(quiet) if each.waiting.contract.recipe == "drop-column"]
    assert len(dropped) == 2
    return {each.light for seen in dropped for each in seen.evidence if each.probe == "tripwire"}


_DOWN = """
ALTER TABLE users ADD COLUMN bio text;
ALTER TABLE users ADD COLUMN visits int NOT NULL DEFAULT 0;
UPDATE users SET bio = p.bio, visits = p.visits FROM profiles p WHERE p.user_id = users.id;
ALTER TABLE profiles DROP COLUMN bio, DROP COLUMN visits;
"""


def test_after_contract_with_an_archive_the_downgrade_brings_back_what_was_written_since(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = with_downgrade(project(MOVE), _DOWN)
    since = "UPDATE profiles SET bio = 'since' WHERE user_id = 1"
    with archived_and_brought_back(rig, root, USERS, since) as session:
        rows = session.query("SELECT id, bio, visits FROM users WHERE id IN (1, 2, 3, 299) ORDER BY id")
        # What had no row of profiles comes out of the archive.
        assert rows == [(1, "since", 1), (2, "b2", 2), (3, None, 3), (299, "b299", 299)]


def test_a_downgrade_of_the_authors_own_takes_it_back_and_changes_no_value(
    rig: Rig, project: Callable[..., Path]
) -> None:
    root = with_downgrade(project(MOVE), _DOWN)
    with applied(rig, root, USERS) as (address, session):
        run_all(
            session,
            "UPDATE profiles SET bio = 'changed' WHERE user_id = 1",
            "DELETE FROM profiles WHERE user_id = 2",
        )
        midair.rollback(request_for(root, address), Remembering())
        rows = session.query("SELECT id, bio, visits FROM users WHERE id IN (1, 2, 3, 299) ORDER BY id")
        assert rows == [(1, "changed", 1), (2, "b2", 2), (3, None, 3), (299, "b299", 299)]


def test_an_application_without_any_right_on_midairs_schema_writes_both_tables(
    rig: Rig, project: Callable[..., Path]
) -> None:
    role = f"move_shop_{rig.major}"
    revoked = " ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;"
    with (
        shop_role(rig, role) as made,
        applied(rig, project(MOVE), made + revoked + USERS) as (address, session),
    ):
        run_all(
            session,
            f"SET ROLE {role}",
            "UPDATE users SET bio = 'old' WHERE id = 1",
            "UPDATE profiles SET bio = 'new' WHERE user_id = 2",
            "INSERT INTO profiles (user_id) VALUES (251)",
            "INSERT INTO profiles (user_id, bio, visits) VALUES (252, 'y', 1)",
            "DELETE FROM profiles WHERE user_id = 4",
            "RESET ROLE",
        )
        closed(project(MOVE), address)
        run_all(
            session,
            f"SET ROLE {role}",
            "UPDATE profiles SET visits = 8 WHERE user_id = 252",
            "RESET ROLE",
        )
        rows = session.query(
            "SELECT user_id, bio, visits FROM profiles WHERE user_id IN (1, 2, 4, 251, 252) ORDER BY 1"
        )
        assert rows == [(1, "old", 1), (2, "new", 2), (251, "b251", 251), (252, "y", 8)]


def test_a_row_that_a_trigger_of_the_applications_skips_says_nothing_of_the_next_one(
    newest: Rig, project: Callable[..., Path]
) -> None:
    skips = (
        "CREATE FUNCTION skips() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE NEW.motto WHEN 'no' THEN NULL ELSE NEW END; END $$;"
        "CREATE TRIGGER a BEFORE INSERT ON profiles FOR EACH ROW EXECUTE FUNCTION skips();"
    )
    with applied(newest, project(MOVE), USERS + skips) as (_, session):
        run_all(
            session,
            "BEGIN",
            "INSERT INTO profiles (user_id, motto) VALUES (251, 'no')",
            "INSERT INTO profiles (user_id, bio, visits) VALUES (252, 'said', 1)",
            "COMMIT",
        )
        assert session.query("SELECT user_id, bio FROM profiles WHERE user_id > 250") == [(252, "said")]
