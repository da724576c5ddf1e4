"""MariaDB: what of its SQL holds in a transaction, and how a statement's outcome is asked for after a crash.

Takes SQL text; gives statements and queries of the catalog. May import: `database`, `model`, `errors`. Must not
know: tools, rules, plans.

There is no splitting: Liquibase cuts its files itself, and the server takes one statement a message.
"""

from midair.dialects.dialect import Dialect
from midair.dialects.mariadb.probes import locked, probe
from midair.dialects.mariadb.transactions import (
    controls_transaction,
    repeatable,
    sets_session,
    stands_alone,
)
from midair.model.address import Product
from midair.model.statement import Span, Statement


def _whole(text: str, path: str, first_line: int) -> tuple[Statement, ...]:
    return (Statement(text, Span(path, first_line)),) if text.strip() else ()


DIALECT = Dialect(
    product=Product.MARIADB,
    split=_whole,
    stands_alone=stands_alone,
    controls_transaction=controls_transaction,
    repeatable=repeatable,
    sets_session=sets_session,
    waits_harmlessly=lambda statement: False,
    probe=probe,
    repair=lambda statement: None,
    locked=locked,
    reads=lambda sql: None,
)
