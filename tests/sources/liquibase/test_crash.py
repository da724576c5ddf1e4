"""Killed at every event and run again: the schema, the rows and the lock are those of an uninterrupted run."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import midair
from midair.database import Guard, open_session
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import Server
from tests.conftest import url_of
from tests.support.fly import fly
from tests.support.listening import Remembering

CHANGELOG = """--liquibase formatted sql
--changeset ann:1
CREATE TABLE pet (id int PRIMARY KEY, name text);
INSERT INTO pet VALUES (1, 'Rex');
--changeset ann:2 runInTransaction:false
CREATE INDEX CONCURRENTLY pet_name ON pet (name);
--changeset ann:3
--preconditions onFail:MARK_RAN
--precondition-sql-check expectedResult:0 SELECT count(*) FROM pet WHERE id = 2
INSERT INTO pet VALUES (2, 'Bob');
--changeset ann:4 failOnError:false
INSERT INTO pet VALUES (1, 'twice');
--changeset ann:5
ALTER TABLE pet ADD COLUMN age int;
"""
"""One of each way a changeset is run: in a transaction, outside, in its turn, in its turn and failing."""


@contextmanager
def fresh_databases(server: Server, count: int) -> Generator[tuple[Address, ...]]:
    """Empty databases, gone when the context ends."""
    names = [f"crash_{uuid4().hex[:12]}" for _ in range(count)]
    admin = open_session(server.admin, Guard(), "midair tests")
    try:
        for name in names:
            admin.run([Sql(f"CREATE DATABASE {name} STRATEGY file_copy")], atomic=False)
        yield tuple(server.at(name) for name in names)
    finally:
        for name in names:
            admin.run([Sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")], atomic=False)
        admin.close()


def outcome(address: Address) -> tuple[object, ...]:
    session = open_session(address, Guard(), "midair tests")
    try:
        return (
            session.query("SELECT ID, EXECTYPE, MD5SUM FROM databasechangelog ORDER BY ID"),
            session.query("SELECT * FROM pet ORDER BY id"),
            session.query(
                "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'pet'::regclass ORDER BY 1"
            ),
            session.query("SELECT LOCKED, LOCKEDBY FROM databasechangeloglock"),
        )
    finally:
        session.close()


def test_a_run_killed_at_any_event_ends_like_one_that_was_not(server: Server, tmp_path: Path) -> None:
    (tmp_path / "changelog.sql").write_text(CHANGELOG)
    heard = Remembering()
    with fresh_databases(server, 1) as (whole,):
        midair.apply(midair.Request(tmp_path, url=url_of(whole)), heard)
        expected, died = outcome(whole), 0
    for event in range(len(heard.events)):
        with fresh_databases(server, 1) as (address,):
            code, said = fly(tmp_path, address, dies_at=event).landed()
            died += code == -9
            midair.apply(midair.Request(tmp_path, url=url_of(address), wait_s=20), Remembering())
            assert outcome(address) == expected, (event, said)
    assert died == len(heard.events)
