"""PostgreSQL 13–18: split, parse, effects, snapshot.

Takes SQL text or a server; gives statements, changes, effects, schemas. May import: `database`,
`model`, `errors`; the only room that imports the PostgreSQL grammar. Must not know: tools, rules,
plans.
"""

from collections.abc import Sequence

from midair.dialects.dialect import Dialect
from midair.dialects.missing import Missing
from midair.dialects.postgresql.probes import probe, repair
from midair.dialects.postgresql.split import split
from midair.dialects.postgresql.transactions import (
    controls_transaction,
    locked,
    repeatable,
    sets_session,
    stands_alone,
    waits_harmlessly,
)
from midair.model.address import Product
from midair.model.statement import Statement


def _reads(sql: str) -> tuple[str, ...] | None:
    from midair.dialects.postgresql.reads import reads  # the vocabulary of changes is large, and few need it

    return reads(sql)


def _missing(reference: Sequence[Statement], target: Sequence[Statement]) -> Missing:
    from midair.dialects.postgresql.definitions import missing  # asked for when a migration is generated

    return missing(reference, target)


def _condense(text: str) -> str:
    from midair.dialects.postgresql.condense import LARGE, condensed  # most files are smaller

    return condensed(text) if len(text) >= LARGE else text


DIALECT = Dialect(
    product=Product.POSTGRESQL,
    split=split,
    stands_alone=stands_alone,
    controls_transaction=controls_transaction,
    repeatable=repeatable,
    sets_session=sets_session,
    waits_harmlessly=waits_harmlessly,
    probe=probe,
    repair=repair,
    locked=locked,
    reads=_reads,
    missing=_missing,
    condense=_condense,
)
