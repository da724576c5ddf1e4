"""A private MariaDB server: a data directory of its own, gone after the tests."""

import getpass
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from midair.database.address import parse
from midair.model.address import Address, Secret

if TYPE_CHECKING:
    from pymysql import Connection
    from pymysql.cursors import Cursor

_number = count(1)
_host = count()
_PATIENCE_S = 60
_SYSTEM = Path("/usr/share/mysql")
_SYSTEM_TABLES = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
_QUICK = ("--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve")
_COLUMNS = (
    "SELECT table_name, ordinal_position, column_name, column_type, is_nullable, column_default, extra, column_comment,"
    " collation_name FROM information_schema.columns WHERE table_schema = %s"
)
_INDEXES = (
    "SELECT table_name, index_name, non_unique, seq_in_index, column_name, collation, sub_part, index_type"
    " FROM information_schema.statistics WHERE table_schema = %s"
)
_KEYS = (
    "SELECT r.table_name, r.constraint_name, r.referenced_table_name, r.update_rule, r.delete_rule, k.column_name,"
    " k.referenced_column_name, k.ordinal_position FROM information_schema.referential_constraints r"
    " JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name, table_name)"
    " WHERE r.constraint_schema = %s"
)
_VIEWS = "SELECT table_name, replace(view_definition, concat('`', table_schema, '`.'), ''), check_option FROM information_schema.views WHERE table_schema = %s"
_TABLES = "SELECT table_name, table_type, engine, table_comment, table_collation FROM information_schema.tables WHERE table_schema = %s"
_ROUTINES = "SELECT routine_type, routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = %s"
_CHECKS = "SELECT table_name, constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema = %s"


@dataclass(frozen=True, slots=True)
class MariaDB:
    """One database of a private server, reachable over TCP because Java knows no Unix sockets."""

    name: str
    host: str
    user: str = "shop"
    password: str = "x"

    product = "mysql"

    @property
    def url(self) -> str:
        return f"mariadb://{self.user}:{self.password}@{self.host}:3306/{self.name}"

    @property
    def address(self) -> Address:
        """Where midair finds it."""
        return parse(Secret(self.url))

    def connected(self) -> "Connection[Cursor]":
        """A connection of our own, in autocommit."""
        import pymysql

        return pymysql.connect(
            host=self.host, user=self.user, password=self.password, database=self.name, autocommit=True
        )

    def rows(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        with closing(self.connected()) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return list(cursor.fetchall())

    def run(self, *statements: str) -> None:
        with closing(self.connected()) as connection, connection.cursor() as cursor:
            for each in statements:
                cursor.execute(each)

    def drop(self) -> None:
        self.run(f"DROP DATABASE {self.name}")

    def schema(self) -> tuple[str, ...]:
        """Everything the server's catalog says of the database, without midair's own tables and the database's name."""
        facts = {"table": _TABLES, "column": _COLUMNS, "index": _INDEXES, "key": _KEYS, "view": _VIEWS}
        facts |= {"routine": _ROUTINES, "check": _CHECKS}
        lines = [f"{kind} {row}" for kind, query in facts.items() for row in self.rows(query, self.name)]
        return tuple(sorted(line for line in lines if "('midair_" not in line))

    def contents(self) -> dict[str, list[str]]:
        """The rows of every table of the user's, by its name; moments of the run itself are left out."""
        tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE'"
        moments = (
            "SELECT column_name FROM information_schema.columns WHERE (table_schema, table_name) = (%s, %s)"
        )
        found: dict[str, list[str]] = {}
        for (table,) in self.rows(tables, self.name):
            if str(table).startswith(("midair_", "DATABASECHANGELOG")):
                continue
            names = ", ".join(
                f"`{name}`"
                for (name,) in self.rows(
                    f"{moments} AND coalesce(column_default, '') NOT LIKE 'current_timestamp%%'",
                    self.name,
                    table,
                )
            )
            found[str(table)] = sorted(map(str, self.rows(f"SELECT {names or 1} FROM `{table}`")))
        return found


@dataclass(frozen=True, slots=True)
class MariaServer:
    """A running server that gives a fresh database per call."""

    host: str
    socket: Path

    def database(self) -> MariaDB:
        name = f"shop{next(_number)}"
        MariaDB("mysql", self.host).run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return MariaDB(name, self.host)


@contextmanager
def maria_server() -> Generator[MariaServer]:
    """A server of its own loopback address, so that any number of test runs share port 3306; skips without one."""
    program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None or not all((_SYSTEM / each).exists() for each in _SYSTEM_TABLES):
        pytest.skip("no MariaDB on this machine (Debian: mariadb-server-core)")
    host = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.{200 + next(_host) % 50}"
    folder = Path(tempfile.mkdtemp(prefix="midair-maria-"))
    socket, log = folder / "socket", folder / "log"
    command = [
        program,
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--user={getpass.getuser()}",
        *_QUICK,
    ]
    try:
        _lay_out(command, folder / "data", log)
        where = [
            f"--socket={socket}",
            f"--bind-address={host}",
            "--port=3306",
            f"--pid-file={folder / 'pid'}",
        ]
        with log.open("wb") as said:
            server = subprocess.Popen([*command, *where], stdout=said, stderr=said)
        try:
            _open_up(server, socket, log)
            yield MariaServer(host, socket)
        finally:
            server.terminate()
            server.wait(_PATIENCE_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay_out(command: list[str], data: Path, log: Path) -> None:
    """The system tables, as mariadb-install-db makes them; it needs a package more than the server itself."""
    data.mkdir()
    script = "".join((_SYSTEM / each).read_text() for each in _SYSTEM_TABLES)
    text = f"CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\n{script}"
    with log.open("wb") as said:
        made = subprocess.run(
            [*command, "--bootstrap"], input=text.encode(), stdout=said, stderr=said, check=False
        )
    assert made.returncode == 0, log.read_text()


def _open_up(server: "subprocess.Popen[bytes]", socket: Path, log: Path) -> None:
    """Waits until the server answers, and makes a user who may come over TCP."""
    import pymysql

    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection = pymysql.connect(unix_socket=str(socket), user="root", autocommit=True)
        except pymysql.OperationalError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        else:
            break
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("CREATE USER shop IDENTIFIED BY 'x'")
        cursor.execute("GRANT ALL ON *.* TO shop WITH GRANT OPTION")
