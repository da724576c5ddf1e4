"""A table stays until the old application is gone.

## As written

```sql
DROP TABLE orders;
```

## Online

| phase | steps, each row one transaction | lock, and for how long |
| --- | --- | --- |
| expand | nothing: the new version does without it | none |
| contract, with `archive` | its foreign keys are dropped, and it moves into the schema `midair` | as above |
| contract | the statement as written | ACCESS EXCLUSIVE on it and on the tables its foreign keys point to, milliseconds |
| undo, before contract | nothing: it never went away | none |

## Why it is right

The old version goes on reading and writing it. Until contract its foreign keys hold: the new version cannot delete a row that
they point to, unless they cascade. The plan names such keys.

Source: expand-contract.md §4.11.
"""

from midair.model.change import ConstraintKind, DropTable
from midair.model.contract import Archive, Held, Need
from midair.model.effects import LockLevel
from midair.model.schema import Table, bare_name, beside
from midair.model.statement import Sql
from midair.rewriting.bridge import WAYS
from midair.rewriting.names import raw_path, temporary
from midair.rewriting.recipe import ARCHIVED, Answer, NoWay, Phases, recipe
from midair.rewriting.rewrite import Case


@recipe("drop-table", DropTable, answers=("MA202",))
def drop_table(change: DropTable, case: Case) -> Answer:
    table = case.table(change.table)
    if table is None:
        return None
    if table.kind not in ("table", "partitioned"):
        return NoWay(f"{table.name} is a {table.kind}, and recipes are for tables", WAYS)
    keys = [
        each
        for each in table.constraints
        if each.kind is ConstraintKind.FOREIGN_KEY and each.references != table.name and not each.cascades
    ]
    notes = tuple(
        f"until contract {each.name} refuses to delete rows of {each.references} that {table.name} points to"
        for each in keys
    )
    # With CASCADE other tables' keys may point to it, and would go on doing so.
    archive = None if change.cascade else _archive(table)
    return Phases(
        expand=(),
        contract=(case.sql,),
        locks=case.scene.locks(case.effects) or ((table.name, LockLevel.ACCESS_EXCLUSIVE),),
        summary=f"{table.name} is still there",
        holds=(Held(table.name),),
        reverses=f"create table {table.name}",
        verify=Need(
            Sql("SELECT (to_regclass(%s) IS NULL)::int", (table.name,)), f"{table.name} is gone already"
        ),
        old=(table.name, None),
        archive=archive,
        comes_back=f"the table without its rows, by the downgrade{ARCHIVED if archive else ''}",
        cascades=change.cascade,
        notes=notes,
    )


def _archive(table: Table) -> Archive:
    """It keeps its rows in our own schema, where it refuses nobody anything: its foreign keys go."""
    dead = temporary("dead", *raw_path(table.name))
    keys = [
        each
        for each in table.constraints
        if each.kind is ConstraintKind.FOREIGN_KEY and each.references != table.name
    ]
    schema = table.name[: -len(bare_name(table.name))].rstrip(".") or "public"
    return Archive(
        statements=(
            *(f"ALTER TABLE {table.name} DROP CONSTRAINT {each.name}" for each in keys),
            f"ALTER TABLE {table.name} RENAME TO {dead}",
            f"ALTER TABLE {beside(table.name, dead)} SET SCHEMA midair",
        ),
        undo=(
            f"ALTER TABLE midair.{dead} SET SCHEMA {schema}",
            f"ALTER TABLE {beside(table.name, dead)} RENAME TO {bare_name(table.name)}",
            *(f"ALTER TABLE {table.name} ADD CONSTRAINT {each.name} {each.clause}" for each in keys),
        ),
        needs=(),
        purge=(f"DROP TABLE midair.{dead}",),
        locks=((f"midair.{dead}", LockLevel.ACCESS_EXCLUSIVE),),
    )
