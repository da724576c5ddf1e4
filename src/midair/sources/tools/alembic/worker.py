"""Runs an Alembic project in the project's own interpreter and tells, line by line, what it sends.

This file is a program of its own: it is started by another Python than midair's, so it imports
nothing of midair and nothing that the project does not have. A request comes as one line of JSON on
stdin; answers leave as lines of JSON on what was stdout, while the project's own prints go to
stderr. Only public hooks are used: SQLAlchemy's `do_connect`, cursor and transaction events, and
the `fn` of Alembic's EnvironmentContext. SQLAlchemy 1.4–2.1, Alembic 1.8–1.20, Python 3.8 and later.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# (the versions of SQLAlchemy and Alembic it meets are the project's, not those the checker sees)

import os
import sys

if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
    del sys.path[0]  # before anything else is imported: a file beside this one is no module of the project

import datetime
import decimal
import enum
import json
import traceback
import uuid
from argparse import Namespace

_CONNECTION_WORDS = (
    "dsn", "host", "hostaddr", "port", "user", "username", "password", "passfile", "dbname", "database", "service",
    "sslmode", "ssl", "ssl_context", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslnegotiation", "direct_tls",
    "channel_binding", "require_auth", "gssencmode", "target_session_attrs", "unix_sock", "async_creator_fn",
)  # fmt: skip
_PSYCOPG2_SENDS = ("execute", "executemany", "copy_expert", "copy_from", "copy_to", "callproc")
_PSYCOPG_SENDS = ("execute", "executemany", "copy", "stream")
_DRIVERS = ("psycopg2", "psycopg", "asyncpg", "pg8000")


class Stop(Exception):
    """What midair has to tell the user instead of a traceback."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class Unwritable(Exception):
    """A value has no SQL form that midair is sure of."""


class Channel:
    """Where answers go; passwords the project used are taken out of what it said."""

    def __init__(self):
        self.secrets = set()
        sys.stdout.flush()
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, kind, **fields):
        self._out.write(json.dumps({"kind": kind, **fields}, default=str) + "\n")
        self._out.flush()

    def clean(self, text):
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "•••")
        return text


# ── where connections go ───────────────────────────────────────────────────────────────────────


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
                if not caller.startswith(("sqlalchemy", "psycopg", __name__)):
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


# ── what is sent ───────────────────────────────────────────────────────────────────────────────


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
        place, unplaced = self._place()
        self.channel.send(
            "statement",
            revision=self.revision,
            texts=_texts(conn, cursor, statement, parameters, context, executemany),
            place=place,
            unplaced=unplaced,
            transaction=None if _is_autocommit(conn) else self.transaction,
            open=_really_open(conn),
            returns=[_type_code(column) for column in cursor.description] if cursor.description else None,
            count=getattr(cursor, "rowcount", -1),
            elsewhere=self._elsewhere(conn),
        )

    def refused(self, context):
        if self.muted or self.revision is None or context.original_exception is None:
            return
        error = context.original_exception
        message = self.channel.clean(str(error))[:300]
        self.channel.send("refused", sqlstate=_state_of(error), message=message, place=self._place()[0])

    def committed(self, conn):
        self.transaction += 1

    def rolled_back(self, conn):
        if not self.muted and self.revision is not None and not self._elsewhere(conn):
            self.channel.send("rollback", transaction=self.transaction)
        self.transaction += 1

    def raw(self):
        if not self.muted and self.revision is not None:
            self.channel.send("raw", place=self._place()[0])

    def _elsewhere(self, conn):
        """It is another connection than the one Alembic migrates on."""
        if self.main is None:
            return False
        try:
            return conn.connection.dbapi_connection is not self.main
        except Exception:  # noqa: BLE001 - a closed or invalidated connection is not the one that migrates
            return True

    def _place(self):
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


def _state_of(error):
    return getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)


def _is_autocommit(conn):
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


# ── values ─────────────────────────────────────────────────────────────────────────────────────


def _texts(conn, cursor, statement, parameters, context, executemany):
    """The SQL with its values in it, one a row; where only midair can put them in, text and literals apart."""
    # Rows come as a list; one row that SQLAlchemy 2 assembled of many is a dict or a tuple.
    rows = parameters if executemany and isinstance(parameters, list) else [parameters]
    bare = getattr(context, "no_parameters", False) and not parameters
    texts = []
    for values in rows:
        try:
            texts.append(_text(conn, cursor, statement, None if bare else values))
        except Unwritable as error:
            texts.append({"sql": statement, "unwritable": str(error)})
    return texts


def _text(conn, cursor, statement, values):
    driver = conn.dialect.driver
    if values is None:
        return {"sql": statement}
    if driver in ("psycopg2", "psycopg2cffi"):
        sent = cursor.mogrify(statement, values)
        return {"sql": sent.decode(_encoding(cursor)) if isinstance(sent, bytes) else sent}
    if driver.startswith("psycopg"):
        psycopg = sys.modules["psycopg"]
        inner = conn.connection.driver_connection
        kind = (
            psycopg.AsyncClientCursor if isinstance(inner, psycopg.AsyncConnection) else psycopg.ClientCursor
        )
        return {"sql": kind(inner).mogrify(statement, values)}
    if not values:
        return {"sql": statement % () if conn.dialect.paramstyle == "format" else statement}
    if isinstance(values, dict):
        raise Unwritable("named parameters")
    write = _sqlite_literal if conn.dialect.name == "sqlite" else _literal
    literals = [write(value) for value in values]
    if conn.dialect.paramstyle == "format":
        return {"sql": statement % tuple(literals)}
    return {"sql": statement, "literals": literals}


def _encoding(cursor):
    return sys.modules["psycopg2.extensions"].encodings.get(cursor.connection.encoding, "utf-8")


def _quoted(text):
    if "\0" in text:
        raise Unwritable("a text with a NUL character")
    return "'" + text.replace("'", "''") + "'"


def _number(value):
    text = str(value)
    if isinstance(value, int) or text.lstrip("-").replace(".", "", 1).isdigit():
        return f"({text})" if text.startswith("-") else text
    return f"'{text}'"  # NaN, Infinity, exponents: as text, which every numeric type reads


def _literal(value):
    """A value as PostgreSQL reads it, untyped where a parameter would be."""
    if value is None:
        return "NULL"
    if isinstance(value, enum.Enum):
        return _literal(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, decimal.Decimal)):
        return _number(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"'\\x{bytes(value).hex()}'"
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return f"'{value.isoformat()}'"
    if isinstance(value, datetime.timedelta):
        return f"'{value.days} days {value.seconds} seconds {value.microseconds} microseconds'"
    if isinstance(value, uuid.UUID):
        return f"'{value}'"
    if isinstance(value, (list, tuple)):
        inside = [str(_literal(each)) for each in value]
        return "ARRAY[" + ", ".join(inside) + "]" if inside else "'{}'"
    if isinstance(value, str) or hasattr(value, "hex_"):
        return _quoted(str(value))
    if type(value).__module__.startswith("asyncpg"):
        return _quoted(str(value))  # asyncpg's own UUID
    raise Unwritable(f"a value of type {type(value).__name__}")


def _sqlite_literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"X'{bytes(value).hex()}'"
    if isinstance(value, datetime.datetime):
        return "'{}'".format(value.isoformat(" "))
    if isinstance(value, datetime.date):
        return f"'{value.isoformat()}'"
    if isinstance(value, str):
        return _quoted(str(value))
    raise Unwritable(f"a value of type {type(value).__name__}")


# ── the project ────────────────────────────────────────────────────────────────────────────────


def _config(request):
    from alembic.config import Config

    options = Namespace(
        config=request.get("config"), name=request["section"], x=request.get("x") or None, raiseerr=True,
        quiet=False, sql=False, tag=None, autogenerate=bool(request.get("autogenerate")), cmd=(None, [], []),
    )  # fmt: skip
    words = {"ini_section": request["section"], "cmd_opts": options}
    if request.get("toml"):
        words["toml_file"] = request["toml"]  # Alembic 1.16 and later
    config = Config(request.get("config"), **words)
    if request.get("script_location"):
        config.set_main_option("script_location", request["script_location"].replace("%", "%%"))
    if request.get("address"):
        url = _url(config, request["address"])
        if url:
            config.set_main_option("sqlalchemy.url", url)
    return config


def _url(config, address):
    """A URL of the target's kind, where the ini names another kind or leaves the template's words; no password."""
    try:
        written = config.get_main_option("sqlalchemy.url") or ""
    except Exception:  # noqa: BLE001 - a % that is no interpolation: env.py fails on it only if it asks
        return None
    if written.partition(":")[0].partition("+")[0] == address["product"]:
        return None
    if address["product"] == "sqlite":
        return "sqlite:///" + address["database"].replace("%", "%%")
    import importlib.util

    driver = next((each for each in _DRIVERS if importlib.util.find_spec(each)), None)
    return "postgresql%s://midair.invalid/midair" % ("+" + driver if driver else "")


def _directory(config):
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(config)


def _several(value):
    return [value] if isinstance(value, str) else sorted(value or ())


def _graph(request, channel):
    """Every revision, as Alembic itself understands the files."""
    directory = _directory(_config(request))
    channel.send("folder", path=os.path.abspath(str(directory.dir)))
    for each in directory.walk_revisions():
        channel.send(
            "known",
            revision=each.revision,
            downs=_several(each.down_revision),
            depends_on=_several(each.dependencies),
            labels=_several(getattr(each.module, "branch_labels", None)),
            description=each.doc,
            path=os.path.abspath(str(each.path)),
        )


def _run(directory, config, recorder, runs, prepare, database=None):
    """Runs env.py once, with exactly these revisions in this order as the work to do.

    Where env.py migrates several databases (the `multidb` template), only the named one has work.
    """
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationStep

    names = []  # taken as they pass: Alembic keeps one dictionary of options for all contexts

    def steps(_heads, context):
        names.append(_name(context))
        if database is None and len(names) > 1:
            raise Stop("databases", "env.py migrates several databases: {}, …".format(", ".join(names)))
        if database not in (None, names[-1]):
            return
        recorder.main = context.connection.connection.dbapi_connection
        prepare(context)
        for direction, revision in runs:
            script = directory.get_revision(revision)
            recorder.begin(revision, script.path)
            make = (
                MigrationStep.upgrade_from_script
                if direction == "up"
                else MigrationStep.downgrade_from_script
            )
            yield make(directory.revision_map, script)
            recorder.end()

    target = runs[-1][1] if runs else "heads"
    options = {"as_sql": False, "starting_rev": None, "destination_rev": target, "tag": None}
    with EnvironmentContext(config, directory, fn=steps, **options):
        directory.run_env()
    if not names:
        raise Stop("idle", "env.py ran and migrated nothing: it never called context.run_migrations()")
    if database is not None and database not in names:
        raise Stop(
            "databases", "env.py migrates {}, and none is called {}".format(", ".join(names), database)
        )


def _name(context):
    """What env.py calls the database: the `multidb` template makes tokens of it (`orders_upgrades`)."""
    token = context.opts.get("upgrade_token")
    if token and token.endswith("_upgrades"):
        return token[: -len("_upgrades")]
    return str(context.connection.engine.url.database)


# Far and distinct: a generated id that turns up in a later statement cannot be taken for anything else.
_CANARIES = """
SELECT setval((quote_ident(schemaname) || '.' || quote_ident(sequencename))::regclass,
              1900000000 + 1000003 * row_number() OVER (ORDER BY schemaname, sequencename) + 7)
FROM pg_sequences WHERE data_type <> 'smallint'::regtype AND increment_by > 0 AND max_value > 2100000000
"""
_SESSION = """
SELECT name, setting FROM pg_settings WHERE name IN ('search_path', 'role') AND source IN ('session', 'client')
"""


def _capture(request, channel, recorder):
    config = _config(request)
    directory = _directory(config)
    database = request.get("database")
    if request["bring"]:
        silent = Recorder(channel)
        silent.begin = silent.end = lambda *_: None
        _run(directory, config, silent, [("up", each) for each in request["bring"]], lambda _: None, database)
    recorder.env = os.path.join(os.path.abspath(str(directory.dir)), "env.py")
    recorder.muted = False

    def prepare(context):
        channel.send(
            "context",
            version_table=context.version_table,
            version_table_schema=context.version_table_schema,
            transaction_per_migration=bool(context.opts.get("transaction_per_migration")),
            driver=context.dialect.driver,
        )
        if request["address"]["product"] != "postgresql":
            return
        recorder.muted = True
        if request["canaries"]:
            context.connection.exec_driver_sql(_CANARIES).fetchall()
        for name, setting in context.connection.exec_driver_sql(_SESSION).fetchall():
            channel.send("session", name=name, setting=setting)
        recorder.muted = False

    runs = [(request["direction"], each) for each in request["wanted"]]
    _run(directory, config, recorder, runs, prepare, database)


# PostgreSQL only: enums and domains, and whether they are found without their schema.
_TYPES = """
SELECT nspname, typname, pg_type_is_visible(t.oid)
FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE typtype IN ('e', 'd')
"""


def _live(request, channel, recorder):
    config = _config(request)
    runs = [(request["direction"], each) for each in request["wanted"]]

    def prepare(context):
        memo = getattr(context.impl, "memo", None)
        if request["address"]["product"] != "postgresql" or request["direction"] != "up" or memo is None:
            return
        # In one run of all revisions Alembic remembers the types it created and does not create them
        # twice; this is such a run, cut into pieces.
        for schema, name, visible in context.connection.exec_driver_sql(_TYPES).fetchall():
            for key in ("pg_enum", "pg_ENUM", "pg_domain", "pg_DOMAIN", "_pg_enums"):
                memo.setdefault(key, set()).update({(schema, name)} | ({(None, name)} if visible else set()))

    _run(_directory(config), config, recorder, runs, prepare, request.get("database"))


def _new(request, channel):
    from alembic import command

    words = {"message": request["message"], "autogenerate": bool(request.get("autogenerate"))}
    words.update({name: request[name] for name in ("head", "version_path") if request.get(name)})
    made = command.revision(_config(request), **words)
    for each in made if isinstance(made, list) else [made]:
        if each:
            channel.send("file", path=os.path.abspath(str(each.path)))


# ── start and end ──────────────────────────────────────────────────────────────────────────────


def _failed_at(error, recorder, root):
    """The revision or env.py if they are on the stack, else the last frame of the project."""
    if isinstance(error, SyntaxError) and error.filename:
        return [os.path.abspath(error.filename), error.lineno or 1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    known = [path for path in (recorder.path, recorder.env) if path]
    ours = [frame for frame in frames if os.path.abspath(frame.filename) in known]
    inside = os.path.join(root, "")
    own = [
        frame for frame in frames
        if os.path.abspath(frame.filename).startswith(inside) and "site-packages" not in frame.filename
    ]  # fmt: skip
    at = (ours or own or [None])[-1]
    return [os.path.abspath(at.filename), at.lineno] if at else None


def _failure(error, recorder, channel, root):
    cause, seen = error, set()
    while cause is not None and not isinstance(cause, Stop) and id(cause) not in seen:
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    stop = cause if isinstance(cause, Stop) else None
    lines = "".join(traceback.format_exception(type(error), error, error.__traceback__)).splitlines()
    original = getattr(error, "orig", None) or error
    said = str(stop) if stop else f"{type(original).__name__}: {original}"
    return {
        "reason": stop.reason if stop else "error",
        "message": channel.clean(said)[:2000],
        "revision": recorder.revision,
        "sqlstate": _state_of(original),
        "place": _failed_at(error, recorder, root),
        "trace": [channel.clean(line) for line in lines[-12:]],
    }


def _work(request, channel, recorder):
    if request.get("address"):
        Redirect(request["address"], request.get("bounds") or {}, channel, recorder).listen()
    if request["task"] == "capture":
        recorder.listen()
        _capture(request, channel, recorder)
    elif request["task"] == "live":
        _live(request, channel, recorder)
    elif request["task"] == "graph":
        _graph(request, channel)
    else:
        _new(request, channel)


def main():
    request = json.loads(sys.stdin.buffer.readline().decode("utf-8"))
    channel = Channel()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # nothing may ask questions
    sys.argv = ["alembic"]
    sys.path.append(request["root"])
    if (request.get("address") or {}).get("password"):
        channel.secrets.add(request["address"]["password"])
    recorder = Recorder(channel)
    try:
        import alembic
        import sqlalchemy
    except ImportError as error:
        channel.send("failed", reason="missing", message=str(error), place=None, trace=[])
        return 1
    channel.send("versions", alembic=alembic.__version__, sqlalchemy=sqlalchemy.__version__)
    try:
        _work(request, channel, recorder)
    except BaseException as error:  # noqa: BLE001 - SystemExit too: the project's program ended, whatever ended it
        channel.send("failed", **_failure(error, recorder, channel, request["root"]))
        return 1
    channel.send("done")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # threads that the project left running must not keep the worker
