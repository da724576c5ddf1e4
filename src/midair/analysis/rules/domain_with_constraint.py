"""A domain's constraint can never be changed gently.

Each later change reads every table that uses it, and adding a column of it rewrites the table.

## Avoid

```sql
CREATE DOMAIN positive AS integer CHECK (VALUE > 0); -- finds MA821
```

## Prefer

```sql
CREATE DOMAIN amount AS integer;
```

Source: measured on 15 and 18.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateType
from midair.model.finding import Remedy, Risk


@rule("MA821", "domain-with-constraint", Risk.LOW, CreateType)
def domain_with_constraint(change: CreateType, context: Context) -> Iterator[Concern]:
    if change.kind == "domain" and change.constrained:
        yield Concern(
            f"a later change of {change.name} reads every table that uses it",
            Remedy(
                "leave the domain bare, and put named checks on the tables",
                (f"CREATE DOMAIN {change.name} AS {change.base}",) if change.base else (),
            ),
        )
