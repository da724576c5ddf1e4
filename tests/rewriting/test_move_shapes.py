"""Which columns can be moved: joins and queries, keys of every kind, names that need quotes, empty tables; and what is refused, and why."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import ends_as_written, waits_for_its_gate
from tests.rewriting.test_move_column import MOVE, USERS

import midair
from midair.errors import NotOnline

_ADD = "ALTER TABLE profiles ADD COLUMN bio text;\n"
_DROP = "\nALTER TABLE users DROP COLUMN bio;"
_COPY = "UPDATE profiles p SET bio = u.bio FROM users u WHERE u.id = p.user_id;"
SHAPES = {
    "a query for the value": (
        USERS,
        f"{_ADD}UPDATE profiles SET bio = (SELECT u.bio FROM users AS u WHERE u.id = user_id);{_DROP}",
    ),
    "a query, and whether it finds anything": (
        USERS,
        f"{_ADD}UPDATE profiles AS p SET bio = (SELECT bio FROM users WHERE users.id = p.user_id)"
        f" WHERE EXISTS (SELECT 1 FROM users u WHERE p.user_id = u.id) AND bio IS NULL;{_DROP}",
    ),
    "several columns of one query, in one ALTER TABLE each": (
        USERS,
        "ALTER TABLE profiles ADD COLUMN about text, ADD COLUMN calls int;\n"
        "UPDATE profiles SET (about, calls) = (SELECT bio, visits FROM users WHERE id = profiles.user_id);\n"
        "ALTER TABLE profiles ALTER COLUMN calls SET NOT NULL;\n"
        "ALTER TABLE users DROP COLUMN bio, DROP COLUMN visits;",
    ),
    "an UPDATE a column, without rows that have nothing": (
        USERS,
        f"{_ADD}ALTER TABLE profiles ADD COLUMN visits int;\n{_COPY[:-1]} AND u.bio IS NOT NULL;\n"
        "UPDATE profiles SET visits = users.visits FROM users WHERE users.id = user_id;\n"
        f"ALTER TABLE profiles ALTER COLUMN visits SET NOT NULL;{_DROP}\nALTER TABLE users DROP COLUMN visits;",
    ),
    "a column with a default that may not be NULL": (
        USERS,
        "ALTER TABLE profiles ADD COLUMN visits int NOT NULL DEFAULT 0;\n"
        "UPDATE profiles p SET visits = u.visits FROM users u WHERE u.id = p.user_id;\n"
        "ALTER TABLE users DROP COLUMN visits;",
    ),
    "no row, and a default that may not be NULL": (
        "CREATE TABLE users (id int PRIMARY KEY, seen date NOT NULL DEFAULT '2000-01-01');"
        "CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users);",
        "ALTER TABLE profiles ADD COLUMN seen date NOT NULL DEFAULT '2000-01-01';\n"
        "UPDATE profiles p SET seen = u.seen FROM users u WHERE u.id = p.user_id;\n"
        "ALTER TABLE users DROP COLUMN seen;",
    ),
    "a key of two columns, a foreign key that moves": (
        "CREATE TABLE kinds (id int PRIMARY KEY); INSERT INTO kinds VALUES (1);"
        "CREATE TABLE days (who int, day date, kind int REFERENCES kinds, PRIMARY KEY (who, day));"
        "CREATE TABLE notes (day date, who int, PRIMARY KEY (who, day), FOREIGN KEY (who, day) REFERENCES days ON UPDATE CASCADE);"
        "INSERT INTO days SELECT 1, date '2020-01-01' + g, 1 FROM generate_series(1, 50) AS g;"
        "INSERT INTO notes SELECT day, who FROM days;",
        "ALTER TABLE notes ADD COLUMN kind int;\n"
        "UPDATE notes n SET kind = d.kind FROM days d WHERE d.who = n.who AND n.day = d.day;\n"
        "ALTER TABLE notes ADD CONSTRAINT notes_kind FOREIGN KEY (kind) REFERENCES kinds;\n"
        "ALTER TABLE days DROP COLUMN kind;",
    ),
    "names in quotes, another schema, a type of the application's, no row": (
        "CREATE SCHEMA app; CREATE TYPE app.\"Mood\" AS ENUM ('so', 'la');"
        'CREATE TABLE app."User" (id uuid PRIMARY KEY, "Mood" app."Mood");'
        'CREATE TABLE app."Profile" ("userId" uuid PRIMARY KEY REFERENCES app."User");',
        'ALTER TABLE app."Profile" ADD COLUMN "Mood" app."Mood";\n'
        'UPDATE app."Profile" p SET "Mood" = u."Mood" FROM app."User" u WHERE u.id = p."userId";\n'
        'ALTER TABLE app."User" DROP COLUMN "Mood";',
    ),
    "a type without equality, triggers of the application's": (
        "CREATE TABLE people (id serial PRIMARY KEY, extra json, changed timestamptz);"
        "CREATE TABLE pages (person int PRIMARY KEY REFERENCES people, changed timestamptz);"
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed := '2000-01-01'; RETURN NEW; END $$;"
        "INSERT INTO people (extra) SELECT '{}' FROM generate_series(1, 50) AS g; INSERT INTO pages SELECT id FROM people;"
        "UPDATE pages SET changed = '2000-01-01'; UPDATE people SET changed = '2000-01-01';"
        "CREATE TRIGGER note BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION note();"
        "CREATE TRIGGER zz BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION note();",
        "ALTER TABLE pages ADD COLUMN extra json;\n"
        "UPDATE pages SET extra = people.extra FROM people WHERE people.id = pages.person;\n"
        "ALTER TABLE people DROP COLUMN extra;",
    ),
}  # fmt: skip
REFUSED = {
    "several rows for one user": (
        f"ALTER TABLE posts ADD COLUMN bio text;\n{_COPY.replace('profiles', 'posts')}{_DROP}",
        "several rows of posts may belong to one of users",
    ),
    "a join by no key": (
        f"{_ADD}{_COPY.replace('u.id = p.user_id', 'u.email = p.motto')}{_DROP}",
        "no unique key is what they are joined by",
    ),
    "rows without a user": (
        f"ALTER TABLE guests ADD COLUMN bio text;\n{_COPY.replace('profiles', 'guests')}{_DROP}",
        "a row of guests may have none of users",
    ),
    "a value that is computed": (f"{_ADD}{_COPY.replace('= u.bio', '= lower(u.bio)')}{_DROP}", "gives bio something else than a column of users"),
    "some rows only": (f"{_ADD}{_COPY[:-1]} AND u.visits > 3;{_DROP}", "a WHERE that says more than which rows belong together"),
    "rows by another column": (f"{_ADD}{_COPY[:-1]} AND p.motto IS NULL;{_DROP}", "a WHERE that says more than which rows belong together"),
    "another type": (f"{_ADD.replace('text', 'varchar(9)')}{_COPY}{_DROP}", "profiles.bio is varchar\\(9\\), and users.bio is text"),
    "a value where there may be none": (f"{_ADD}{_COPY}\nALTER TABLE profiles ALTER bio SET NOT NULL;{_DROP}", "users.bio may be NULL, and profiles.bio may not"),
    "none where there must be one": (
        f"{_ADD}{_COPY}{_DROP}".replace("bio text", "bio int").replace("bio", "visits"),
        "profiles.visits may be NULL, and users.visits may not",
    ),
    "a check": (f"{_ADD}{_COPY}\nALTER TABLE profiles ADD CONSTRAINT worded CHECK (bio <> '');{_DROP}", "users does not have what worded demands"),
    "a unique index": (f"{_ADD}{_COPY}\nCREATE UNIQUE INDEX one ON profiles (bio);{_DROP}", "users does not have what one demands"),
    "two homes": (
        f"{_ADD}ALTER TABLE profiles ADD COLUMN email text;\n{_COPY.replace('= u.bio', '= u.bio, email = u.email')}{_DROP}",
        "users.email stays, and is copied",
    ),
    "a column beside it": (f"{_ADD}ALTER TABLE profiles ADD COLUMN since date;\n{_COPY}{_DROP}", "since, added beside them, is not moved"),
    "a word too late": (f"{_ADD}{_COPY}{_DROP}\nCREATE INDEX late ON profiles (bio);", "speaks of profiles again"),
    "a constraint of its own": (f"{_ADD[:-2]} CHECK (bio <> '');\n{_COPY}{_DROP}", "has a constraint of its own"),
    "a default that differs each time": (
        f"{_ADD.replace('text', 'text DEFAULT random()::text')}{_COPY}{_DROP}",
        "profiles.bio has a default that is no constant",
    ),
    "two tables": (f"{_ADD}{_COPY.replace('FROM users u', 'FROM users u, posts')}{_DROP}", "reads something other than one table"),
    "a published table": (
        f"ALTER TABLE sent ADD COLUMN bio text;\n{_COPY.replace('profiles', 'sent')}{_DROP}",
        "a view cannot stand in the place of sent: publication news sends it",
    ),
}  # fmt: skip
_OTHERS = """
CREATE TABLE posts (id int PRIMARY KEY, user_id bigint NOT NULL REFERENCES users);
CREATE TABLE guests (user_id bigint UNIQUE REFERENCES users);
CREATE TABLE sent (user_id bigint PRIMARY KEY REFERENCES users);
CREATE PUBLICATION news FOR TABLE sent;
"""


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_ends_as_the_naive_migration_leaves_it(
    newest: Rig, project: Callable[..., Path], shape: str
) -> None:
    given, sql = SHAPES[shape]
    assert "move-column" in ends_as_written(newest, project(sql), given)


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_moved_is_refused_by_its_reason(
    newest: Rig, project: Callable[..., Path], what: str
) -> None:
    sql, why = REFUSED[what]
    with newest.database(USERS + _OTHERS) as address, pytest.raises(NotOnline, match=why):
        midair.plan(request_for(project(sql), address))


def test_a_copy_of_what_stays_is_no_move(newest: Rig, project: Callable[..., Path]) -> None:
    with newest.database(USERS) as address:
        assert midair.plan(request_for(project(_ADD + _COPY), address)).contracts == ()


def test_a_later_migration_that_touches_either_table_waits_for_the_gate(
    newest: Rig, project: Callable[..., Path]
) -> None:
    waits_for_its_gate(newest, project(MOVE, "ALTER TABLE profiles ADD COLUMN more text;"), USERS, "profiles")
