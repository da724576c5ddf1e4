"""What preconditions ask a MariaDB server; names compare without regard to case, as Liquibase compares them."""

from midair.database.session import Session

_RELATIONS = {"r,p,f": "BASE TABLE", "v": "VIEW", "S": "SEQUENCE"}
_CONSTRAINTS = {"p": "PRIMARY KEY", "f": "FOREIGN KEY", "u": "UNIQUE"}


def has_relation(session: Session, database: str, kinds: str, name: str) -> bool:
    """Whether there is such a table, view or sequence; `kinds` are PostgreSQL's letters for them."""
    text = (
        "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_type = %s"
        " AND lower(table_name) = lower(%s)"
    )
    return bool(session.query(text, (database, _RELATIONS[kinds], name)))


def has_column(session: Session, database: str, table: str, column: str) -> bool:
    """Whether the table has the column."""
    text = (
        "SELECT 1 FROM information_schema.columns WHERE table_schema = %s AND lower(table_name) = lower(%s)"
        " AND lower(column_name) = lower(%s)"
    )
    return bool(session.query(text, (database, table, column)))


def indexes(session: Session, database: str) -> list[tuple[str, str, list[str]]]:
    """Every index with its table and its columns in order, in small letters."""
    text = (
        "SELECT index_name, table_name, group_concat(column_name ORDER BY seq_in_index) FROM information_schema.statistics"
        " WHERE table_schema = %s GROUP BY index_name, table_name"
    )
    return [(str(i), str(t), str(c).lower().split(",")) for i, t, c in session.query(text, (database,))]


def constraints(session: Session, database: str, kind: str) -> list[tuple[str, str, str]]:
    """Every constraint of the kind (PostgreSQL's letter for it) with its table and its columns."""
    text = (
        "SELECT c.constraint_name, c.table_name, group_concat(k.column_name ORDER BY k.ordinal_position)"
        " FROM information_schema.table_constraints c JOIN information_schema.key_column_usage k"
        " ON (k.constraint_schema, k.table_name, k.constraint_name) = (c.constraint_schema, c.table_name, c.constraint_name)"
        " WHERE c.constraint_schema = %s AND c.constraint_type = %s GROUP BY c.constraint_name, c.table_name"
    )
    return [(str(n), str(t), str(c)) for n, t, c in session.query(text, (database, _CONSTRAINTS[kind]))]
