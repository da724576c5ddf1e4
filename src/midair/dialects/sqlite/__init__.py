"""SQLite: split with SQLite's own tokenizer; DDL is transactional.

Takes SQL text; gives statements. May import: `database`, `model`, `errors`. Must not know: tools,
rules, plans.
"""

from midair.dialects.dialect import Dialect
from midair.dialects.sqlite.reads import reads
from midair.dialects.sqlite.split import split
from midair.dialects.sqlite.transactions import (
    controls_transaction,
    locked,
    probe,
    repair,
    repeatable,
    sets_session,
    stands_alone,
)
from midair.model.address import Product

DIALECT = Dialect(
    product=Product.SQLITE,
    split=split,
    stands_alone=stands_alone,
    controls_transaction=controls_transaction,
    repeatable=repeatable,
    sets_session=sets_session,
    waits_harmlessly=lambda statement: False,
    probe=probe,
    repair=repair,
    locked=locked,
    reads=reads,
)
