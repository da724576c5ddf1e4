"""Applications of several drivers, each as it comes: its own cache of prepared statements, its own wire format.

A client is one connection. It executes a statement with one parameter, `{}`, and says what the server or the driver refused.
"""

import asyncio
import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg

JARS = (
    tuple((Path(__file__).parents[2] / ".peers" / "java" / "flyway" / "lib").glob("postgresql-[0-9]*.jar"))
    if shutil.which("javac")
    else ()
)
"""pgjdbc, where scripts/install_peers.sh brought it and there is a compiler."""
_PROGRAM = Path(__file__).with_name("JdbcClient.java")


Value = int | str


class Client(Protocol):
    """One connection. Outside transactions each statement is its own."""

    def execute(self, sql: str, value: Value) -> str | None:
        """`None`, or the SQLSTATE (the driver's own name of the error, where it has none) with which it failed."""
        ...

    def close(self) -> None:
        """The connection's end."""
        ...


@dataclass(frozen=True)
class Driver:
    """A driver in one way of using it. `prepares`: it names statements on the server, which a pooler in transaction mode must know about."""

    name: str
    opened: Callable[[str], Client]
    prepares: bool = True


class _Psycopg:
    def __init__(self, url: str, *, in_transactions: bool, prepare: bool = True) -> None:
        self._connection = psycopg.connect(
            url, autocommit=not in_transactions, application_name="shop prepared",
            prepare_threshold=0 if prepare else None,
        )  # fmt: skip
        self._in_transactions = in_transactions

    def execute(self, sql: str, value: Value) -> str | None:
        try:
            self._connection.execute(sql.replace("{}", "%s"), (value,))  # type: ignore[arg-type]
            if self._in_transactions:
                self._connection.commit()
        except psycopg.Error as error:
            if self._in_transactions:
                self._connection.rollback()
            return error.sqlstate or type(error).__name__
        return None

    def close(self) -> None:
        self._connection.close()


class _Psycopg2:
    """It prepares nothing: values go into the text."""

    def __init__(self, url: str) -> None:
        import psycopg2

        self._errors: Any = psycopg2.Error
        self._connection: Any = psycopg2.connect(url, application_name="shop prepared")

    def execute(self, sql: str, value: Value) -> str | None:
        try:
            with self._connection, self._connection.cursor() as cursor:
                cursor.execute(sql.replace("{}", "%s"), (value,))
        except self._errors as error:
            return error.pgcode or type(error).__name__
        return None

    def close(self) -> None:
        self._connection.close()


class _Pg8000:
    """As the DB-API module uses it (a statement without a name each time), or with statements that it is told to prepare."""

    def __init__(self, url: str, *, prepare: bool) -> None:
        import pg8000.native

        at = urlsplit(url)
        self._errors: Any = pg8000.native.Error
        self._connection: Any = pg8000.native.Connection(
            at.username,
            host=at.hostname,
            port=at.port,
            database=at.path[1:],
            application_name="shop prepared",
        )
        self._prepared: dict[str, Any] | None = {} if prepare else None

    def execute(self, sql: str, value: Value) -> str | None:
        text = sql.replace("{}", ":value")
        try:
            if self._prepared is None:
                self._connection.run(text, value=value)
            else:
                if text not in self._prepared:
                    self._prepared[text] = self._connection.prepare(text)
                self._prepared[text].run(value=value)
        except self._errors as error:
            said: Any = error.args[0] if error.args else {}
            return str(said["C"]) if isinstance(said, dict) and "C" in said else type(error).__name__
        return None

    def close(self) -> None:
        self._connection.close()


class _Asyncpg:
    """Prepares what it is given, in binary, and keeps the last hundred."""

    def __init__(self, url: str, *, in_transactions: bool, cache: int = 100) -> None:
        import asyncpg

        self._errors: Any = (asyncpg.PostgresError, asyncpg.InterfaceError)
        self._loop = asyncio.new_event_loop()
        self._in_transactions = in_transactions
        self._connection: Any = self._loop.run_until_complete(
            asyncpg.connect(
                url, statement_cache_size=cache, server_settings={"application_name": "shop prepared"}
            )
        )

    def execute(self, sql: str, value: Value) -> str | None:
        return self._loop.run_until_complete(self._executed(sql.replace("{}", "$1"), value))

    async def _executed(self, sql: str, value: Value) -> str | None:
        try:
            if not self._in_transactions:
                await self._connection.fetch(sql, value)
            else:
                async with self._connection.transaction():
                    await self._connection.fetch(sql, value)
        except self._errors as error:
            return getattr(error, "sqlstate", None) or type(error).__name__
        return None

    def close(self) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()


@cache
def _compiled() -> str:
    """Where the Java client's classes are, for as long as this process lives."""
    folder = tempfile.mkdtemp(prefix="midair-jdbc-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(["javac", "-d", folder, str(_PROGRAM)], check=True, capture_output=True)
    return folder


class _Jdbc:
    """A Java process that executes what it reads from its standard input; it prepares on the server at once (`prepareThreshold=1`)."""

    def __init__(self, url: str, *, in_transactions: bool, options: str = "prepareThreshold=1") -> None:
        at = urlsplit(url)
        address = f"jdbc:postgresql://{at.hostname}:{at.port}{at.path}?user={at.username}&ApplicationName=shop&{options}"
        flags = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS[0]}:{_compiled()}"]
        self._process = subprocess.Popen(
            ["java", *flags, _PROGRAM.stem, address, "true" if in_transactions else "false"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def execute(self, sql: str, value: Value) -> str | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{value}\t{sql.replace('{}', '?')}\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline().strip()
        assert said, "the Java client has ended"
        return None if said == "ok" else said

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


DRIVERS = (
    Driver("psycopg, autocommit", lambda url: _Psycopg(url, in_transactions=False)),
    Driver("psycopg, in transactions", lambda url: _Psycopg(url, in_transactions=True)),
    Driver("psycopg that prepares nothing", lambda url: _Psycopg(url, in_transactions=True, prepare=False), prepares=False),
    Driver("psycopg2", _Psycopg2, prepares=False),
    Driver("pg8000", lambda url: _Pg8000(url, prepare=False), prepares=False),
    Driver("pg8000, prepared", lambda url: _Pg8000(url, prepare=True)),
    Driver("asyncpg", lambda url: _Asyncpg(url, in_transactions=False)),
    Driver("asyncpg, in transactions", lambda url: _Asyncpg(url, in_transactions=True)),
    Driver("asyncpg without a cache", lambda url: _Asyncpg(url, in_transactions=True, cache=0), prepares=False),
)  # fmt: skip
JAVA = (
    Driver("pgjdbc, autocommit", lambda url: _Jdbc(url, in_transactions=False)),
    Driver("pgjdbc, in transactions", lambda url: _Jdbc(url, in_transactions=True)),
    Driver("pgjdbc, autosave=conservative", lambda url: _Jdbc(url, in_transactions=True, options="prepareThreshold=1&autosave=conservative")),
)  # fmt: skip
"""A process each: for long runs."""
