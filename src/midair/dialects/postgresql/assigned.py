"""What an UPDATE of one table gives each column, and under which condition."""

from collections.abc import Mapping

from midair.dialects.postgresql.changes.expressions import conjuncts, sql_of
from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.parse import statement_of
from midair.dialects.postgresql.row_local import null_tests


def assigned(sql: str) -> Mapping[str, tuple[str, str]]:
    """The expression for each column, and the condition as SQL (empty: all rows), without the tests that the column itself is NULL.

    Empty where the statement is of another shape: a join, several columns out of one query, an alias.
    """
    kind, tree = statement_of(sql)
    if (
        kind != "update_stmt"
        or tree.from_clause
        or tree.HasField("with_clause")
        or tree.relation.HasField("alias")
    ):
        return {}
    targets = [each.res_target for each in tree.target_list]
    if any(
        each.indirection or each.val.WhichOneof("node") in ("multi_assign_ref", "set_to_default")
        for each in targets
    ):
        return {}
    names = {identifier(each.name) for each in targets}
    where = conjuncts(tree.where_clause) if tree.HasField("where_clause") else ()
    kept = [sql_of(each) for each in where if not null_tests(each) & names]
    condition = " AND ".join(f"({each})" for each in kept)
    return {identifier(each.name): (sql_of(each.val), condition) for each in targets}
