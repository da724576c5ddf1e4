"""Databases to work on, and what two of them must have in common: their schema and the tool's own rows."""

import os
import sqlite3
import subprocess
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from midair.rehearsal.server import Server, throwaway_server

from .commands import environment

_number = count(1)
_host = count()
_AT_IMPORT = dict(os.environ)
"""The suite's conftest takes MIDAIR_… away from tests; which server to use is said before."""
_HISTORY_TABLES = frozenset(
    {"alembic_version", "flyway_schema_history", "goose_db_version", "schema_migrations"}
)


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """One database of a throwaway server, reachable over TCP because Java knows no Unix sockets."""

    name: str
    host: str
    programs: Path

    product = "postgresql"

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{self.host}:5432/{self.name}"

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def run(self, statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statements.encode())

    def schema(self) -> tuple[str, ...]:
        """The sorted lines of a schema-only dump, without comments, settings and midair's own schema."""
        command = [self.programs / "pg_dump", "-s", "--no-owner", "--no-privileges", "-N", "midair", self.url]
        dump = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
        assert dump.returncode == 0, dump.stderr
        lines = (line.rstrip() for line in dump.stdout.splitlines())
        dropped = ("--", "SET ", "\\restrict", "\\unrestrict", "SELECT pg_catalog.set_config")
        return tuple(sorted(line for line in lines if line and not line.startswith(dropped)))


@dataclass(frozen=True, slots=True)
class SQLite:
    """One database file."""

    path: Path

    product = "sqlite"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()

    def run(self, statements: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(statements)

    def schema(self) -> tuple[str, ...]:
        """Every object's own definition, midair's journal and SQLite's own counters left out.

        SQLite keeps the text of a CREATE as it was typed. That is compared too, except for the tools' own
        tables, where only columns, types, keys and indexes matter. A table's lines are sorted: Alembic's
        batch mode puts constraints in another order on every run, by itself too.
        """
        query = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master WHERE name <> 'sqlite_sequence'"
        lines: list[str] = []
        for kind, name, table, text in self.rows(query):
            if table in _HISTORY_TABLES:
                pragma = "table_xinfo" if kind == "table" else "index_xinfo"
                lines += (f"{name}: {row}" for row in self.rows(f"SELECT * FROM pragma_{pragma}('{name}')"))
            elif not str(table).startswith("midair"):
                lines.append(
                    f"{kind} {name} on {table}: {_in_any_order(str(text)) if kind == 'table' else text}"
                )
                lines += (
                    f"{name}: {row}" for row in self.rows(f"SELECT * FROM pragma_table_xinfo('{name}')")
                )
        return tuple(sorted(lines))


def _in_any_order(text: str) -> str:
    return " / ".join(sorted(line.strip().rstrip(",") for line in text.splitlines()))


Database = PostgreSQL | SQLite


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server that gives a fresh database per call."""

    server: Server
    host: str

    def database(self) -> PostgreSQL:
        name = f"shop{next(_number)}"
        with psycopg.connect(
            f"postgresql://postgres@{self.host}:5432/postgres", autocommit=True
        ) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return PostgreSQL(name, self.host, self.server.bin)


@contextmanager
def cluster() -> Generator[Cluster]:
    """A server of its own loopback address, so that any number of test runs share port 5432."""
    host = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.{100 + next(_host) % 100}"
    with throwaway_server(None, _AT_IMPORT, (f"listen_addresses={host}",)) as server:
        yield Cluster(server, host)
