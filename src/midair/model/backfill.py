"""One statement over many rows, cut into transactions of a few: what the executor needs to do that, as data."""

from midair.model.frozen import frozen
from midair.model.statement import Statement


@frozen
class KeyColumn:
    """A column of the key by which a table is walked: its name and its type as SQL."""

    name: str
    type: str


@frozen
class Part:
    """One table of rows: the whole table, or one partition of it. Its queries are SQL with `$1`, `$2`, ….

    All values travel as text. A key is one text a column, in the order of `key`; an empty `key`
    means physical pages, and a position is then one number.

    `last` gives the end of what there is to walk now (one row, or none), `fences` keys that cut it into
    parts, `pick` the next range from the beginning and `pick_after` from a cursor, `batch` does one range
    and leaves rows that are locked, `straight` does it whole or fails at the first of them, `single` does one row
    that a batch had to leave. dialects/postgresql/batch_sql.py writes them.
    """

    table: str
    """As SQL, with its schema where it is not `public`."""
    key: tuple[KeyColumn, ...]
    last: str
    fences: str
    pick: str
    pick_after: str
    pick_types: tuple[str, ...]
    batch: str
    batch_types: tuple[str, ...]
    single: str
    """Empty without a key, and where nothing is locked."""
    single_types: tuple[str, ...]
    proof: str
    """Counts the rows that the statement would still change; empty where no query can tell."""
    proof_types: tuple[str, ...]
    straight: str = ""
    """Of the same parameters as `batch`; empty where a batch locks nothing."""
    alone: str = ""
    """Of the same parameters as `batch`; does each row by itself, for a range in which one row's values are refused.
    Empty where a refusal ends the run."""


@frozen
class Backfill:
    """A row-local statement in batches.

    `what` is `UPDATE`, `DELETE` or `INSERT`. `once`: a row done twice would be wrong, so only the
    cursor decides what is done, and rows with keys above the last one at the start are left alone.
    `strict`: other steps rely on every row being done, so rows that the application keeps
    bringing back are an error, not a remark.
    """

    what: str
    table: str
    statement: Statement
    parts: tuple[Part, ...]
    once: bool = False
    strict: bool = False

    @property
    def walks_by(self) -> str:
        """For people: `id`, `tenant_id, id`, or `physical pages`."""
        key = self.parts[0].key if self.parts else ()
        return ", ".join(each.name for each in key) or "physical pages"
