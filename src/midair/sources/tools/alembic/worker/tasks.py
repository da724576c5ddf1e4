"""What midair may ask for: the graph, a capture on a scratch database, a run on the target, a new file."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# (the versions of SQLAlchemy and Alembic it meets are the project's, not those the checker sees)

import os

from .asking import Asking
from .project import config_of, directory_of, run
from .recorder import Recorder


def _several(value):
    return [value] if isinstance(value, str) else sorted(value or ())


def graph(request, channel):
    """Every revision, as Alembic itself understands the files."""
    directory = directory_of(config_of(request))
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


# Far and distinct: a generated id that turns up in a later statement cannot be taken for anything else.
_CANARIES = """
SELECT setval((quote_ident(schemaname) || '.' || quote_ident(sequencename))::regclass,
              1900000000 + 1000003 * row_number() OVER (ORDER BY schemaname, sequencename) + 7)
FROM pg_sequences WHERE data_type <> 'smallint'::regtype AND increment_by > 0 AND max_value > 2100000000
"""
_SESSION = """
SELECT name, setting FROM pg_settings WHERE name IN ('search_path', 'role') AND source IN ('session', 'client')
"""


def capture(request, channel, recorder):
    config = config_of(request)
    directory = directory_of(config)
    database = request.get("database")
    if request["bring"]:
        silent = Recorder(channel)
        silent.begin = silent.end = lambda *_: None
        run(directory, config, silent, [("up", each) for each in request["bring"]], lambda _: None, database)
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
    run(directory, config, recorder, runs, prepare, database)


# PostgreSQL only: enums and domains, and whether they are found without their schema.
_TYPES = """
SELECT nspname, typname, pg_type_is_visible(t.oid)
FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE typtype IN ('e', 'd')
"""


def live(request, channel, recorder):
    config = config_of(request)
    runs = [(request["direction"], each) for each in request["wanted"]]

    if request.get("watched"):
        asking = Asking(channel, recorder, bool(request.get("only_judged")))
        recorder.raw = asking.raw
        asking.listen()

    def prepare(context):
        memo = getattr(context.impl, "memo", None)
        if request["address"]["product"] != "postgresql" or request["direction"] != "up" or memo is None:
            return
        # In one run of all revisions Alembic remembers the types it created and does not create them
        # twice; this is such a run, cut into pieces.
        for schema, name, visible in context.connection.exec_driver_sql(_TYPES).fetchall():
            for key in ("pg_enum", "pg_ENUM", "pg_domain", "pg_DOMAIN", "_pg_enums"):
                memo.setdefault(key, set()).update({(schema, name)} | ({(None, name)} if visible else set()))

    run(directory_of(config), config, recorder, runs, prepare, request.get("database"))


def new(request, channel):
    from alembic import command

    words = {"message": request["message"], "autogenerate": bool(request.get("autogenerate"))}
    words.update({name: request[name] for name in ("head", "version_path") if request.get(name)})
    made = command.revision(config_of(request), **words)
    for each in made if isinstance(made, list) else [made]:
        if each:
            channel.send("file", path=os.path.abspath(str(each.path)))
