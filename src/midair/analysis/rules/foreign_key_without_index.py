"""No index begins with the referencing columns: every delete in the other table reads this one.

The server looks for rows that point to the deleted one. Without an index that is a scan a row.

## Given

```sql
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
```

## Avoid

```sql
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID; -- finds MA141
```

## Prefer

```sql
CREATE INDEX CONCURRENTLY orders_customer_id ON orders (customer_id);
-- next migration
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
```

## Also fine

```sql
CREATE TABLE baskets (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));
CREATE INDEX baskets_customer_id ON baskets (customer_id);
```

Source: PostgreSQL manual, 5.5.5 "Foreign Keys".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.effects.rows import is_indexed
from midair.model.change import AddColumn, AddConstraint, ConstraintKind, CreateTable
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name


@rule("MA141", "foreign-key-without-index", Risk.MEDIUM, AddConstraint, AddColumn, CreateTable)
def foreign_key_without_index(
    change: AddConstraint | AddColumn | CreateTable, context: Context
) -> Iterator[Concern]:
    table = context.table(change.table)
    if not isinstance(change, CreateTable) and (table is None or not table.known):
        return  # its indexes are not known
    constraints = (change.constraint,) if isinstance(change, AddConstraint) else change.constraints
    keys = [each for each in constraints if each.kind is ConstraintKind.FOREIGN_KEY]
    if not keys:
        return
    end = context.last.schema
    for each in context.last.changes:
        end = end.after(each)
    final = end.tables.get(change.table)
    for key in keys:
        if final is None or is_indexed(final, key.columns) or not final.constraint(key.name):
            continue
        raw = f"{bare_name(change.table)}_{'_'.join(key.columns)}_idx".replace('"', "")
        columns = ", ".join(key.columns)
        again = "" if isinstance(change, CreateTable) or context.is_new(change.table) else "CONCURRENTLY "
        yield Concern(
            f"no index of {change.table} begins with {columns}: each delete in {key.references} reads all of {change.table}",
            Remedy(
                "add one",
                (f"CREATE INDEX {again}{identifier(raw)} ON {change.table} ({columns})",),
                f'op.create_index("{raw}", "{change.table}", {[each.strip(chr(34)) for each in key.columns]})',
            ),
            risk=Risk.LOW if isinstance(change, CreateTable) or context.is_new(change.table) else None,
            table=change.table,
        )
