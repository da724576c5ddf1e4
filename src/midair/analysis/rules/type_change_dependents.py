"""The server refuses to change the type of a column that something else depends on.

A view, a generated column, a policy or the partition key.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY, quantity integer);
CREATE VIEW quantities AS SELECT quantity FROM orders;
```

## Avoid

```sql
ALTER TABLE orders ALTER COLUMN quantity TYPE bigint; -- finds MA413; refused 0A000
```

## Prefer

```sql
ALTER TABLE orders ADD COLUMN quantity_new bigint;
```

Source: PostgreSQL manual, ALTER TABLE (0A000, 42P16).
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import dependants, named, quoted
from midair.analysis.wording import listed
from midair.model.change import AlterColumnType
from midair.model.finding import Remedy, Risk
from midair.model.schema import beside


@rule("MA413", "type-change-dependents", Risk.HIGH, AlterColumnType)
def type_change_dependents(change: AlterColumnType, context: Context) -> Iterator[Concern]:
    code = context.effects(change).refused
    if code in ("0A000", "42P16", "42804"):
        views = [each.name for each in context.schema.around(change.table) if change.table in each.reads]
        why = {"42P16": "it is part of the partition key", "42804": "its default cannot be cast"}.get(code)
        why = why or (f"{listed(views)} uses it" if views else "a generated column uses it")
        yield Concern(
            f"the server refuses to change {change.table}.{change.column}: {why} ({code})",
            _remedy(change, code, views, context),
        )


def _remedy(change: AlterColumnType, code: str, views: list[str], context: Context) -> Remedy:
    table, name, sql = change.table, change.column, context.act.statement.sql
    known = context.table(table)
    column = known.column(name) if known else None
    if code == "42804" and column is not None and column.default is not None:
        alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
        again = f"{alter} SET DEFAULT ({column.default.sql})::{change.type}"
        return Remedy("drop the default, change, and set it again", (f"{alter} DROP DEFAULT", sql, again))
    if code == "42P16":
        fresh = beside(table, named(table, "new"))
        return Remedy(
            "make a new table with the column as it should be, copy in batches and let it take the name",
            (f"CREATE TABLE {fresh} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",),
        )
    text = "drop what depends on it and make it again, in one transaction"
    if views:
        return Remedy(
            f"{text}; the questions give the views' own text",
            (
                *(f"SELECT pg_get_viewdef({quoted(each)}::regclass, true)" for each in views),
                *(f"DROP VIEW {each}" for each in reversed(views)),
                sql,
            ),
        )
    return Remedy(text, (dependants(table), sql))
