"""A database of one's own on a server, for statements that must really run."""

from collections.abc import Generator
from contextlib import contextmanager

from midair.database import Guard, Session, open_session
from midair.model.statement import Sql
from midair.rehearsal.server import Server


@contextmanager
def emptied(server: Server) -> Generator[Session]:
    """A session on an empty database, which is gone afterwards."""
    admin = open_session(server.admin, Guard(), "pages")
    admin.run([Sql("CREATE DATABASE page")], atomic=False)
    session = open_session(server.at("page"), Guard(statement_ms=20_000), "pages")
    try:
        yield session
    finally:
        session.close()
        admin.run([Sql("DROP DATABASE page WITH (FORCE)")], atomic=False)
        admin.close()
