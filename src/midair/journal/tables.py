"""The journal's tables: a schema `midair` on PostgreSQL, prefixed tables elsewhere (MariaDB: `mariadb_tables.py`).

`run` is one execution. `step` is one thing it did: rows are written with the step's own
transaction, or before and after a step that cannot be in one. `open` steps belong to a migration
that is not recorded yet: they are what `resume` reads. `event` is append-only, the audit log.
`plan` is what a run that takes several transactions follows, so that a resumed one follows it
too. `lease` counts who may write: each run raises the epoch, and one that is not the newest stops.
`contract` is what waits behind a gate after its migration is recorded, and what became of it;
`evidence` what was found when somebody asked for the gate to open, and whether it was forced.
`gate` is who opened one, when and why, and whether against the evidence; `archive` what was put aside
instead of dropped, and until when. The functions `touched` let tripwires note when an old name was last used.
`backfill` is where each lane of a statement in batches stands, `backfill_left` the rows that were
locked when their batch came by; `pace` is how hard a person asked a run under way to work. `migration` is the digest of every file as it was when it was applied, for tools that keep none.
"""

from midair.model.address import Product
from midair.model.statement import Sql

VERSION = 7

_TABLES = (
    ("meta", "schema_version integer NOT NULL, installed_at {time} NOT NULL DEFAULT {now}"),
    (
        "run",
        "id text PRIMARY KEY, tool text NOT NULL, direction text NOT NULL, strategy text NOT NULL, plan_digest text NOT NULL, plan_steps text NOT NULL DEFAULT '',"
        " state text NOT NULL, actor text, host text, pid integer, backend_pid integer, midair_version text,"
        " started_at {time} NOT NULL DEFAULT {now}, finished_at {time}, revisions integer NOT NULL DEFAULT 0, error text",
    ),
    (
        "step",
        "run_id text NOT NULL, id text NOT NULL, revision text, direction text NOT NULL, title text NOT NULL,"
        " state text NOT NULL, open boolean NOT NULL, started_at {time} NOT NULL DEFAULT {now}, finished_at {time},"
        " PRIMARY KEY (run_id, id)",
    ),
    (
        "event",
        "id {serial}, run_id text NOT NULL, at {time} NOT NULL DEFAULT {now}, kind text NOT NULL, revision text, data text",
    ),
    (
        "migration",
        "tool text NOT NULL, revision text NOT NULL, checksum text NOT NULL, run_id text NOT NULL,"
        " at {time} NOT NULL DEFAULT {now}, PRIMARY KEY (tool, revision)",
    ),
)
_SINCE_2 = (
    ("plan", "digest text PRIMARY KEY, body text NOT NULL, at {time} NOT NULL DEFAULT {now}"),
    (
        "lease",
        "name text PRIMARY KEY, epoch bigint NOT NULL, owner text, host text, pid integer, backend_pid integer,"
        " taken_at {time} NOT NULL DEFAULT {now}",
    ),
)
_SINCE_3 = (
    (
        "backfill",
        "step_id text NOT NULL, lane integer NOT NULL, part integer NOT NULL, round integer NOT NULL, cursor text,"
        " high text NOT NULL, done boolean NOT NULL DEFAULT false, changed bigint NOT NULL DEFAULT 0,"
        " seen bigint NOT NULL DEFAULT 0, began {time} NOT NULL DEFAULT {now}, at {time} NOT NULL DEFAULT {now},"
        " PRIMARY KEY (step_id, lane)",
    ),
    (
        "backfill_left",
        "step_id text NOT NULL, part integer NOT NULL, key text NOT NULL, PRIMARY KEY (step_id, part, key)",
    ),
)
_SINCE_4 = (
    (
        "contract",
        "tool text NOT NULL, id text NOT NULL, revision text NOT NULL, recipe text NOT NULL, summary text NOT NULL, body text NOT NULL,"
        " state text NOT NULL, run_id text NOT NULL, ready_at {time} NOT NULL DEFAULT {now}, closed_at {time},"
        " PRIMARY KEY (tool, id)",
    ),
    (
        "evidence",
        "tool text NOT NULL, contract_id text NOT NULL, probe text NOT NULL, value text NOT NULL, forced boolean NOT NULL,"
        " sampled_at {time} NOT NULL DEFAULT {now}",
    ),
)
_SINCE_5 = (
    (
        "gate",
        "tool text NOT NULL, contract_id text NOT NULL, at {time} NOT NULL DEFAULT {now}, actor text, host text,"
        " forced boolean NOT NULL, why text",
    ),
    (
        "archive",
        "tool text NOT NULL, contract_id text NOT NULL, archived_at {time} NOT NULL DEFAULT {now}, purge_after {time} NOT NULL,"
        " PRIMARY KEY (tool, contract_id)",
    ),
)
_TABLES_NOW = (*_TABLES, *_SINCE_2, *_SINCE_3, *_SINCE_4, *_SINCE_5)
TABLES = (*(name for name, _ in _TABLES_NOW), "pace")
"""The journal's own; whatever else is in its schema belongs to changes that are under way, and the user's tables may name it."""
_POSTGRESQL = {
    "time": "timestamptz",
    "now": "clock_timestamp()",
    "serial": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
_SQLITE = {
    "time": "text",
    "now": "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
    "serial": "integer PRIMARY KEY",
}


def name_of(table: str, product: Product) -> str:
    """A journal table as SQL."""
    return f"midair.{table}" if product is Product.POSTGRESQL else f"midair_{table}"


def create(product: Product) -> tuple[Sql, ...]:
    """Brings the journal about; every statement does nothing where its object is there."""
    if product is Product.MARIADB:
        from midair.journal.mariadb_tables import create_there

        return create_there(VERSION)
    words = _POSTGRESQL if product is Product.POSTGRESQL else _SQLITE
    schema = (Sql("CREATE SCHEMA IF NOT EXISTS midair"),) if product is Product.POSTGRESQL else ()
    tables = tuple(
        Sql(f"CREATE TABLE IF NOT EXISTS {name_of(table, product)} ({columns.format(**words)})")
        for table, columns in _TABLES_NOW
    )
    index = name_of("step", product)
    open_steps = Sql(
        f"CREATE INDEX IF NOT EXISTS {'' if product is Product.POSTGRESQL else 'midair_'}step_open ON {index} (revision) WHERE open"
    )
    meta = name_of("meta", product)
    version = Sql(
        f"INSERT INTO {meta} (schema_version) SELECT {VERSION} WHERE NOT EXISTS (SELECT 1 FROM {meta})"
    )
    # The run that walks the lane: whoever takes it over says so here before it looks where the lane stands.
    owner = (Sql("ALTER TABLE midair.backfill ADD COLUMN IF NOT EXISTS owner text"),)
    # How hard a run under way was asked to work.
    pace = (
        Sql(
            "CREATE TABLE IF NOT EXISTS midair.pace (run_id text PRIMARY KEY, duty real NOT NULL, actor text NOT NULL,"
            " at timestamptz NOT NULL DEFAULT clock_timestamp())"
        ),
    )
    since_6 = (*owner, *pace) if product is Product.POSTGRESQL else ()
    # Without a key, a publication of all tables would let nobody update it.
    identity = (Sql("ALTER TABLE midair.meta REPLICA IDENTITY FULL"),)
    published = identity if product is Product.POSTGRESQL else ()
    functions = tripwires() if product is Product.POSTGRESQL else ()
    newer = Sql(f"UPDATE {meta} SET schema_version = {VERSION} WHERE schema_version < {VERSION}")
    return (*schema, *tables, *published, *since_6, open_steps, *functions, version, newer)


def tripwires() -> tuple[Sql, ...]:
    """What tripwires call. A wire is a sequence that holds a moment, in seconds of the epoch: it takes no row lock, survives
    a rollback, and is written at most once a second. Read-only transactions and standbys leave no trace.
    """
    return (
        Sql(
            """
CREATE OR REPLACE FUNCTION midair.touched(wire regclass) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    moment bigint := floor(extract(epoch FROM clock_timestamp()));
BEGIN
    IF NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean
       AND coalesce(pg_sequence_last_value(wire), 0) < moment THEN
        PERFORM setval(wire, moment);
    END IF;
    RETURN true;
END
$$"""
        ),
        Sql(
            """
CREATE OR REPLACE FUNCTION midair.touched_by() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM midair.touched(TG_ARGV[0]::regclass);
    RETURN NULL;
END
$$"""
        ),
    )


def present(product: Product) -> Sql:
    """One boolean: the journal is there."""
    if product is Product.POSTGRESQL:
        return Sql("SELECT to_regclass('midair.meta') IS NOT NULL")
    if product is Product.MARIADB:
        there = "table_schema = database() AND table_name = 'midair_meta'"
        return Sql(f"SELECT count(*) > 0 FROM information_schema.tables WHERE {there}")
    return Sql("SELECT count(*) > 0 FROM sqlite_master WHERE name = 'midair_meta'")
