"""SQLite rehearsals: a copy of the file goes up, nothing, down and up; the file itself stays as it is."""

import sqlite3
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path

import pytest

import midair
from midair.database import Guard, Session, open_session
from midair.dialects.sqlite.inventory import inventory
from midair.model.address import Address, Product, Secret
from midair.model.inventory import differences
from midair.model.statement import Sql
from midair.model.trace import Rehearsed
from tests.rehearsal.test_rehearse_command import command, project

BEFORE = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER, city VARCHAR(20) DEFAULT 'Rome');
CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people (id), kind TEXT CHECK (kind IN ('cat', 'dog')));
CREATE INDEX pets_kind ON pets (kind);
CREATE TRIGGER older AFTER UPDATE ON people BEGIN SELECT 1; END;
"""
BACK = "DROP TABLE pets; DROP TABLE people;"


def rehearsed(root: Path, up: str, down: str, *, each: bool | None = None) -> Rehearsed:
    folder = project(root, (BEFORE, BACK), (up, down))
    return midair.rehearse(
        midair.Request(folder, url=Secret(f"sqlite:///{root / 'none.db'}")), midair.Trial(each=each)
    )


def test_a_good_migration_passes_every_proof_and_the_report_says_what_sqlite_cannot_show(
    tmp_path: Path,
) -> None:
    found = rehearsed(
        tmp_path, "ALTER TABLE people ADD COLUMN mail TEXT;", "ALTER TABLE people DROP COLUMN mail;"
    )
    assert found.findings == (), found.findings
    names = {each.name for each in found.proofs if each.passed and each.revision == "2"}
    assert names == {"up", "data kept", "second run", "down", "up again"}
    assert any("one lock, on the whole file" in each for each in found.notes)
    assert found.server.startswith("SQLite 3.")
    assert not (tmp_path / "none.db").exists()


REBUILT = """
CREATE TABLE next (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER, city VARCHAR(20) DEFAULT 'Rome');
INSERT INTO next SELECT id, name, age, city FROM people WHERE age > 2;
DROP TABLE people; ALTER TABLE next RENAME TO people;
"""
DEFECTS = {
    "forgotten index": ("CREATE INDEX people_age ON people (age);", "SELECT 1;", {"MA922"}),
    "forgotten column": (
        "ALTER TABLE people ADD COLUMN a TEXT; ALTER TABLE people ADD COLUMN b TEXT;", "ALTER TABLE people DROP COLUMN a;", {"MA922"},
    ),
    "index not restored": ("DROP INDEX pets_kind;", "SELECT 1;", {"MA923"}),
    "default not restored": (
        "ALTER TABLE people DROP COLUMN city;", "ALTER TABLE people ADD COLUMN city VARCHAR(20);", {"MA924"},
    ),
    "not null on rows": (
        "CREATE TABLE n (id INTEGER PRIMARY KEY, age INTEGER NOT NULL); INSERT INTO n SELECT id, age FROM people;", "DROP TABLE n;", {"MA903"},
    ),
    "unique on duplicates": ("UPDATE pets SET kind = 'cat'; CREATE UNIQUE INDEX one ON pets (kind);", "DROP INDEX one;", {"MA904"}),
    "rows lost in a rebuild": (REBUILT, "SELECT 1;", {"MA930", "MA906", "MA925", "MA923"}),
    "downgrade fails": ("CREATE TABLE more (id INTEGER);", "DROP TABLE less;", {"MA920"}),
    "up fails": ("ALTER TABLE nobody ADD COLUMN a TEXT;", "SELECT 1;", {"MA901"}),
    "orphans": ("PRAGMA foreign_keys = OFF; DELETE FROM people;", "SELECT 1;", {"MA906", "MA925"}),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_by_its_right_name(tmp_path: Path, name: str) -> None:
    up, down, codes = DEFECTS[name]
    found = rehearsed(tmp_path, up, down)
    assert {each.code for each in found.findings} == codes, [each.message for each in found.findings]
    assert {each.revision for each in found.findings} == {"2"}


def test_a_target_is_copied_with_its_rows_and_stays_as_it_is(tmp_path: Path) -> None:
    root, file = project(tmp_path, (BEFORE, BACK)), tmp_path / "app.db"
    url = f"sqlite:///{file}"
    assert command("apply", "-q", "--url", url, cwd=root).returncode == 0
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO people (name, age) VALUES ('Ada', NULL)")
    connection.close()
    (root / "migrations" / "000002_age.up.sql").write_text(
        "CREATE TABLE n (id INTEGER PRIMARY KEY, age INTEGER NOT NULL); INSERT INTO n SELECT id, age FROM people;"
    )
    (root / "migrations" / "000002_age.down.sql").write_text("DROP TABLE n;")
    before = sha256(file.read_bytes()).digest()
    ran = command("rehearse", "-q", "--url", url, "-o", "html=r.html", cwd=root)
    assert ran.returncode == 1, ran.stderr
    assert "MA903 not-null-on-existing-rows" in ran.stdout
    assert f"a copy of {file} with its rows" in ran.stdout
    assert "one lock, on the whole file" in (root / "r.html").read_text()
    assert sha256(file.read_bytes()).digest() == before
    assert sorted(each.name for each in root.iterdir()) == ["app.db", "migrations", "r.html"]


def test_masks_keep_the_rows_in_their_file(tmp_path: Path) -> None:
    root, file = project(tmp_path, (BEFORE, BACK)), tmp_path / "app.db"
    request = midair.Request(root, url=Secret(f"sqlite:///{file}"))
    assert command("apply", "-q", "--url", f"sqlite:///{file}", cwd=root).returncode == 0
    (root / "migrations" / "000002_more.up.sql").write_text("CREATE TABLE more (id INTEGER);")
    (root / "migrations" / "000002_more.down.sql").write_text("DROP TABLE more;")
    found = midair.rehearse(request, midair.Trial(masks=("people.name",)))
    assert found.start == f"the schema of {file}"
    assert found.findings == ()
    assert dict(found.filled) == {"people": 4, "pets": 4}


PLANTED = {
    "CREATE TABLE more (id INTEGER)": {"table more": "new"},
    "ALTER TABLE people ADD COLUMN mail TEXT": {"column people.mail": "new"},
    "ALTER TABLE people ADD COLUMN mail TEXT CHECK (mail > '')": {"column people.mail": "new", "constraint people.check ( mail > '' )": "new"},
    "ALTER TABLE people ADD COLUMN twice INTEGER AS (age * 2)": {"column people.twice": "new"},
    "ALTER TABLE people DROP COLUMN age": {"column people.age": "gone"},
    "DROP INDEX pets_kind": {"index pets_kind": "gone"},
    "DROP TRIGGER older": {"trigger older": "gone"},
    "CREATE VIEW adults AS SELECT * FROM people": {"view adults": "new"},
    "DROP INDEX pets_kind; CREATE INDEX pets_kind ON pets (kind DESC)": {"index pets_kind": "changed"},
    "DROP INDEX pets_kind; create index  \"pets_kind\" on pets(kind)": {},
    "INSERT INTO people (name) VALUES ('x')": {},
}  # fmt: skip
REWRITTEN = {
    ("DEFAULT 'Rome'", "DEFAULT 'Oslo'"): {"column people.city": "changed"},
    ("age INTEGER", "age TEXT"): {"column people.age": "changed"},
    ("age INTEGER", "age INTEGER NOT NULL"): {"column people.age": "changed"},
    ("name TEXT", "name TEXT COLLATE NOCASE"): {"column people.name": "changed"},
    ("name TEXT NOT NULL", "name TEXT NOT NULL UNIQUE"): {"constraint people.unique 1": "new"},
    ("INTEGER PRIMARY KEY, name", "INTEGER PRIMARY KEY AUTOINCREMENT, name"): {"table people": "changed"},
    ("INTEGER PRIMARY KEY, name", "INTEGER, name"): {"constraint people.primary key": "gone"},
    ("REFERENCES people (id)", "REFERENCES people (id) ON DELETE CASCADE"): {"constraint pets.foreign key (owner)": "changed"},
    ("'cat', 'dog'", "'cat'"): {
        "constraint pets.check ( kind in ( 'cat' ) )": "new", "constraint pets.check ( kind in ( 'cat' , 'dog' ) )": "gone",
    },
    ("CREATE TABLE people", 'create  table "people"'): {},
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Generator[Session]:
    opened = open_session(Address(Product.SQLITE, str(tmp_path / "one.db")), Guard(), "midair tests")
    opened.run([Sql(each) for each in BEFORE.split(";\n") if each.strip()], atomic=True)
    yield opened
    opened.close()


@pytest.mark.parametrize("statement", PLANTED)
def test_a_planted_difference_is_seen_by_its_name(file: Session, statement: str) -> None:
    before = inventory(file)
    file.run([Sql(each) for each in statement.split("; ")], atomic=True)
    found = {str(each.thing): each.word for each in differences(before, inventory(file))}
    assert found == PLANTED[statement]


@pytest.mark.parametrize(("old", "new"), REWRITTEN)
def test_a_definition_written_otherwise_is_seen_where_it_means_something_else(
    file: Session, tmp_path: Path, old: str, new: str
) -> None:
    other = open_session(Address(Product.SQLITE, str(tmp_path / "two.db")), Guard(), "midair tests")
    assert old in BEFORE
    other.run([Sql(each) for each in BEFORE.replace(old, new).split(";\n") if each.strip()], atomic=True)
    found = {str(each.thing): each.word for each in differences(inventory(file), inventory(other))}
    other.close()
    assert found == REWRITTEN[old, new]
