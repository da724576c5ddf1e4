"""Which tables can be split: keys of every kind, names that need quotes, tables without a row; and what is refused, and why."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import closed, ends_as_written, waits_for_its_gate
from tests.rewriting.test_split_table import SPLIT, USERS
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.errors import NotOnline
from midair.rewriting.splitting import RESERVED

SHAPES = {
    "a key of two columns": (
        "CREATE TABLE days (who int, day date, note text, sum numeric(8, 2), PRIMARY KEY (who, day));"
        "INSERT INTO days SELECT 1, date '2020-01-01' + g, 'n', g FROM generate_series(1, 50) AS g;",
        "CREATE TABLE notes (day date, who int, note text, PRIMARY KEY (who, day));"
        "INSERT INTO notes (note, who, day) SELECT d.note, d.who, d.day FROM days AS d WHERE d.note IS NOT NULL;"
        "ALTER TABLE days DROP COLUMN note;",
    ),
    "names in quotes, another schema, no row": (
        'CREATE SCHEMA app; CREATE TABLE app."User" (id uuid PRIMARY KEY, "Bio" text);',
        'CREATE TABLE app."Profile" ("userId" uuid NOT NULL UNIQUE, "Bio" text);'
        'INSERT INTO app."Profile" SELECT id, "Bio" FROM app."User";'
        'ALTER TABLE app."User" DROP COLUMN "Bio";',
    ),
    "a wider key, a unique column, a trigger of the application's": (
        "CREATE TABLE people (id serial PRIMARY KEY, mail text UNIQUE, changed timestamptz);"
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed := '2000-01-01'; RETURN NEW; END $$;"
        "CREATE TRIGGER note BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION note();"
        "INSERT INTO people (mail) SELECT g::text FROM generate_series(1, 50) AS g;",
        "CREATE TABLE mails (person bigint PRIMARY KEY REFERENCES people, mail text UNIQUE);"
        "INSERT INTO mails SELECT id, mail FROM people WHERE mail IS NOT NULL;"
        "ALTER TABLE people DROP COLUMN mail;",
    ),
    "its key and NOT NULL said behind the copy": (
        USERS,
        "CREATE TABLE profiles (user_id bigint NOT NULL, bio text);"
        "INSERT INTO profiles SELECT id, bio FROM users WHERE bio IS NOT NULL;"
        "ALTER TABLE profiles ADD CONSTRAINT profiles_key PRIMARY KEY (user_id);"
        "ALTER TABLE profiles ALTER COLUMN bio SET NOT NULL;"
        "ALTER TABLE users DROP COLUMN bio;",
    ),
    "two tables off one": (
        USERS,
        "CREATE TABLE profiles (user_id bigint PRIMARY KEY REFERENCES users, bio text NOT NULL);"
        "INSERT INTO profiles SELECT id, bio FROM users WHERE bio IS NOT NULL;"
        "CREATE TABLE counts (user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE, visits int);"
        "INSERT INTO counts SELECT id, visits FROM users;"
        "ALTER TABLE users DROP COLUMN bio, DROP COLUMN visits;",
    ),
}  # fmt: skip
_PROFILES = (
    "INSERT INTO profiles (user_id, bio) SELECT id, bio FROM users;\nALTER TABLE users DROP COLUMN bio;"
)
REFUSED = {
    "a column of its own": (
        f"CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text, since timestamptz DEFAULT now());\n{_PROFILES}",
        "profiles.since comes from no column of users",
    ),
    "another key": (
        f"CREATE TABLE profiles (user_id bigint, bio text PRIMARY KEY);\n{_PROFILES}",
        "has no key that is the primary key of users",
    ),
    "another type": (
        f"CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio varchar(20));\n{_PROFILES}",
        "profiles.bio is varchar\\(20\\), and users.bio is text",
    ),
    "a check": (
        f"CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text CHECK (bio <> ''));\n{_PROFILES}",
        "users does not have what profiles_bio_check demands",
    ),
    "two homes": (
        "CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text, email text);\n"
        "INSERT INTO profiles SELECT id, bio, email FROM users;\nALTER TABLE users DROP COLUMN bio;",
        "users keeps email, which is copied",
    ),
    "a condition on what stays": (
        f"CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text);\n{_PROFILES}".replace("users;\n", "users WHERE email > 'e';\n"),
        "depends on email, which is not moved",
    ),
    "a word too late": (
        f"CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text);\n{_PROFILES}\nCREATE INDEX late ON profiles (bio);",
        "speaks of profiles again",
    ),
    "a foreign key to it": (
        f"CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text);\n{_PROFILES}\n"
        "ALTER TABLE teams ADD CONSTRAINT led FOREIGN KEY (id) REFERENCES profiles;",
        "speaks of profiles again",
    ),
    "a column added behind the copy": (
        f"CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text);\n{_PROFILES}".replace(
            "users;\n", "users;\nALTER TABLE profiles ADD COLUMN since date;\n"
        ),
        "altered by more than constraints",
    ),
    "another statement in between": (
        f"CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text);\nCREATE TABLE more (id int);\n{_PROFILES}",
        "000001_m1.up.sql:2 stands between it and its rows",
    ),
    "a name of the journal's": (
        f"CREATE TABLE profiles (user_id bigint PRIMARY KEY, bio text);\n{_PROFILES}".replace("profiles", "event"),
        "midair has a table event of its own",
    ),
    "a table made of the query": (
        "CREATE TABLE profiles AS SELECT id, bio FROM users;\nALTER TABLE users DROP COLUMN bio;",
        "would never get to profiles",
    ),
    "a table that is there": (
        "UPDATE teams SET bio = u.bio FROM users u WHERE u.id = teams.id;\nALTER TABLE users DROP COLUMN bio;",
        "would never get to teams",
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_ends_as_the_naive_migration_leaves_it(
    newest: Rig, project: Callable[..., Path], shape: str
) -> None:
    given, sql = SHAPES[shape]
    assert "split-table" in ends_as_written(newest, project(sql), given)


NUMBERED = {
    "serial": "id serial PRIMARY KEY, user_id bigint NOT NULL UNIQUE",
    "identity": "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL UNIQUE",
}


@pytest.mark.parametrize("kind", NUMBERED)
def test_a_key_of_the_new_tables_own_is_the_old_ones_and_counts_on_after_contract(
    rig: Rig, project: Callable[..., Path], kind: str
) -> None:
    columns = NUMBERED[kind].replace("serial", "bigserial")
    root = project(f"CREATE TABLE profiles ({columns}, bio text);\n{_PROFILES}")
    with rig.database(USERS) as written, rig.database(USERS) as online, rig.session(online) as session:
        midair.apply(request_for(root, written, "direct"), Remembering())
        midair.apply(request_for(root, online), Remembering())
        new = "WITH made AS (INSERT INTO users (id, email) VALUES ({0}, 'n')) SELECT 1"
        session.query(new.format(777))
        put = "INSERT INTO profiles (user_id, bio) VALUES ({0}, 'x') RETURNING id"
        assert session.query(put.format(777)) == [(777,)]
        closed(root, online)
        assert dump(rig.server.bin, online, data=False) == dump(rig.server.bin, written, data=False)
        session.query(new.format(888))
        assert session.query(put.format(888)) == [(778,)]
        assert session.query("SELECT count(*) FROM profiles WHERE id = user_id") == [(301,)]


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_split_is_refused_by_its_reason(
    newest: Rig, project: Callable[..., Path], what: str
) -> None:
    sql, why = REFUSED[what]
    given = USERS + "CREATE TABLE teams (id bigint PRIMARY KEY, bio text);"
    with newest.database(given) as address, pytest.raises(NotOnline, match=why):
        midair.plan(request_for(project(sql), address))


def test_a_later_migration_that_touches_either_half_waits_for_the_gate(
    newest: Rig, project: Callable[..., Path]
) -> None:
    waits_for_its_gate(
        newest, project(SPLIT, "ALTER TABLE profiles ADD COLUMN motto text;"), USERS, "profiles"
    )


def test_the_journal_has_no_table_that_is_not_reserved(newest: Rig, project: Callable[..., Path]) -> None:
    with newest.database(USERS) as address, newest.session(address) as session:
        midair.apply(request_for(project("SELECT 1;"), address), Remembering())
        rows = session.query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'midair'::regnamespace AND relkind = 'r'"
        )
        assert {name for (name,) in rows} <= RESERVED
