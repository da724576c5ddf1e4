"""A partitioned table gets its index partition by partition, while writes go on.

CREATE INDEX on a partitioned table lets nobody write to any partition until the last one is done, and
the server refuses the concurrent form. The parent's index alone is a note in the catalog; each
partition's is built concurrently and then attached, and with the last one the parent's is valid.

## As written

```sql
CREATE INDEX events_kind ON events (kind);
```

## Online

| phase | step | lock, and for how long |
| --- | --- | --- |
| expand | `CREATE INDEX events_kind ON ONLY events (kind)` | SHARE on the parent, milliseconds |
| expand | for each partition `CREATE INDEX CONCURRENTLY events_2026_kind_idx ON events_2026 (kind)`, by itself | SHARE UPDATE EXCLUSIVE, as long as it takes |
| expand | for each partition `ALTER INDEX events_kind ATTACH PARTITION events_2026_kind_idx` | ACCESS EXCLUSIVE on the partition's index, milliseconds |

A build is done when its index is valid; the other steps' record commits with them. Undo: `DROP INDEX`.

## Why it is right

The partitions' indexes have the names the server would have given them. A partition that is created
meanwhile gets its index from the parent's definition. A partition that has an equal index already is
attached without a build, as the server itself does.

Source: PostgreSQL manual, CREATE INDEX, "ONLY"; ALTER INDEX, "ATTACH PARTITION".
"""

from midair.dialects.postgresql import compose
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.state import cut_off_index, index_is_valid
from midair.model.change import CreateIndex
from midair.model.motion.naming import free_name
from midair.model.schema import Table, bare_name, beside
from midair.model.statement import Sql
from midair.rewriting.names import raw, raw_path
from midair.rewriting.piece import Answer, Declined, Piece
from midair.rewriting.rewrite import Case, rewrite


@rewrite("index-on-partitions", CreateIndex, answers=("MA124",))
def index_on_partitions(change: CreateIndex, case: Case) -> Answer:
    table = case.table(change.table)
    if change.concurrently or change.only or not case.is_long or table is None or table.kind != "partitioned":
        return None
    name = change.index.name
    if not change.named:
        name = beside(table.name, free_name(case.scene.schema, table.name, bare_name(name)))
    steps = _steps(change, table, name, case)
    return tuple(steps) if steps is not None else Declined("its definition cannot be written in another form")


def _steps(change: CreateIndex, table: Table, name: str, case: Case) -> list[Piece] | None:
    """The index of a partitioned table, and below it those of its partitions."""
    on_parent = compose.index_on(case.sql, raw(bare_name(name)), raw_path(table.name), only=True)
    if on_parent is None:
        return None
    undo = (Sql(f"DROP INDEX IF EXISTS {name}"),)
    made = [Piece(on_parent, why="on the parent alone, not valid yet", undo=undo)]
    for child in (each for each in case.scene.schema.around(table.name) if table.name in each.parents):
        twin = next(
            (
                each
                for each in child.indexes
                if each.keys == change.index.keys and each.valid and not each.parent
            ),
            None,
        )
        part = twin.name if twin else _name_on(child, case)
        if part is None:
            return None
        if twin is None:
            below = (
                _steps(change, child, part, case)
                if child.kind == "partitioned"
                else _built(child, part, case)
            )
            if below is None:
                return None
            made += below
        made.append(Piece(f"ALTER INDEX {name} ATTACH PARTITION {part}", why="joins the parent's index"))
    return made


def _name_on(child: Table, case: Case) -> str | None:
    unnamed = compose.index_on(case.sql, "", raw_path(child.name), only=True)
    change = changes_of(unnamed)[0] if unnamed else None
    if not isinstance(change, CreateIndex):
        return None
    return beside(child.name, free_name(case.scene.schema, child.name, bare_name(change.index.name)))


def _built(child: Table, name: str, case: Case) -> list[Piece] | None:
    sql = compose.index_on(case.sql, raw(bare_name(name)), raw_path(child.name), only=False)
    if sql is None:
        return None
    piece = Piece(
        sql,
        why="built while writes go on",
        alone=True,
        long=True,
        patient=True,
        probe=index_is_valid(name),
        repair=cut_off_index(name, child.name),
        undo=(Sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"),),
    )
    return [piece]
