"""What a dialect is: a record of functions for one database product."""

from collections.abc import Callable, Sequence

from midair.dialects.missing import Missing, missing_by_text
from midair.errors import Unsupported
from midair.model.address import Product
from midair.model.frozen import frozen, replace
from midair.model.plan import Repair
from midair.model.statement import Sql, Statement


@frozen
class Dialect:
    """Facts and functions of one database product.

    `split(text, path, first_line)` cuts a file into statements; `stands_alone(statement)` says
    that the server refuses it inside a transaction; `controls_transaction` that it is BEGIN,
    COMMIT or kin; `repeatable` that running it twice does no harm; `sets_session` that it
    outlasts its transaction in the session only; `waits_harmlessly` that nobody waits behind it while it
    waits for its locks; `probe` gives a query (one row, one boolean) telling whether a statement that
    stands alone is already done, or `None`; `repair` what clears a half-done one away before it
    is run again; `locked` names the relations it locks; `reads` the user's
    relations a pure query reads, or `None` for what does more than look; `missing` what the second of two
    databases' definitions lacks of the first's.
    """

    product: Product
    split: Callable[[str, str, int], tuple[Statement, ...]]
    stands_alone: Callable[[Statement], bool]
    controls_transaction: Callable[[Statement], bool]
    repeatable: Callable[[Statement], bool]
    sets_session: Callable[[Statement], bool]
    waits_harmlessly: Callable[[Statement], bool]
    probe: Callable[[Statement], Sql | None]
    repair: Callable[[Statement], Repair | None]
    locked: Callable[[Statement], tuple[str, ...]]
    reads: Callable[[str], tuple[str, ...] | None]
    missing: Callable[[Sequence[Statement], Sequence[Statement]], Missing] = missing_by_text
    condense: Callable[[str], str] | None = None
    """A file's text without rows that only repeat, lines kept: for files that are looked at and not run."""


def dialect_of(product: Product, *, condensed: bool = False) -> Dialect:
    """The dialect for a product. `condensed`: its `split` leaves out rows that only repeat.

    Raises:
        Unsupported: midair cannot run on this product yet.
    """
    if product is Product.POSTGRESQL:
        from midair.dialects.postgresql import DIALECT

        return _condensing(DIALECT) if condensed else DIALECT
    if product is Product.SQLITE:
        from midair.dialects.sqlite import DIALECT

        return DIALECT
    if product is Product.MARIADB:
        from midair.dialects.mariadb import DIALECT

        return DIALECT
    raise Unsupported(
        f"midair does not run migrations on {product}",
        hint="PostgreSQL 13–18, SQLite and MariaDB can be used",
    )


def _condensing(dialect: Dialect) -> Dialect:
    condense = dialect.condense
    if condense is None:
        return dialect

    def split(text: str, path: str, first_line: int) -> tuple[Statement, ...]:
        return dialect.split(condense(text), path, first_line)

    return replace(dialect, split=split)
