"""The copy that a rehearsal plays on: owners, privileges and comments come along as far as the role may set them."""

import time
from pathlib import Path

import midair
from midair.database import Session
from midair.database.address import parse
from midair.dialects.postgresql.inventory import inventory
from midair.model.address import Secret
from midair.model.inventory import Thing
from midair.model.statement import Sql
from midair.pipeline.stage import stage
from midair.rehearsal.server import Server
from tests.conftest import url_of
from tests.support.listening import Remembering
from tests.support.projects import numbered_project

OWNERS = (
    "SELECT relname, relowner::regrole::text FROM pg_class WHERE relname IN ('t1', 't2', 'seen') ORDER BY 1"
)


def prepared(tmp_path: Path, session: Session, roles: tuple[str, str]) -> midair.Request:
    """A target with two tables and a view, whose owner and reader are these roles."""
    root = numbered_project(tmp_path, 2)
    request = midair.Request(root, url=url_of(session.address))
    midair.apply(request, Remembering())
    owner, reader = roles
    session.run([Sql(f"CREATE ROLE {owner}"), Sql(f"CREATE ROLE {reader}")], atomic=False)
    session.run(
        [
            Sql("CREATE VIEW seen AS SELECT * FROM t1"),
            Sql(f"ALTER TABLE t1 OWNER TO {owner}"),
            Sql(f"ALTER VIEW seen OWNER TO {owner}"),
            Sql(f"GRANT SELECT, UPDATE (note) ON t1 TO {reader}"),
            Sql(f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {reader}"),
            Sql("COMMENT ON COLUMN t1.note IS 'what people said'"),
        ],
        atomic=True,
    )
    return request


def dropped(session: Session, *roles: str) -> None:
    for each in roles:
        session.run([Sql(f"DROP OWNED BY {each} CASCADE"), Sql(f"DROP ROLE {each}")], atomic=False)


def test_owners_privileges_default_privileges_and_comments_come_along(
    tmp_path: Path, server: Server, session: Session
) -> None:
    name = session.address.database
    roles = (f"owner_{name}", f"reader_{name}")
    request = prepared(tmp_path, session, roles)
    try:
        with stage(midair.Request(request.root, url=request.url)) as here, here.opened() as copy:
            assert here.left_out == ()
            assert copy.session.query(OWNERS) == session.query(OWNERS)
            there = inventory(copy.session).definitions
            mine = inventory(session).definitions
            told = {thing for thing in mine if thing.kind in ("grant", "comment")}
            assert Thing("grant", "column t1.note") in told
            assert {thing: there.get(thing) for thing in told} == {thing: mine[thing] for thing in told}
    finally:
        dropped(session, *roles)


def test_a_scratch_role_that_may_not_gets_the_schema_and_a_note(
    tmp_path: Path, server: Server, session: Session
) -> None:
    name = session.address.database
    roles, modest = (f"owner_{name}", f"reader_{name}"), f"modest_{name}"
    request = prepared(tmp_path, session, roles)
    session.run([Sql(f"CREATE ROLE {modest} LOGIN CREATEDB")], atomic=False)
    admin = (
        url_of(server.admin)
        .reveal()
        .replace("user=postgres", f"user={modest}")
        .replace("postgres@", f"{modest}@")
    )
    assert parse(Secret(admin)).user == modest
    (request.root / "migrations" / "000003_more.up.sql").write_text("CREATE TABLE t3 (id integer);")
    (request.root / "migrations" / "000003_more.down.sql").write_text("DROP TABLE t3;")
    scratch = midair.Request(request.root, url=request.url, scratch_url=Secret(admin))
    try:
        found = midair.rehearse(scratch, midair.Trial())
        assert found.findings == (), found.findings
        assert all(each.passed is not False for each in found.proofs), found.proofs
        (note,) = [each for each in found.notes if "may not set" in each]
        assert "OWNER TO" in note or "GRANT" in note
    finally:
        dropped(session, *roles, modest)


def test_a_killed_rehearsals_database_is_dropped_after_a_day_and_a_young_one_is_not(
    tmp_path: Path, server: Server, session: Session
) -> None:
    now = int(time.time())
    old, young = (f"midair_rehearsal_{now - age:x}_{now:x}" for age in (90_000, 60))
    for each in (old, young):
        session.run([Sql(f"CREATE DATABASE {each}")], atomic=False)
    try:
        request = midair.Request(numbered_project(tmp_path, 1), scratch_url=url_of(server.admin))
        with stage(request, from_empty=True):
            left = {row[0] for row in session.query("SELECT datname FROM pg_database")}
        assert old not in left
        assert young in left
    finally:
        for each in (old, young):
            session.run([Sql(f"DROP DATABASE IF EXISTS {each}")], atomic=False)
