"""The server is too old for this form.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, state text);
```

## Avoid

```sql
-- server 15
ALTER TABLE orders ADD CONSTRAINT too_new NOT NULL state NOT VALID; -- finds MA414; refused 42601
```

## Prefer

```sql
ALTER TABLE orders ADD CONSTRAINT orders_state_nn CHECK (state IS NOT NULL) NOT VALID;
```

## Fine when

The server is of the version that knows it: NOT NULL constraints, NOT ENFORCED and VIRTUAL columns came
with 18, NULLS NOT DISTINCT and MERGE with 15, DETACH CONCURRENTLY with 14.

Source: PostgreSQL release notes, appendix E (42601).
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import not_null_proof
from midair.model.change import AddConstraint, ConstraintKind
from midair.model.finding import Remedy, Risk


@rule("MA414", "syntax-newer-than-server", Risk.HIGH, Act)
def syntax_newer_than_server(act: Act, context: Context) -> Iterator[Concern]:
    if context.version is not None and act.effects.refused == "42601":
        yield Concern(
            f"PostgreSQL {context.version} does not know this form (42601)",
            Remedy(
                "write it in the form of the oldest server you run",
                _older(act),
                commands=(f"midair check --server-version {context.version}",),
            ),
        )


def _older(act: Act) -> tuple[str, ...]:
    """A NOT NULL that is not valid, as the check that servers before 18 know."""
    return tuple(
        sql
        for each in act.changes
        if isinstance(each, AddConstraint) and each.constraint.kind is ConstraintKind.NOT_NULL
        for sql in not_null_proof(each.table, each.constraint.columns[0])
    )
