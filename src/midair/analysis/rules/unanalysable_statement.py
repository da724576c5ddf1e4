"""midair cannot see what this does: it builds its SQL while it runs, or is not understood.

Nothing is guessed. `midair rehearse` runs it on a throwaway server and shows what it locks.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'orders' || ' ADD COLUMN note text'; END $$; -- finds MA513
```

## Prefer

```sql
DO $$ BEGIN EXECUTE 'ALTER TABLE orders ADD COLUMN note text'; END $$;
```

Source: design.md §5: what cannot be parsed is shown as such.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import Opaque
from midair.model.finding import Remedy, Risk


@rule("MA513", "unanalysable-statement", Risk.MEDIUM, Opaque)
def unanalysable_statement(change: Opaque, context: Context) -> Iterator[Concern]:
    yield Concern(
        f"not looked at: {change.reason}",
        Remedy("see what it does on a throwaway server", commands=("midair rehearse",)),
    )
