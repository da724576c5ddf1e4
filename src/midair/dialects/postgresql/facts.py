"""The table of facts: which lock each action takes, and since which version the server knows it.

One row an action. Measured on 15.18 and 18.6 (shared/spec, postgres-ddl-effects.json, performed
again by tests/dialects/test_effects_on_servers.py); where the manual names the lock, its section
is ALTER TABLE, CREATE INDEX, or 13.3 "Explicit Locking". What an action *does* while it holds the
lock depends on the schema and stands in `effects`.
"""

from midair.model.effects import LockLevel

_AS, _RS, _RX = LockLevel.ACCESS_SHARE, LockLevel.ROW_SHARE, LockLevel.ROW_EXCLUSIVE
_SUX, _S, _SRX = LockLevel.SHARE_UPDATE_EXCLUSIVE, LockLevel.SHARE, LockLevel.SHARE_ROW_EXCLUSIVE
_X, _AX = LockLevel.EXCLUSIVE, LockLevel.ACCESS_EXCLUSIVE

LOCKS: dict[str, LockLevel] = {
    # columns
    "add column": _AX,
    "drop column": _AX,
    "alter column type": _AX,
    "set not null": _AX,
    "drop not null": _AX,
    "set default": _AX,
    "drop default": _AX,
    "add identity": _AX,
    "set identity": _AX,
    "drop identity": _AX,
    "set expression": _AX,
    "drop expression": _AX,
    "rename column": _AX,
    "set statistics": _SUX,
    "set options": _SUX,
    "reset options": _SUX,
    "set storage": _AX,
    "set compression": _AX,
    # constraints
    "add check": _AX,
    "add not null": _AX,
    "add unique": _AX,
    "add primary key": _AX,
    "add exclude": _AX,
    "add foreign key": _SRX,
    "referenced by new foreign key": _SRX,
    "drop constraint": _AX,
    "referenced by dropped foreign key": _AX,
    "validate constraint": _SUX,
    "referenced by validated foreign key": _RS,
    "alter constraint": _AX,
    "rename constraint": _AX,
    # tables
    "rename table": _AX,
    "rename index": _SUX,
    "set schema": _AX,
    "drop table": _AX,
    "truncate": _AX,
    "change owner": _AX,
    "cluster on": _SUX,
    "drop cluster": _SUX,
    "set user catalog table": _AX,
    "set logged": _AX,
    "set un logged": _AX,
    "set access method": _AX,
    "set table space": _AX,
    "replica identity": _AX,
    "enable row security": _AX,
    "disable row security": _AX,
    "force row security": _AX,
    "no force row security": _AX,
    "enable trig": _SRX,
    "enable always trig": _SRX,
    "enable replica trig": _SRX,
    "disable trig": _SRX,
    "enable trig all": _SRX,
    "disable trig all": _SRX,
    "enable trig user": _SRX,
    "disable trig user": _SRX,
    "enable rule": _AX,
    "enable always rule": _AX,
    "enable replica rule": _AX,
    "disable rule": _AX,
    "add inherit": _AX,
    "drop inherit": _AX,
    "add of": _AX,
    "drop of": _AX,
    "view setting": _AX,
    "generic options": _AX,
    "alter column generic options": _AX,
    # parts of tables
    "create trigger": _SRX,
    "drop trigger": _AX,
    "rename trigger": _AX,
    "create rule": _AX,
    "drop rule": _AX,
    "rename rule": _AX,
    "create policy": _AX,
    "alter policy": _AX,
    "rename policy": _AX,
    "drop policy": _AX,
    # partitions
    "attach partition, parent": _SUX,
    "attach partition, child": _AX,
    "detach partition": _AX,
    "detach partition concurrently, parent": _SUX,
    "create partition, parent": _AX,
    "inherit, new table": _SUX,
    # indexes
    "create index": _S,
    "create index concurrently": _SUX,
    "drop index": _AX,
    "drop index concurrently": _SUX,
    "reindex": _S,
    "reindex concurrently": _SUX,
    "index set fillfactor": _SUX,
    "index set option": _AX,
    "index set tablespace": _AX,
    "index set statistics": _SUX,
    "index attach, parent": _SUX,
    "index attach, child": _AX,
    # maintenance
    "vacuum": _SUX,
    "analyze": _SUX,
    "vacuum full": _AX,
    "cluster": _AX,
    "refresh": _AX,
    "refresh concurrently": _X,
    # other objects
    "alter sequence": _SRX,
    "drop sequence": _AX,
    "use sequence": _RX,
    "drop view": _AX,
    "replace view": _AX,
    "alter type": _AX,
    "drop type": _AX,
    "domain check": _S,
    "comment": _SUX,
    "comment on part": _AS,
    "create statistics": _SUX,
    "drop statistics": _SUX,
    "publication": _SUX,
    # rows
    "select": _AS,
    "select for update": _RS,
    "insert": _RX,
    "update": _RX,
    "delete": _RX,
    "check referenced row": _RS,
}

SINCE: dict[str, int] = {
    "set compression": 14,
    "detach partition concurrently": 14,
    "replace trigger": 14,
    "reindex with tablespace": 14,
    "reindex (concurrently)": 14,
    "nulls not distinct": 15,
    "merge": 15,
    "security invoker": 15,
    "unlogged sequence": 15,
    "identity on partitioned": 17,
    "set expression": 17,
    "use new enum value of new type": 17,
    "not null constraint": 18,
    "virtual generated column": 18,
    "enforced": 18,
    "without overlaps": 18,
    "not valid foreign key on partitioned": 18,
    "partitioned unique locks partitions fully": 18,
    "grant locks relation": 18,
}
"""The major version from which the server accepts the form, or behaves in this way."""

WITHOUT_TRANSACTION = frozenset(
    ("createdb", "dropdb", "alter system", "create table space", "drop table space", "drop subscription")
)
"""Server-wide statements that refuse a transaction, by `ChangeServer.action`."""


def lock(row: str) -> LockLevel:
    """The lock of a row; an action nobody has listed is taken for the strongest."""
    return LOCKS.get(row, _AX)
