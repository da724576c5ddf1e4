"""A live run under watch: midair is asked before each statement, and before each commit."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# (the versions of SQLAlchemy and Alembic it meets are the project's, not those the checker sees)

from .channel import Stop
from .recorder import is_autocommit, state_of
from .values import texts_of

_LOCK_NOT_AVAILABLE = "55P03"
_WRITES = ("INSERT", "UPDATE", "DELETE")
_DONE = "SET midair.done = 'yes'"
"""What is sent in place of a statement that midair has run: it gives no rows, and means nothing to anybody."""


class Asking:
    """Asks about what the revision under way sends. `only_judged`: whether it may be sent, whatever its rows are."""

    def __init__(self, channel, recorder, only_judged=False):
        self.channel = channel
        self.recorder = recorder
        self.only_judged = only_judged
        self.told = set()

    def listen(self):
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "before_cursor_execute", self.before, retval=True)
        event.listen(Engine, "commit", self.committing)
        event.listen(Engine, "savepoint", self.savepoint)

    def before(self, conn, cursor, statement, parameters, context, executemany):
        place, unplaced = self.recorder.place() if self.recorder.revision is not None else (None, True)
        if unplaced:  # Alembic's own work, or env.py's
            if self.recorder.revision is not None and statement.lstrip()[:6].upper() in _WRITES:
                self.channel.send("recording")
                self.channel.heard()
            return statement, parameters
        if self.recorder.elsewhere(conn):
            self.stays("uses a second connection")
        if getattr(context, "_is_server_side", False):
            self.stays("reads through a cursor that its transaction holds open")
        first = self.only_judged and isinstance(parameters, list)  # its text is every row's
        shown = parameters[:1] if first else parameters
        texts = texts_of(conn, cursor, statement, shown, context, executemany)
        self.channel.send("ask", texts=texts, place=place, outside=is_autocommit(conn))
        return self._obey(conn, statement, parameters)

    def committing(self, conn):
        if self.recorder.main is None or self.recorder.elsewhere(conn):
            return
        self.channel.send("committing")
        self._send(conn, self.channel.heard()["sql"])

    def savepoint(self, _conn, _name):
        self.stays("uses savepoints")

    def raw(self):
        if self.recorder.revision is not None:
            self.stays("sends SQL past SQLAlchemy")

    def stays(self, reason):
        if reason not in self.told:
            self.told.add(reason)
            self.channel.send("stays", reason=reason)

    def _obey(self, conn, statement, parameters):
        while True:
            reply = self.channel.heard()
            if reply["do"] == "send":
                return statement, parameters
            if reply["do"] == "skip":
                return _DONE, ()
            if reply["do"] == "read":
                return self._kept(conn, reply["table"]), ()
            if reply["do"] == "keep":
                kept = self._keep(conn, reply["table"], reply["sql"])
                return (kept, ()) if kept else (statement, parameters)
            if reply["do"] != "commit":
                raise Stop("error", "midair said {}".format(reply["do"]))
            self._send(conn, reply["sql"])
            conn.connection.dbapi_connection.commit()
            self.channel.send("committed")

    def _keep(self, conn, table, sql):
        """Puts the query's rows into a table and gives the query that reads them there; nothing where it cannot be done."""
        try:
            self._send(conn, ["SAVEPOINT midair_keep"])
            names = self._columns(conn, f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0")
            columns = ", ".join(f"c{number}" for number in range(len(names)))
            rows = (
                f"SELECT pg_catalog.row_number() OVER () AS midair_row, q.* FROM (\n{sql}\n) AS q({columns})"
            )
            self._send(conn, [f"CREATE TABLE {table} AS {rows}", "RELEASE SAVEPOINT midair_keep"])
            return self._kept(conn, table, names)
        except Exception as error:  # the driver's own
            if state_of(error) == _LOCK_NOT_AVAILABLE:
                raise  # it says nothing about the query: the program is tried again
            # The query is sent as it was written, and judged by the server.
            self._send(conn, ["ROLLBACK TO SAVEPOINT midair_keep"])
            self.stays("reads rows that cannot be kept beside")
            return None

    def _kept(self, conn, table, names=None):
        if names is None:
            comment = f"SELECT pg_catalog.obj_description('{table}'::pg_catalog.regclass, 'pg_class')"
            names = self._rows(conn, comment)[0][0].split("\n")
        else:
            words = "\n".join(names).replace("'", "''")
            self._send(conn, [f"COMMENT ON TABLE {table} IS '{words}'"])
        if any("%" in name or "\n" in name for name in names):
            raise ValueError("a name that means something to a driver")
        columns = ", ".join('c{} AS "{}"'.format(n, name.replace('"', '""')) for n, name in enumerate(names))
        return f"SELECT {columns} FROM {table} ORDER BY midair_row"

    def _columns(self, conn, sql):
        cursor = conn.connection.cursor()
        try:
            cursor.execute(_as_the_driver_reads_it(conn, sql))
            return [str(column[0]) for column in cursor.description]
        finally:
            cursor.close()

    def _rows(self, conn, sql):
        cursor = conn.connection.cursor()
        try:
            cursor.execute(_as_the_driver_reads_it(conn, sql))
            return cursor.fetchall()
        finally:
            cursor.close()

    def _send(self, conn, texts):
        for text in texts:
            cursor = conn.connection.cursor()
            try:
                cursor.execute(_as_the_driver_reads_it(conn, text))
            finally:
                cursor.close()


def _as_the_driver_reads_it(conn, sql):
    """pg8000 looks for marks in every text, with values beside it or not."""
    return sql.replace("%", "%%") if conn.dialect.driver == "pg8000" else sql
