"""Where connections go: all of them to one address, whatever URL the project wrote."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# (the versions of SQLAlchemy and Alembic it meets are the project's, not those the checker sees)

import sys

from .channel import Stop

_CONNECTION_WORDS = (
    "dsn", "host", "hostaddr", "port", "user", "username", "password", "passfile", "dbname", "database", "service",
    "sslmode", "ssl", "ssl_context", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslnegotiation", "direct_tls",
    "channel_binding", "require_auth", "gssencmode", "target_session_attrs", "unix_sock", "async_creator_fn",
)  # fmt: skip
_PSYCOPG2_SENDS = ("execute", "executemany", "copy_expert", "copy_from", "copy_to", "callproc")
_PSYCOPG_SENDS = ("execute", "executemany", "copy", "stream")


class Redirect:
    """Sends every connection of every engine to one address, whatever URL the project wrote."""

    def __init__(self, address, bounds, channel, recorder):
        self.address = address
        self.bounds = bounds
        self.channel = channel
        self.recorder = recorder
        self.made = []

    def listen(self):
        from sqlalchemy import event
        from sqlalchemy.engine import Engine
        from sqlalchemy.pool import Pool

        event.listen(Engine, "do_connect", self.do_connect)
        event.listen(Pool, "connect", self.connected, insert=True)

    def do_connect(self, dialect, _record, cargs, cparams):
        if isinstance(cparams.get("password"), str) and cparams["password"]:
            self.channel.secrets.add(cparams["password"])
        product = self.address["product"]
        if dialect.name != product:
            raise Stop("product", f"the project connects to {dialect.name}, and the target is {product}")
        if product == "sqlite":
            arguments = [self.address["database"], *cargs[1:]]
            words = {name: value for name, value in cparams.items() if name not in ("uri", "database")}
        else:
            arguments = []
            words = {name: value for name, value in cparams.items() if name not in _CONNECTION_WORDS}
            words.update(_words_for(dialect.driver, self.address, words))
            self._watch_cursors(dialect.driver, words)
        # Returned, not only changed: the project's own listener can no longer send it elsewhere.
        connection = dialect.connect(*arguments, **words)
        self.made.append(connection)
        if product != "sqlite" and self.bounds:
            cursor = connection.cursor()
            for name, value in sorted(self.bounds.items()):
                cursor.execute(f"SET {name} = '{value}'")
            cursor.close()
            connection.commit()
        return connection

    def connected(self, connection, _record):
        """Refuses a connection that did not come through `do_connect`: it goes to the project's own database."""
        if not any(each is connection for each in self.made):
            raise Stop("creator", "an engine of the project makes its connections itself (creator=)")

    def _watch_cursors(self, driver, words):
        """Notices SQL that a migration sends past SQLAlchemy, on a cursor of the driver's own."""
        recorder = self.recorder
        if words.get("cursor_factory") is not None:
            return
        if driver == "psycopg2":
            base, methods = sys.modules["psycopg2.extensions"].cursor, _PSYCOPG2_SENDS
        elif driver == "psycopg":  # the async dialect calls itself psycopg_async
            base, methods = sys.modules["psycopg"].Cursor, _PSYCOPG_SENDS
        else:
            return

        def noticing(name):
            inner = getattr(base, name)

            def method(self, *arguments, **options):
                caller = str(sys._getframe(1).f_globals.get("__name__"))
                if not caller.startswith(("sqlalchemy", "psycopg", "midair_worker")):
                    recorder.raw()
                return inner(self, *arguments, **options)

            return method

        words["cursor_factory"] = type("WatchedCursor", (base,), {name: noticing(name) for name in methods})


def _words_for(driver, address, words):
    """The connection in the driver's own words."""
    given = {name: address[name] for name in ("host", "port", "user", "password") if address.get(name)}
    options = dict(address.get("options") or {})
    if driver == "asyncpg":
        given["database"] = address["database"]
        if options.get("sslmode"):
            given["ssl"] = options["sslmode"]
        return given
    if driver == "pg8000":
        host = str(given.get("host") or "")
        if host.startswith("/"):
            del given["host"]
            given["unix_sock"] = "{}/.s.PGSQL.{}".format(host, given.pop("port", None) or 5432)
        given["database"] = address["database"]
        return given
    given["dbname"] = address["database"]
    if words.get("options") and options.get("options"):
        options["options"] = "{} {}".format(words["options"], options["options"])
    given.update(options)
    return given
