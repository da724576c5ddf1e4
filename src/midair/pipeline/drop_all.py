"""Empties a database, the tool's history and midair's journal included; for development and test databases."""

from collections.abc import Iterator

from midair.database import Session
from midair.errors import NotConfirmed
from midair.execution.services import Reporter
from midair.model.address import Product
from midair.model.statement import Sql, quoted
from midair.pipeline.opening import alone, opening
from midair.pipeline.request import Request

_OBJECTS = """
SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                      WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i'))
ORDER BY 1 DESC, 3
"""
"""Tables, views and sequences of the session's schema that no extension and no identity column owns; views first."""


def drop_all(request: Request, report: Reporter, confirmed: str) -> tuple[str, ...]:
    """Drops every table, view and sequence of the schema; gives one line for each.

    `confirmed` is the database's name, typed by whoever means it.

    Raises:
        NotConfirmed: it is another name.
        AlreadyRunning: a run is at work on the database.
    """
    with opening(request) as opened:
        name = name_of(opened.session)
        if confirmed != name:
            raise NotConfirmed(
                f"the database is {name!r}, not {confirmed!r}",
                state="nothing was changed",
                hint=f"if every table of it is to go: midair drop-all --yes-drop {name}",
            )
        with alone(opened, report):
            # The lock's own table goes as well, so nothing is left to release.
            objects = tuple(_objects(opened.session))
            statements = [_drop(*each, opened.session.product) for each in objects]
            if opened.session.product is Product.POSTGRESQL:
                statements.append(Sql("DROP SCHEMA IF EXISTS midair CASCADE"))
            if opened.session.product is Product.MARIADB:
                statements = [
                    Sql("SET foreign_key_checks = 0"),
                    *statements,
                    Sql("SET foreign_key_checks = 1"),
                ]
            opened.session.run(statements, atomic=True)
    return tuple(f"{kind.lower()} {name}" for kind, _, name in objects)


_MARIADB = "SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = database() ORDER BY 1 DESC, 2"


def name_of(session: Session) -> str:
    """What a person calls this database: its name, for SQLite the file's."""
    if session.product is Product.SQLITE:
        return session.address.database.replace("\\", "/").rpartition("/")[2]
    if session.product is Product.MARIADB:
        return session.address.database
    return str(session.query("SELECT current_database()")[0][0])


def _objects(session: Session) -> Iterator[tuple[str, str, str]]:
    if session.product is Product.SQLITE:
        rows = session.query(
            "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY type DESC, rowid DESC"
        )
        return ((str(kind).upper(), "", str(name)) for kind, name in rows)
    if session.product is Product.MARIADB:
        return (
            (str(kind) if kind in ("VIEW", "SEQUENCE") else "TABLE", "", str(name))
            for kind, name in session.query(_MARIADB)
        )
    return ((str(kind), str(schema), str(name)) for kind, schema, name in session.query(_OBJECTS))


def _drop(kind: str, schema: str, name: str, product: Product) -> Sql:
    if product is Product.SQLITE:
        return Sql(f"DROP {kind} {quoted(name)}")
    if product is Product.MARIADB:
        return Sql(f"DROP {kind} IF EXISTS `{name.replace('`', '``')}`")
    # CASCADE takes foreign keys, owned sequences and views; one of those may be gone when its turn comes.
    return Sql(f"DROP {kind} IF EXISTS {quoted(schema, name)} CASCADE")
