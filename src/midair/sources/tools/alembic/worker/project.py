"""The project as Alembic itself sees it: its configuration, its graph, a run of chosen revisions."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# (the versions of SQLAlchemy and Alembic it meets are the project's, not those the checker sees)

from argparse import Namespace

from .channel import Stop

_DRIVERS = ("psycopg2", "psycopg", "asyncpg", "pg8000")


def config_of(request):
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


def directory_of(config):
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(config)


def run(directory, config, recorder, runs, prepare, database=None):
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
