"""The journal's tables on MariaDB: those a run as written needs, with keys that have a length there.

They are made one by one, each for good: a run that was cut off in between makes the rest. `meta` comes last: where
it is, all of them are.
"""

from midair.model.statement import Sql

_NAME = "varchar(740)"
"""A revision or a step's name: with the key's other column as long as an index may be (InnoDB: 3072 bytes, 4 a character)."""
_NOW = "datetime(6) NOT NULL DEFAULT (utc_timestamp(6))"
_TABLES = (
    (
        "run",
        "id varchar(20) PRIMARY KEY, tool varchar(20) NOT NULL, direction varchar(10) NOT NULL, strategy varchar(20) NOT NULL,"
        " plan_digest varchar(40) NOT NULL, plan_steps longtext NOT NULL, state varchar(20) NOT NULL, actor text, host text,"
        f" pid integer, backend_pid bigint, midair_version varchar(40), started_at {_NOW}, finished_at datetime(6),"
        " revisions integer NOT NULL DEFAULT 0, error text",
    ),
    (
        "step",
        f"run_id varchar(20) NOT NULL, id {_NAME} NOT NULL, revision {_NAME}, direction varchar(10) NOT NULL, title text NOT NULL,"
        f" state varchar(20) NOT NULL, open boolean NOT NULL, started_at {_NOW}, finished_at datetime(6),"
        " PRIMARY KEY (run_id, id), KEY step_open (open)",
    ),
    (
        "event",
        f"id bigint AUTO_INCREMENT PRIMARY KEY, run_id varchar(20) NOT NULL, at {_NOW}, kind varchar(40) NOT NULL,"
        f" revision {_NAME}, data longtext",
    ),
    (
        "migration",
        f"tool varchar(20) NOT NULL, revision {_NAME} NOT NULL, checksum text NOT NULL, run_id varchar(20) NOT NULL,"
        f" at {_NOW}, PRIMARY KEY (tool, revision)",
    ),
    ("plan", f"digest varchar(40) PRIMARY KEY, body longtext NOT NULL, at {_NOW}"),
    ("meta", f"schema_version integer NOT NULL, installed_at {_NOW}"),
)
_LIKE = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def create_there(version: int) -> tuple[Sql, ...]:
    """Brings the journal about; every statement does nothing where its object is there."""
    tables = tuple(
        Sql(f"CREATE TABLE IF NOT EXISTS midair_{name} ({columns}) {_LIKE}") for name, columns in _TABLES
    )
    first = f"INSERT INTO midair_meta (schema_version) SELECT {version} FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM midair_meta)"
    newer = f"UPDATE midair_meta SET schema_version = {version} WHERE schema_version < {version}"
    return (*tables, Sql(first), Sql(newer))
