"""The server cuts names after 63 bytes, and the next one that is cut the same already exists.

## Avoid

```sql
CREATE TABLE orders (id bigint, the_number_that_the_customer_was_given_when_the_order_was_placed_by_phone text); -- finds MA417
```

## Prefer

```sql
CREATE TABLE orders (id bigint, phone_number text);
```

Source: PostgreSQL manual, 4.1.1 "Identifiers and Key Words".
"""

from collections.abc import Iterator
from hashlib import sha256

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.changes.names import long_identifiers
from midair.model.finding import Remedy, Risk


@rule("MA417", "identifier-too-long", Risk.MEDIUM, Act)
def identifier_too_long(act: Act, context: Context) -> Iterator[Concern]:
    if len(act.statement.sql.encode()) < 64:
        return
    for name in long_identifiers(act.statement.sql):
        yield Concern(
            f"{name[:20]}… has {len(name.encode())} bytes; the server keeps 63",
            Remedy("use a shorter name", write=(_shorter(name),)),
        )


def _shorter(name: str) -> str:
    """As much of it as fits, and eight letters that tell it from others that begin so."""
    return f"{name.encode()[:54].decode(errors='ignore')}_{sha256(name.encode()).hexdigest()[:8]}"
