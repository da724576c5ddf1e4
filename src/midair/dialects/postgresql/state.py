"""Questions to a server about one object, for probes and repairs: each gives one boolean.

Names are SQL identifiers as in `Change` (quoted where they must be, `public` left out).
"""

from collections.abc import Sequence

from midair.dialects.postgresql.changes.names import identifier, literal
from midair.model.plan import Repair
from midair.model.schema import bare_name, beside
from midair.model.statement import Sql

_INDEX = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND indisvalid AND indisready AND indislive)"
_LEFT_INDEX = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND indrelid = to_regclass(%s) AND NOT indisvalid)"
_LEFT_TWIN = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid)"
_LEFT_IN_TOAST = """
SELECT EXISTS (SELECT FROM pg_index i JOIN pg_class t ON t.reltoastrelid = i.indrelid
               WHERE t.oid = to_regclass(%s) AND NOT i.indisvalid)
"""
_CLEAR_TOAST = """
DO $midair$
DECLARE twin regclass;
BEGIN
    PERFORM set_config('lock_timeout', '{wait_ms}ms', true);
    FOR twin IN SELECT i.indexrelid FROM pg_index i JOIN pg_class t ON t.reltoastrelid = i.indrelid
                WHERE t.oid = to_regclass({table}) AND NOT i.indisvalid
    LOOP
        EXECUTE format('DROP INDEX %s', twin);
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END
$midair$
"""
_TOAST_WAIT_MS = 50
_CONSTRAINT = (
    "EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass(%s) AND quote_ident(conname) = %s)"
)


def index_is_valid(index: str) -> Sql:
    """The index is there, complete and used."""
    return Sql(_INDEX, (index,))


def index_is_gone(index: str) -> Sql:
    """Nothing has the index's name."""
    return Sql("SELECT to_regclass(%s) IS NULL", (index,))


def cut_off_index(index: str, table: str) -> Repair:
    """An invalid index of this name on this table, left by a build that did not end."""
    return Repair(Sql(_LEFT_INDEX, (index, table)), Sql(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"))


def cut_off_reindex(indexes: Sequence[str]) -> Repair | None:
    """The twins that a REINDEX CONCURRENTLY builds or leaves, where it did not end: `orders_pkey_ccnew`, `orders_pkey_ccold`."""
    repair: Repair | None = None
    for index in indexes:
        for label in ("ccnew", "ccold"):
            twin = beside(index, identifier(f"{bare_name(index).strip(chr(34))}_{label}"))
            repair = Repair(
                Sql(_LEFT_TWIN, (twin,)), Sql(f"DROP INDEX CONCURRENTLY IF EXISTS {twin}"), repair
            )
    return repair


def cut_off_toast_reindex(table: str, then: Repair | None) -> Repair:
    """The twins of the index on the table's out-of-line values, which REINDEX TABLE CONCURRENTLY rebuilds as well.

    Only the server knows their names, and a block may not drop concurrently: so plainly, for which
    readers of such values wait a moment. A role that may not look into `pg_toast` leaves them where they
    are; they cost writes, break nothing, and `doctor` names them.
    """
    clear = _CLEAR_TOAST.format(wait_ms=_TOAST_WAIT_MS, table=literal(table))
    return Repair(Sql(_LEFT_IN_TOAST, (table,)), Sql(clear), then)


def has_constraint(table: str, name: str) -> Sql:
    """The table has a constraint of this name."""
    return Sql(f"SELECT {_CONSTRAINT}", (table, name))


def is_detached(parent: str, partition: str) -> Sql:
    """The partition is none of the parent's, not even half."""
    return Sql(
        "SELECT NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = to_regclass(%s) AND inhrelid = to_regclass(%s))",
        (parent, partition),
    )


def half_detached(parent: str, partition: str) -> Repair:
    """A DETACH CONCURRENTLY that did not end: FINALIZE completes it. PostgreSQL 14 and newer."""
    left = "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhparent = to_regclass(%s) AND inhrelid = to_regclass(%s) AND inhdetachpending)"
    return Repair(
        Sql(left, (parent, partition)), Sql(f"ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE")
    )
