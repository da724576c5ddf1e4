"""What reads or writes rows."""

from midair.model.frozen import frozen


@frozen
class Update:
    """`bounded` when the WHERE limits it by equality or range on `filters`; `filtered` when there is a WHERE.

    `sets` are the columns, `from_itself` those computed from their own old value.
    """

    table: str
    sets: tuple[str, ...]
    filtered: bool
    filters: frozenset[str]
    narrowed: frozenset[str]
    """Columns compared for equality or membership with constants, at the top of the WHERE."""
    from_itself: frozenset[str] = frozenset()
    reads: tuple[str, ...] = ()
    unchanged: frozenset[str] = frozenset()
    """Columns set to themselves."""
    limited: bool = False
    """The WHERE picks rows by a range of keys or a limited sub-select: one batch."""
    enum_labels: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()
    """Every column, of whatever table, that its values and its WHERE name."""


@frozen
class Delete:
    table: str
    filtered: bool
    filters: frozenset[str]
    narrowed: frozenset[str]
    reads: tuple[str, ...] = ()
    limited: bool = False


@frozen
class Insert:
    """`rows` is the number of literal rows, `None` when it selects or copies them.

    `narrowed` are the columns its query compares with constants for equality.
    """

    table: str
    rows: int | None
    reads: tuple[str, ...] = ()
    has_columns: bool = True
    conflict: bool = False
    narrowed: frozenset[str] = frozenset()


@frozen
class Query:
    """A SELECT, or CALL: what it reads, which rows it locks, and functions with effects it calls."""

    reads: tuple[str, ...]
    locks_rows: bool = False
    sequences: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    calls_procedure: bool = False
    whole: bool = False
    """No WHERE and no LIMIT: it reads its tables from end to end."""
    labels: frozenset[str] = frozenset()
