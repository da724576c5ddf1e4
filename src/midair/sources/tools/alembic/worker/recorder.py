"""What is sent: every statement of the migration under way, with its place and its transaction."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# (the versions of SQLAlchemy and Alembic it meets are the project's, not those the checker sees)

import os
import sys

from .values import texts_of


class Recorder:
    """Reports every statement of the migration under way: text, values, place, transaction."""

    def __init__(self, channel):
        self.channel = channel
        self.muted = True
        self.revision = None
        self.path = None
        self.env = None
        self.main = None
        self.transaction = 0

    def listen(self):
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "after_cursor_execute", self.after)
        event.listen(Engine, "handle_error", self.refused)
        event.listen(Engine, "commit", self.committed)
        event.listen(Engine, "rollback", self.rolled_back)

    def begin(self, revision, path):
        self.revision, self.path = revision, os.path.abspath(str(path))
        self.channel.send("revision", revision=revision)

    def end(self):
        self.channel.send("over", revision=self.revision)
        self.revision = self.path = None

    def after(self, conn, cursor, statement, parameters, context, executemany):
        if self.muted:
            return
        place, unplaced = self.place()
        self.channel.send(
            "statement",
            revision=self.revision,
            texts=texts_of(conn, cursor, statement, parameters, context, executemany),
            place=place,
            unplaced=unplaced,
            transaction=None if is_autocommit(conn) else self.transaction,
            open=_really_open(conn),
            returns=[_type_code(column) for column in cursor.description] if cursor.description else None,
            count=getattr(cursor, "rowcount", -1),
            elsewhere=self.elsewhere(conn),
        )

    def refused(self, context):
        if self.muted or self.revision is None or context.original_exception is None:
            return
        error = context.original_exception
        message = self.channel.clean(str(error))[:300]
        self.channel.send("refused", sqlstate=state_of(error), message=message, place=self.place()[0])

    def committed(self, conn):
        self.transaction += 1

    def rolled_back(self, conn):
        if not self.muted and self.revision is not None and not self.elsewhere(conn):
            self.channel.send("rollback", transaction=self.transaction)
        self.transaction += 1

    def raw(self):
        if not self.muted and self.revision is not None:
            self.channel.send("raw", place=self.place()[0])

    def elsewhere(self, conn):
        """It is another connection than the one Alembic migrates on."""
        if self.main is None:
            return False
        try:
            return conn.connection.dbapi_connection is not self.main
        except Exception:  # noqa: BLE001 - a closed or invalidated connection is not the one that migrates
            return True

    def place(self):
        """File and line of the revision that sent it; else of env.py, and True."""
        frame = sys._getframe(2)
        in_env = None
        while frame is not None:
            name = frame.f_code.co_filename
            if self.path is not None and _same(name, self.path):
                return [self.path, frame.f_lineno], False
            if in_env is None and self.env is not None and _same(name, self.env):
                in_env = [self.env, frame.f_lineno]
            frame = frame.f_back
        return in_env, True


def _same(name, path):
    return name == path or (
        os.path.basename(name) == os.path.basename(path) and os.path.abspath(name) == path
    )


def state_of(error):
    return getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)


def is_autocommit(conn):
    if conn.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        return True
    if conn.dialect.name == "sqlite":
        return False
    return getattr(conn.connection.dbapi_connection, "autocommit", False) is True


def _really_open(conn):
    """SQLite: whether a transaction is open in the database; SQLAlchemy's own notion runs ahead of it."""
    if conn.dialect.name != "sqlite":
        return True
    inner = getattr(conn.connection.dbapi_connection, "driver_connection", conn.connection.dbapi_connection)
    return bool(getattr(inner, "in_transaction", True))


def _type_code(column):
    return column[1] if isinstance(column[1], int) else 0
